// `weir serve`: runs the gateway until a signal ends it.
#include "app/serve.hpp"

#include <memory>

#include "cli/command.hpp"

namespace weir::cli {

int serve_conf(const conf_choice& from) { return app::serve({from.source()}); }

void add_serve(command_list& all) {
    auto command = all.add("serve", "run the gateway (the default command)");
    const auto from = std::make_shared<conf_choice>();
    command.conf(*from);
    command.footer(
        "SIGHUP reloads the conf, SIGUSR1 reopens the access log, SIGUSR2 hands over to a new process, SIGTERM and SIGINT let "
        "running requests end and stop.\nExample:\n  weir serve -c "
        "conf/weir.yaml");
    command.runs([from] { return serve_conf(*from); });
}

}  // namespace weir::cli
