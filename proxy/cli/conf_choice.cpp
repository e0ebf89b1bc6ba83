// Which conf a command reads, and with which variables.
#include <filesystem>
#include <iostream>

#include "cli/command.hpp"

namespace weir::cli {
namespace {

constexpr const char* here = "conf/weir.yaml";
constexpr const char* installed = "/etc/weir/weir.yaml";

void print(const std::vector<config::fault>& faults, bool warnings) {
    for (const auto& fault : faults)
        if (warnings || !fault.warning) std::cerr << config::to_string(fault) << '\n';
}

}  // namespace

config::conf_source conf_choice::source() const {
    if (!file.empty()) return {file, env_file};
    std::error_code ignored;
    if (std::filesystem::exists(here, ignored)) return {here, env_file};
    if (!std::filesystem::exists(installed, ignored))
        std::cerr << "weir: there is neither " << here << " nor " << installed << "; name the conf with -c FILE\n";
    return {installed, env_file};
}

std::shared_ptr<const config::conf> conf_choice::load() const {
    auto made = config::load(source());
    print(made.faults, true);
    return made.value;
}

std::shared_ptr<const config::conf> conf_choice::load_without_secrets() const {
    const auto from = source();
    auto strict = config::load(from);
    if (strict.value) return strict.value;
    if (auto lenient = config::load(from, config::missing_variables::are_placeholders); lenient.value) return lenient.value;
    print(strict.faults, false);
    return nullptr;
}

}  // namespace weir::cli
