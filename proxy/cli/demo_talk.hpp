// The demo's conversation: questions, the answers the pretend providers give, and one streamed request with what was
// learned from it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mock/script.hpp"
#include "usage/counts.hpp"

namespace weir::cli {

class demo_stage;

struct question {
    const char* model;
    const char* asks;
    const char* answer;  ///< what the pretend provider says
};

[[nodiscard]] const std::vector<question>& demo_questions();

/// The script that answers the question found in a request body.
[[nodiscard]] std::optional<mock::script> demo_answer(std::string_view request_body);

struct talk_result {
    std::string fault;  ///< empty: everything came through
    std::string text;
    std::string body;  ///< the stream as it arrived
    std::string upstream;
    usage::counts used;
    double first_token_ms = 0;
};

/// Asks over TLS and calls `say` with each piece of text as it arrives.
[[nodiscard]] talk_result talk(const demo_stage& stage, const question& what, const std::function<void(std::string_view)>& say);

}  // namespace weir::cli
