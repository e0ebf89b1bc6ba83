// The model map: names and prefixes as in tiktoken 0.14.0 (tiktoken/model.py). Knows no prices and no aliases.
#include "token/encoding.hpp"

namespace weir::token {
namespace {

struct rule {
    std::string_view model;
    encoding enc;
};

// Whole names.
constexpr rule names[] = {
    {"o1", encoding::o200k},
    {"o3", encoding::o200k},
    {"gpt-4.1", encoding::o200k},
    {"gpt-4o", encoding::o200k},
    {"o4-mini", encoding::o200k},
    {"gpt-4", encoding::cl100k},
    {"gpt-3.5", encoding::cl100k},
    {"gpt-3.5-turbo", encoding::cl100k},
    {"gpt-35-turbo", encoding::cl100k},  // Azure's spelling
    {"davinci-002", encoding::cl100k},
    {"babbage-002", encoding::cl100k},
    {"text-embedding-ada-002", encoding::cl100k},
    {"text-embedding-3-small", encoding::cl100k},
    {"text-embedding-3-large", encoding::cl100k},
};

// Beginnings of names; the first that fits wins, so the longer stands before the shorter.
constexpr rule prefixes[] = {
    {"o1-", encoding::o200k},
    {"o3-", encoding::o200k},
    {"o4-mini-", encoding::o200k},
    {"gpt-5", encoding::o200k},
    {"gpt-4.5-", encoding::o200k},
    {"gpt-4.1-", encoding::o200k},
    {"chatgpt-4o-", encoding::o200k},
    {"gpt-4o-", encoding::o200k},
    {"gpt-4-", encoding::cl100k},
    {"gpt-3.5-turbo-", encoding::cl100k},
    {"gpt-35-turbo-", encoding::cl100k},
    {"gpt-oss-", encoding::o200k_harmony},
    {"ft:gpt-4o", encoding::o200k},
    {"ft:gpt-4.1", encoding::o200k},  // not in tiktoken's map, whose "ft:gpt-4" would take it for cl100k
    {"ft:gpt-4", encoding::cl100k},
    {"ft:gpt-3.5-turbo", encoding::cl100k},
    {"ft:davinci-002", encoding::cl100k},
    {"ft:babbage-002", encoding::cl100k},
};

// Models that came before cl100k; its vocabulary is the nearest carried.
constexpr std::string_view before_cl100k[] = {"text-", "code-", "davinci", "curie", "babbage", "ada", "gpt2", "gpt-2"};

}  // namespace

std::string_view name(encoding which) {
    switch (which) {
        case encoding::cl100k: return "cl100k_base";
        case encoding::o200k: return "o200k_base";
        case encoding::o200k_harmony: return "o200k_harmony";
    }
    return {};
}

choice encoding_for(std::string_view model) {
    if (const auto slash = model.rfind('/'); slash != std::string_view::npos) model.remove_prefix(slash + 1);
    for (const auto& [whole, enc] : names)
        if (model == whole) return {enc, true};
    for (const auto& [prefix, enc] : prefixes)
        if (model.starts_with(prefix)) return {enc, true};
    for (const auto prefix : before_cl100k)
        if (model.starts_with(prefix)) return {encoding::cl100k, false};
    return {encoding::o200k, false};
}

}  // namespace weir::token
