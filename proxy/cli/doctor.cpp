// `weir doctor`: asks every upstream of a conf, or of one pool, and says what is wrong and how to mend it.
// It changes nothing and prints no credential.
#include "probe/doctor.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>

#include "cli/command.hpp"
#include "config/load.hpp"
#include "config/suggest.hpp"

namespace weir::cli {
namespace {

/// An environment, remembering what a conf took from it: a refused key is named by where it was written.
class witness {
public:
    [[nodiscard]] config::environment remember(config::environment real) {
        return [this, real = std::move(real)](std::string_view name) {
            auto value = real(name);
            if (value) read_.emplace(std::string{name}, core::secret{*value});
            return value;
        };
    }
    /// Only a variable that holds the very key, or something longer than a few letters of it.
    [[nodiscard]] std::string origin_of(const core::secret& key) const {
        constexpr std::size_t too_short = 4;
        std::string partly;
        for (const auto& [name, value] : read_) {
            const auto trimmed = trim(value.reveal());
            if (trimmed == key.reveal()) return "the environment variable " + name;
            if (trimmed.size() > too_short && key.reveal().find(trimmed) != std::string::npos) partly = "the environment variable " + name;
        }
        return partly;
    }

private:
    static std::string_view trim(std::string_view text) {
        constexpr std::string_view space = " \t\r\n";
        const auto from = text.find_first_not_of(space);
        if (from == std::string_view::npos) return {};
        return text.substr(from, text.find_last_not_of(space) - from + 1);
    }
    std::map<std::string, core::secret> read_;
};

int no_such_pool(const config::conf& conf, const std::string& name) {
    std::vector<std::string> names;
    names.reserve(conf.pools.size());
    for (const auto& pool : conf.pools) names.push_back(pool.name);
    std::cerr << "weir: no pool is called " << config::in_quotes(name) << config::did_you_mean(config::nearest(name, names))
              << "\nsee: doctor --help\n";
    return wrong_usage;
}

int doctor(const conf_choice& from, const std::string& only) {
    witness seen;
    const auto loaded = config::load(from.source(), config::missing_variables::are_faults, [&](auto real) { return seen.remember(std::move(real)); });
    for (const auto& fault : loaded.faults) std::cerr << config::to_string(fault) << '\n';
    if (!loaded.value) return at_fault;
    const auto& pools = loaded.value->pools;
    const bool known = std::any_of(pools.begin(), pools.end(), [&](const auto& p) { return p.name == only; });
    if (!only.empty() && !known) return no_such_pool(*loaded.value, only);
    net::resolver names;
    const auto ready = pools::make_snapshot(loaded.value, names, nullptr);
    const probe::doctor who{*ready, [&](const core::secret& key) { return seen.origin_of(key); }};
    int code = fine;
    for (const auto& pool : ready->pools) {
        if (!only.empty() && pool.conf->name != only) continue;
        for (const auto& up : pool.upstreams) {
            const auto found = who.examine(pool, up);
            std::cout << pool.conf->name << '/' << up.conf->name << "  " << up.conf->url << "  " << found.text
                      << std::endl;  // each as it is known: the next may take a while
            if (!found.ok) code = at_fault;
        }
    }
    return code;
}

}  // namespace

void add_doctor(command_list& all) {
    auto command = all.add("doctor", "ask every upstream, and name its mistake and the fix");
    const auto from = std::make_shared<conf_choice>();
    const auto pool = std::make_shared<std::string>();
    command.conf(*from);
    command.optional_argument("POOL", *pool, "only the upstreams of this pool");
    command.footer(
        "One line for each upstream: ok, or FAULT with what is wrong and what to do. Exit code 1 when any is at fault. "
        "No prompt is sent.\nExample:\n  weir doctor -c conf/weir.yaml openai");
    command.runs([from, pool] { return doctor(*from, *pool); });
}

}  // namespace weir::cli
