#include "dialect/json/folded_name.hpp"

#include <algorithm>
#include <array>

#include "dialect/lower_case.hpp"

namespace weir::dialect {
namespace {

// Everything that inspect() reads at the top level of some endpoint's body.
constexpr std::array<std::string_view, 18> read_names{"model",
                                                      "stream",
                                                      "stream_options",
                                                      "n",
                                                      "best_of",
                                                      "input",
                                                      "prompt",
                                                      "messages",
                                                      "contents",
                                                      "system",
                                                      "audio",
                                                      "background",
                                                      "generationConfig",
                                                      "generation_config",
                                                      "previous_response_id",
                                                      "deferred",
                                                      "service_tier",
                                                      "web_search_options"};

// The letter at the start of `text`, folded, and how many bytes it has. Other letters beyond ASCII fold to no letter of ours: as they stand.
struct letter {
    char folded;
    std::size_t bytes;
};

letter first_letter(std::string_view text) {
    constexpr std::string_view long_s = "\xC5\xBF", kelvin = "\xE2\x84\xAA";
    if (text.starts_with(long_s)) return {'s', long_s.size()};
    if (text.starts_with(kelvin)) return {'k', kelvin.size()};
    return {lower(text.front()), 1};
}

bool may_fold(char c) { return (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80; }

}  // namespace

bool folds_to(std::string_view key, std::string_view name) {
    while (!key.empty() && !name.empty()) {
        const auto [c, bytes] = first_letter(key);
        if (c != lower(name.front())) return false;
        key.remove_prefix(bytes);
        name.remove_prefix(1);
    }
    return key.empty() && name.empty();
}

std::string_view name_in_disguise(std::string_view key, std::span<const std::string_view> more) {
    const auto in_disguise = [key](std::string_view name) { return key != name && folds_to(key, name); };
    // Nearly every name has small letters only, and so have nearly all that are read.
    const bool plain = std::none_of(key.begin(), key.end(), may_fold);
    if (plain) {
        if (in_disguise("generationConfig")) return "generationConfig";
        return !more.empty() && in_disguise(more.front()) ? more.front() : std::string_view{};
    }
    // One of two names that fold to each other is no disguise of the other.
    if (std::find(more.begin(), more.end(), key) != more.end() || std::find(read_names.begin(), read_names.end(), key) != read_names.end()) return {};
    const auto found = std::find_if(read_names.begin(), read_names.end(), in_disguise);
    if (found != read_names.end()) return *found;
    for (const std::string_view name : more)
        if (!name.empty() && in_disguise(name)) return name;
    return {};
}

}  // namespace weir::dialect
