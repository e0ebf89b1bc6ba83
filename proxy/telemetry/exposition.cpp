#include "telemetry/exposition.hpp"

#include <algorithm>
#include <optional>

namespace weir::telemetry {
namespace {

bool same(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// Cuts the next piece off, up to `separator` outside of quotes.
std::string_view next_piece(std::string_view& from, char separator) {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < from.size(); ++end) {
        if (quoted && from[end] == '\\')
            ++end;
        else if (from[end] == '"')
            quoted = !quoted;
        else if (!quoted && from[end] == separator)
            break;
    }
    const auto piece = from.substr(0, end);
    from.remove_prefix(std::min(end + 1, from.size()));
    return trimmed(piece);
}

// In thousandths: 0 to 1 with at most three decimals; nothing else is a weight.
std::optional<int> weight(std::string_view text) {
    if (text.empty() || (text[0] != '0' && text[0] != '1') || text.size() > 5 || text.size() == 2) return std::nullopt;
    int thousandths = (text[0] - '0') * 1000;
    if (text.size() > 1 && text[1] != '.') return std::nullopt;
    for (std::size_t i = 2, unit = 100; i < text.size(); ++i, unit /= 10) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        thousandths += (text[i] - '0') * static_cast<int>(unit);
    }
    return thousandths <= 1000 ? std::optional{thousandths} : std::nullopt;
}

struct media_range {
    std::string_view type, version;  ///< version empty: any
    int q = 1000;
    bool valid = true;
};

media_range read_range(std::string_view text) {
    media_range range;
    range.type = next_piece(text, ';');
    while (!text.empty()) {
        const auto parameter = next_piece(text, ';');
        const auto equals = std::min(parameter.find('='), parameter.size());
        const auto name = trimmed(parameter.substr(0, equals));
        auto value = trimmed(parameter.substr(std::min(equals + 1, parameter.size())));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        if (same(name, "version")) range.version = value;
        if (!same(name, "q")) continue;
        const auto q = weight(value);
        range.q = q.value_or(0);
        range.valid = q.has_value();
    }
    return range;
}

// How much a representation is wanted, by the most specific range that covers it.
struct wish {
    int specificity = -1, q = 0;
    void consider(int how_specific, int weight) {
        if (how_specific < specificity) return;
        q = how_specific == specificity ? std::max(q, weight) : weight;
        specificity = how_specific;
    }
    [[nodiscard]] bool named() const { return specificity >= 2 && q > 0; }
};

void weigh(wish& into, const media_range& range, std::string_view type, std::string_view version) {
    const auto family = type.substr(0, type.find('/'));
    if (range.type == "*/*") return into.consider(0, range.q);
    if (range.type.ends_with("/*") && same(range.type.substr(0, range.type.size() - 2), family)) return into.consider(1, range.q);
    if (!same(range.type, type)) return;
    if (range.version.empty())
        into.consider(2, range.q);
    else if (range.version == version)
        into.consider(3, range.q);
}

}  // namespace

exposition choose_exposition(std::string_view accept) {
    constexpr std::string_view openmetrics = "application/openmetrics-text";
    wish text, newer, older;
    while (!accept.empty()) {
        const auto range = read_range(next_piece(accept, ','));
        if (!range.valid) continue;
        weigh(text, range, "text/plain", "0.0.4");
        weigh(newer, range, openmetrics, "1.0.0");
        weigh(older, range, openmetrics, "0.0.1");
    }
    if (newer.named() && newer.q >= text.q && (!older.named() || newer.q >= older.q)) return exposition::openmetrics_1_0_0;
    if (older.named() && older.q >= text.q) return exposition::openmetrics_0_0_1;
    return exposition::text;
}

std::string_view content_type_of(exposition format) {
    switch (format) {
        case exposition::openmetrics_0_0_1: return "application/openmetrics-text; version=0.0.1; charset=utf-8";
        case exposition::openmetrics_1_0_0: return "application/openmetrics-text; version=1.0.0; charset=utf-8";
        case exposition::text: break;
    }
    return "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace weir::telemetry
