// `weir import`: the conf of another gateway as one of weir's.
#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/read_file.hpp"
#include "import/imported.hpp"

namespace weir::cli {
namespace {

int import_conf(const std::string& from, const std::string& file) {
    if (from != "litellm" && from != "new-api") {
        std::cerr << "weir: '" << from << "' is neither litellm nor new-api\nsee: weir import --help\n";
        return wrong_usage;
    }
    const auto text = read_file(file);
    if (!text) {
        std::cerr << "weir: " << file << ": " << std::strerror(errno) << '\n';
        return at_fault;
    }
    const std::string name = file == "-" ? "<stdin>" : file;
    const auto made = from == "litellm" ? weir::import::from_litellm(*text, name) : weir::import::from_new_api(*text, name);
    if (!made.problem.empty()) {
        std::cerr << "weir: " << made.problem << '\n';
        return at_fault;
    }
    std::cout << made.conf << std::flush;
    if (std::cout) return fine;
    std::cerr << "weir: the output cannot be written\n";
    return at_fault;
}

}  // namespace

void add_import(command_list& all) {
    auto command = all.add("import", "make a conf of LiteLLM's config.yaml, or of New API's channels");
    struct wishes {
        std::string from, file;
    };
    const auto with = std::make_shared<wishes>();
    command.argument("litellm|new-api", with->from, "whose file it is");
    command.argument("FILE", with->file, "LiteLLM: config.yaml; New API: channels as JSON (GET /api/channel/, or its table); - for standard input");
    command.footer(
        "Writes the conf to standard output; what was left out stands in it as comments, with lines and reasons. Secrets are not copied: the\n"
        "comments say which variables want them. Opens nothing but FILE.\nExample:\n  weir import litellm config.yaml > weir.yaml && weir check "
        "weir.yaml\n  weir import new-api channels.json > weir.yaml");
    command.runs([with] { return import_conf(with->from, with->file); });
}

}  // namespace weir::cli
