// Names as in tiktoken_ext/openai_public.py (0.14.0). Does not map them to ids: nothing here needs ids.
#include "token/special_tokens.hpp"

#include <charconv>
#include <span>

namespace weir::token {
namespace {

constexpr std::string_view cl100k_names[] = {"<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|endofprompt|>"};
constexpr std::string_view o200k_names[] = {"<|endoftext|>", "<|endofprompt|>"};
constexpr std::string_view harmony_names[] = {"<|startoftext|>", "<|endoftext|>", "<|endofprompt|>", "<|return|>",  "<|constrain|>",
                                              "<|channel|>",     "<|start|>",     "<|end|>",         "<|message|>", "<|call|>"};

std::span<const std::string_view> names_of(encoding which) {
    switch (which) {
        case encoding::cl100k: return cl100k_names;
        case encoding::o200k: return o200k_names;
        case encoding::o200k_harmony: return harmony_names;
    }
    return {};
}

// "<|reserved_200000|>" and on: the numbers of o200k_harmony that have no other name. 200018 has two names.
bool is_reserved(unsigned number) {
    constexpr unsigned named[] = {200002, 200003, 200005, 200006, 200007, 200008, 200012};
    for (const unsigned taken : named)
        if (number == taken) return false;
    return number >= 200000 && number <= 201087;
}

std::size_t reserved_length(std::string_view text) {
    constexpr std::string_view start = "<|reserved_";
    constexpr std::size_t digits = 6;
    if (!text.starts_with(start) || text.size() < start.size() + digits) return 0;
    const char* const first = text.data() + start.size();
    unsigned number = 0;
    const auto read = std::from_chars(first, first + digits, number);
    if (read.ptr != first + digits || !is_reserved(number)) return 0;
    return text.substr(start.size() + digits).starts_with("|>") ? start.size() + digits + 2 : 0;
}

}  // namespace

std::size_t special_token_length(encoding which, std::string_view text) {
    for (const std::string_view special : names_of(which))
        if (text.starts_with(special)) return special.size();
    return which == encoding::o200k_harmony ? reserved_length(text) : 0;
}

}  // namespace weir::token
