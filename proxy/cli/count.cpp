// `weir count`: the tokens of a text, or of the texts in a request body.
#include "token/count.hpp"

#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>

#include "cli/command.hpp"
#include "cli/read_file.hpp"
#include "exchange/meter/prompt_count.hpp"
#include "token/encoding.hpp"

namespace weir::cli {
namespace {

int count(const std::string& file, std::string model, bool as_json) {
    const auto bytes = read_file(file);
    if (!bytes) {
        std::cerr << "weir: " << file << ": " << std::strerror(errno) << '\n';
        return at_fault;
    }
    if (model.empty()) model = exchange::count_prompt(token::encoding::o200k, *bytes, 0).model;
    if (model.empty()) {
        std::cerr << "weir: whose tokens? Name the model with --model\n";
        return wrong_usage;
    }
    const auto encoding = token::encoding_for(model);
    const auto body = exchange::count_prompt(encoding.enc, *bytes, bytes->size());
    const auto tokens = body.is_request ? body.tokens : token::count(encoding.enc, *bytes);
    const bool exact = encoding.exact && body.complete;
    if (as_json)
        std::cout << R"({"tokens":)" << tokens << R"(,"encoding":")" << token::name(encoding.enc) << R"(","exact":)" << (exact ? "true" : "false")
                  << "}\n";
    else
        std::cout << tokens << '\n';
    return fine;
}

}  // namespace

void add_count(command_list& all) {
    auto command = all.add("count", "count the tokens of a text or of a request body");
    struct options {
        std::string file, model;
        bool json = false;
    };
    const auto with = std::make_shared<options>();
    command.argument("FILE", with->file, "the text, or a JSON request body; - for standard input");
    command.option("--model", with->model, "whose tokens; default: the one the body names", "MODEL");
    command.flag("--json", with->json, "print the count, the encoding and whether it is exact");
    command.footer("Example:\n  weir count --model gpt-4o prompt.txt");
    command.runs([with] { return count(with->file, with->model, with->json); });
}

}  // namespace weir::cli
