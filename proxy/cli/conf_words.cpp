// `weir conf`: the conf file explained, without reading one.
#include <iostream>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "config/reference/explain.hpp"

namespace weir::cli {
namespace {

int print(const std::string& text) {
    std::cout << text << std::flush;
    if (std::cout) return fine;
    std::cerr << "weir: the output cannot be written\n";
    return at_fault;
}

int explain_conf(const std::string& what) {
    if (what == "reference") return print(config::conf_reference());
    if (what == "schema") return print(config::conf_schema());
    std::cerr << "weir: '" << what << "' is neither reference nor schema\nsee: weir conf --help\n";
    return wrong_usage;
}

}  // namespace

void add_conf(command_list& all) {
    auto command = all.add("conf", "every key of the conf file: a reference to read, a schema for editors");
    const auto what = std::make_shared<std::string>();
    command.argument("reference|schema", *what, "reference: Markdown; schema: JSON Schema");
    command.footer("Needs no conf and writes to standard output.\nExample:\n  weir conf reference | less\n  weir conf schema > weir.schema.json");
    command.runs([what] { return explain_conf(*what); });
}

}  // namespace weir::cli
