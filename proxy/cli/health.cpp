// `weir health`: asks a running weir how it is. For the health checks of containers, which have neither curl nor a shell.
#include <iostream>
#include <memory>

#include "cli/admin_call.hpp"
#include "cli/command.hpp"
#include "config/load.hpp"

namespace weir::cli {
namespace {

struct health_options {
    conf_choice conf;
    std::string address;
    bool live = false;
};

int health(const health_options& with) {
    auto address = with.address;
    if (address.empty()) {
        const auto conf = with.conf.load_without_secrets();
        if (!conf) return at_fault;
        address = conf->admin_address;
    }
    const auto answer = admin_call(address, with.live ? "/healthz" : "/readyz");
    if (!answer.fault.empty()) {
        std::cerr << "weir: " << answer.fault << '\n';
        return at_fault;
    }
    (answer.status == 200 ? std::cout : std::cerr) << answer.body;
    return answer.status == 200 ? fine : at_fault;
}

}  // namespace

void add_health(command_list& all) {
    auto command = all.add("health", "ask a running weir whether it accepts work");
    const auto with = std::make_shared<health_options>();
    command.conf(with->conf, "the conf file, which names the admin address");
    command.option("--admin", with->address, "the admin address itself, without a conf", "ADDRESS");
    command.flag("--live", with->live, "only whether the process lives (/healthz), not whether it accepts work (/readyz)");
    command.footer("Exit code 0: it does; 1: it does not, and why.\nExample:\n  weir health -c conf/weir.yaml");
    command.runs([with] { return health(*with); });
}

}  // namespace weir::cli
