// `weir serve`: runs the gateway until a signal ends it.
#include "app/serve.hpp"

#include <memory>

#include "cli/command.hpp"

namespace weir::cli {

int serve_conf(const std::string& conf_file) {
    app::serve_options options;
    options.conf_file = conf_file;
    return app::serve(options);
}

void add_serve(command_list& all) {
    auto command = all.add("serve", "run the gateway (the default command)");
    const auto file = std::make_shared<std::string>(default_conf);
    command.option("-c,--conf", *file, "the conf file", "FILE");
    command.footer(
        "SIGHUP reloads the conf, SIGUSR1 reopens the access log, SIGUSR2 hands over to a new process, SIGTERM and SIGINT let "
        "running requests end and stop.\nExample:\n  weir serve -c "
        "conf/weir.yaml");
    command.runs([file] { return serve_conf(*file); });
}

}  // namespace weir::cli
