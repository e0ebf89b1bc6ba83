// `weir check`: every fault of a conf file with its place, or silence; and the conf that holds.
#include <iostream>
#include <memory>

#include "cli/command.hpp"
#include "config/load.hpp"
#include "telemetry/text.hpp"

namespace weir::cli {
namespace {

struct wishes {
    conf_choice conf;
    std::string file;  ///< the same without `-c`
    std::string format = "text";
    bool dump = false;
    bool strict = false;
};

void say_as_text(const std::vector<config::fault>& faults) {
    for (const auto& fault : faults) std::cerr << config::to_string(fault) << '\n';
}

void say_as_json(const std::vector<config::fault>& faults) {
    std::string out = "[";
    for (const auto& fault : faults) {
        out += out.size() == 1 ? "\n" : ",\n";
        out += fault.warning ? R"({"severity":"warning","file":)" : R"({"severity":"error","file":)";
        telemetry::append_json_string(out, fault.file);
        out += R"(,"line":)" + std::to_string(fault.line) + R"(,"column":)" + std::to_string(fault.column) + R"(,"message":)";
        telemetry::append_json_string(out, fault.message);
        out += '}';
    }
    std::cout << out << (faults.empty() ? "]\n" : "\n]\n");
}

int check(const wishes& with) {
    if (with.format != "text" && with.format != "json") {
        std::cerr << "weir: --format is text or json, not '" << with.format << "'\n";
        return wrong_usage;
    }
    if (with.dump && with.format == "json") {
        std::cerr << "weir: --dump writes YAML, and --format json a list of faults: take one of them\n";
        return wrong_usage;
    }
    conf_choice from = with.conf;
    if (!with.file.empty()) from.file = with.file;
    const auto found = config::dump(from.source());
    with.format == "json" ? say_as_json(found.faults) : say_as_text(found.faults);
    const bool bad = found.text.empty() || (with.strict && !found.faults.empty());
    if (with.dump && !found.text.empty()) std::cout << found.text;
    std::cout << std::flush;
    return bad || !std::cout ? at_fault : fine;
}

}  // namespace

void add_check(command_list& all) {
    auto command = all.add("check", "validate a conf file, its certificates and prices");
    const auto with = std::make_shared<wishes>();
    command.conf(with->conf, "the conf file, - for standard input");
    command.optional_argument("FILE", with->file, "the same");
    command.flag("--strict", with->strict, "warnings are errors");
    command.flag("--dump", with->dump, "print the conf that holds: each value with where it was said, secrets masked");
    command.option("--format", with->format, "text or json: one list of severity, file, line, column and message", "FORMAT");
    command.footer(
        "Silent when all is well; otherwise each fault as FILE:LINE:COL and exit code 1.\nExample:\n  weir check conf/weir.yaml\n"
        "  weir check --dump conf/weir.yaml | less");
    command.runs([with] { return check(*with); });
}

}  // namespace weir::cli
