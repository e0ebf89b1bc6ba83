// Edit distance over short words. Long ones are never typing errors and are not compared.
#include "config/suggest.hpp"

#include <algorithm>
#include <array>

namespace weir::config {

namespace {

constexpr std::size_t longest_word = 64;
using row = std::array<std::size_t, longest_word + 1>;

std::string folded(std::string_view text) {
    std::string result{text};
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '-') c = '_';
    }
    return result;
}

// Short words are alike by accident: one edit in three letters is the most that still looks meant.
std::size_t near_enough(std::size_t length) { return length / 3; }

}  // namespace

std::size_t edit_distance(std::string_view left, std::string_view right) {
    if (left.size() > longest_word || right.size() > longest_word) return std::max(left.size(), right.size());
    row before{}, above{}, here{};
    for (std::size_t j = 0; j <= right.size(); ++j) above[j] = j;
    for (std::size_t i = 1; i <= left.size(); ++i) {
        here[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const std::size_t replaced = above[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
            here[j] = std::min({above[j] + 1, here[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) here[j] = std::min(here[j], before[j - 2] + 1);
        }
        before = above;
        above = here;
    }
    return above[right.size()];
}

std::string nearest(std::string_view text, const std::vector<std::string>& candidates) {
    if (text.empty() || text.size() > longest_word) return {};
    const std::string wanted = folded(text);
    const std::string* best = nullptr;
    std::size_t least = near_enough(text.size()) + 1;
    for (const std::string& candidate : candidates) {
        const std::size_t distance = edit_distance(wanted, folded(candidate));
        if (distance < least) least = distance, best = &candidate;
    }
    if (best) return *best;
    // `requests` for `max_requests`, `warning` for `warn`: one inside the other.
    const auto is_inside = [](const std::string& part, const std::string& whole) {
        return part.size() >= 4 && whole.find(part) != std::string::npos;
    };
    for (const std::string& candidate : candidates)
        if (is_inside(wanted, folded(candidate)) || is_inside(folded(candidate), wanted)) return candidate;
    return {};
}

}  // namespace weir::config
