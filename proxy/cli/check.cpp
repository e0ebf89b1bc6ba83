// `weir check`: every fault of a conf file with its place, or silence.
#include <iostream>
#include <memory>

#include "cli/command.hpp"
#include "config/load.hpp"

namespace weir::cli {
namespace {

int check(const std::string& file) {
    const auto loaded = config::load(file, config::process_environment());
    for (const auto& fault : loaded.faults) std::cerr << config::to_string(fault) << '\n';
    return loaded.value ? fine : at_fault;
}

}  // namespace

void add_check(command_list& all) {
    auto command = all.add("check", "validate a conf file, its certificates and prices");
    const auto file = std::make_shared<std::string>(default_conf);
    command.option("-c,--conf", *file, "the conf file", "FILE");
    command.footer(
        "Silent when all is well; otherwise each fault as FILE:LINE:COL and exit code 1.\nExample:\n  weir check -c "
        "conf/weir.yaml");
    command.runs([file] { return check(*file); });
}

}  // namespace weir::cli
