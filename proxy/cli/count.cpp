// `weir count`: the tokens of a text, or of the texts in a request body.
#include "token/count.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>

#include "cli/body_text.hpp"
#include "cli/command.hpp"
#include "cli/read_file.hpp"
#include "token/encoding.hpp"
#include "token/estimate.hpp"

namespace weir::cli {
namespace {

int count(const std::string& file, std::string model, bool as_json) {
    const auto bytes = read_file(file);
    if (!bytes) {
        std::cerr << "weir: " << file << ": " << std::strerror(errno) << '\n';
        return at_fault;
    }
    std::vector<std::string> texts;
    const auto body = read_body_texts(*bytes, [&](std::string_view text) { texts.emplace_back(text); });
    if (model.empty()) model = body.model;
    if (model.empty()) {
        std::cerr << "weir: whose tokens? Name the model with --model\n";
        return wrong_usage;
    }
    const auto encoding = token::encoding_for(model);
    std::int64_t tokens = 0;
    if (!body.is_request) tokens = token::count(encoding.enc, *bytes);
    for (const auto& text : texts) tokens += token::count(encoding.enc, text);
    if (body.messages > 0) tokens += token::estimate_chat_overhead(body.messages, body.names);
    const bool exact = encoding.exact && !body.other_content;
    if (as_json)
        std::cout << R"({"tokens":)" << tokens << R"(,"encoding":")" << token::name(encoding.enc) << R"(","exact":)"
                  << (exact ? "true" : "false") << "}\n";
    else
        std::cout << tokens << '\n';
    return fine;
}

}  // namespace

void add_count(CLI::App& root, action& chosen) {
    auto* command = root.add_subcommand("count", "count the tokens of a text or of a request body");
    struct options {
        std::string file, model;
        bool json = false;
    };
    const auto with = std::make_shared<options>();
    command->add_option("FILE", with->file, "the text, or a JSON request body; - for standard input")->required();
    command->add_option("--model", with->model, "whose tokens; default: the one the body names")->type_name("MODEL");
    command->add_flag("--json", with->json, "print the count, the encoding and whether it is exact");
    command->footer("Example:\n  weir count --model gpt-4o prompt.txt");
    command->callback([&chosen, with] { chosen = [with] { return count(with->file, with->model, with->json); }; });
}

}  // namespace weir::cli
