#include "dialect/context_limit.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "dialect/lower_case.hpp"

namespace weir::dialect {
namespace {

/// `word` is in lower case.
bool holds(std::string_view text, std::string_view word) {
    const auto same = [](char a, char b) { return lower(a) == b; };
    return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

bool holds_all(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::all_of(words.begin(), words.end(), [&](std::string_view word) { return holds(text, word); });
}

constexpr std::array<std::string_view, 3> codes = {"context_length_exceeded", "context_window_exceeded", "model_context_window_exceeded"};

}  // namespace

bool is_context_overflow(std::string_view code, std::string_view message) {
    if (std::find(codes.begin(), codes.end(), code) != codes.end()) return true;
    if (holds(message, "prompt is too long")) return true;
    if (holds(message, "maximum context length")) return true;
    if (holds_all(message, {"input length", "max_tokens", "exceed context limit"})) return true;
    return holds_all(message, {"token count", "exceeds the maximum number of tokens"});
}

}  // namespace weir::dialect
