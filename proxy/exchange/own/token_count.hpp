// How many tokens a request has, said by weir itself where the model's upstream has no endpoint that counts.
#pragma once

#include "exchange/request.hpp"
#include "net/task.hpp"

namespace weir::exchange {

/// The request asks for a count.
[[nodiscard]] inline bool asks_for_count(const request& of) {
    const auto e = of.what.target.id;
    return e == dialect::endpoint::messages_count_tokens || e == dialect::endpoint::gemini_count_tokens ||
           e == dialect::endpoint::responses_input_tokens;
}

/// The pool that would serve the model cannot say it.
[[nodiscard]] bool is_counted_here(const request& of);

/// In the client's dialect. Where the model's vocabulary is not public, or the request holds more than text, x-weir-estimated says so.
[[nodiscard]] net::task<void> answer_count(request& of);

}  // namespace weir::exchange
