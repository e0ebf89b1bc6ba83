// `weir spend`: what the ledger says was used and paid, also while the server writes it.
#include "ledger/spend.hpp"

#include <iostream>
#include <memory>

#include "cli/command.hpp"
#include "config/load.hpp"

namespace weir::cli {
namespace {

struct spend_options {
    conf_choice conf;
    std::string ledger;
    std::vector<std::string> by = {"key", "model"};
    std::vector<std::string> where;
    std::string since, until, format = "table";
};

int complain(const std::string& what, int code) {
    std::cerr << "weir: " << what << '\n';
    return code;
}

/// The ledger named on the command line, else the conf's; empty with `fault` set when there is none.
std::string ledger_of(const spend_options& with, std::string& fault) {
    if (!with.ledger.empty()) return with.ledger;
    const auto conf = with.conf.load_without_secrets();
    if (!conf)
        fault = "the conf is not usable; name the ledger with --ledger FILE";
    else if (conf->state.ledger.empty())
        fault = "this conf keeps no ledger (state.ledger is off)";
    return fault.empty() ? conf->state.ledger : std::string{};
}

bool read_time(const std::string& text, core::wall_time now, std::optional<core::wall_time>& out) {
    if (text.empty()) return true;
    out = ledger::parse_when(text, now);
    return out.has_value();
}

int spend(const spend_options& with) {
    const auto format = ledger::spend_format_of(with.format);
    if (!format) return complain("--format is table, json or csv", wrong_usage);
    ledger::spend_query query;
    query.by = with.by;
    const auto now = core::wall_clock::now();
    if (!read_time(with.since, now, query.since) || !read_time(with.until, now, query.until))
        return complain("a time is 2026-01-31, 2026-01-31T12:00 or a duration back from now, such as 7d", wrong_usage);
    for (const auto& each : with.where) {
        const auto equals = each.find('=');
        if (equals == std::string::npos) return complain("--where takes FIELD=VALUE, not " + each, wrong_usage);
        query.filters.emplace_back(each.substr(0, equals), each.substr(equals + 1));
    }
    std::string fault;
    const auto file = ledger_of(with, fault);
    if (!fault.empty()) return complain(fault, at_fault);
    const auto result = ledger::spend(file, query);
    if (!result.error.empty()) return complain(result.error, at_fault);
    std::cout << ledger::format(result, *format) << std::flush;
    return std::cout ? fine : complain("the output cannot be written", at_fault);
}

std::string known_fields() {
    std::string out;
    for (const auto& each : ledger::spend_fields()) out += (out.empty() ? "" : ", ") + each;
    return out;
}

}  // namespace

void add_spend(command_list& all) {
    auto command = all.add("spend", "tokens and cost from the ledger, also while the server runs");
    const auto with = std::make_shared<spend_options>();
    command.conf(with->conf, "the conf file, which names the ledger");
    command.option("--ledger", with->ledger, "the ledger itself, without a conf", "FILE");
    command.list("--by", with->by, "group by these: " + known_fields(), "FIELD,…");
    command.options("--where", with->where, "only rows with this value; may repeat", "FIELD=VALUE");
    command.option("--since", with->since, "from this time on: a date, a time, or a duration back from now", "WHEN");
    command.option("--until", with->until, "before this time", "WHEN");
    command.option("--format", with->format, "table, json or csv");
    command.footer("Example:\n  weir spend -c conf/weir.yaml --by key,model,day --since 7d");
    command.runs([with] { return spend(*with); });
}

}  // namespace weir::cli
