// Whether a provider refused a request because its prompt does not fit the model's context: another model may take it.
// It looks at the error that was read already (answer.hpp), not at the request.
#pragma once

#include <string_view>

namespace weir::dialect {

/// `code` and `message` as read_unary or stream_reader found them. OpenAI says so by its code, `context_length_exceeded`;
/// Anthropic ("prompt is too long: 210000 tokens > 200000 maximum"), Gemini ("The input token count (…) exceeds the maximum
/// number of tokens allowed") and servers that speak OpenAI's dialect ("maximum context length is 8192 tokens") by words alone.
[[nodiscard]] bool is_context_overflow(std::string_view code, std::string_view message);

}  // namespace weir::dialect
