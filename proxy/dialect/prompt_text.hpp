// The texts that a model reads in a request body, or wrote in an answer, whatever the dialect: for counting. It changes and keeps
// nothing, and it counts no tokens itself.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace weir::dialect {

/// Is given every text, in order; its bytes live only during the call.
using text_receiver = std::function<void(std::string_view)>;

struct prompt_texts {
    bool is_request = false;    ///< a JSON object with a prompt of some dialect
    std::string model;          ///< as named in it
    std::int64_t messages = 0;  ///< of a chat
    std::int64_t names = 0;
    // Of the tools: their names, descriptions, types and choices are given out as texts.
    std::int64_t functions = 0;
    std::int64_t functions_with_parameters = 0;
    std::int64_t parameters = 0;
    std::int64_t choice_lists = 0;  ///< parameters with an `enum`
    std::int64_t choices = 0;
    bool other_content = false;  ///< images, audio, files, response schemas: what no text counter knows
};

/// `body` need not be padded; it is copied.
[[nodiscard]] prompt_texts read_prompt_texts(std::string_view body, const text_receiver& each);

/// The generated texts of a whole unary answer: contents, reasoning, arguments of tool calls. False: it is no JSON object.
bool read_answer_texts(std::string_view body, const text_receiver& each);

/// Whether a top-level member of an answer holds what was written, and whether a member somewhere below it is such a text.
[[nodiscard]] bool is_answer_root(std::string_view member);
[[nodiscard]] bool is_written(std::string_view member);

}  // namespace weir::dialect
