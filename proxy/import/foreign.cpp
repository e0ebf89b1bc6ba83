#include "import/foreign.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "config/units.hpp"

namespace weir::import {
namespace {

constexpr int deepest = 32;

std::string trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return std::string{text.substr(first, text.find_last_not_of(space) - first + 1)};
}

/// The grammar of RFC 8259.
bool is_json_number(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    const auto digits = [&] {
        const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
        text.remove_prefix(end);
        return end;
    };
    const bool zero = text.starts_with('0');
    const auto whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        if (digits() == 0) return false;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
        if (digits() == 0) return false;
    }
    return text.empty();
}

}  // namespace

struct foreign::found_members {
    std::vector<std::pair<std::string, foreign>> all;
    std::unordered_map<std::string, std::size_t> places;
};

std::string foreign::text() const { return is_scalar() ? trimmed(here().text) : std::string{}; }

std::optional<std::int64_t> foreign::integer() const {
    const auto written = text();
    std::int64_t number = 0;
    const auto [end, fault] = std::from_chars(written.data(), written.data() + written.size(), number);
    if (written.empty() || fault != std::errc{} || end != written.data() + written.size()) return std::nullopt;
    return number;
}

std::optional<std::int64_t> foreign::seconds_as_ms() const {
    constexpr std::int64_t year = 365LL * 24 * 3600 * 1000;
    const auto written = text();
    const auto end = std::min(written.find('.'), written.size());
    const auto fraction = written.substr(end, 4);  // thousandths will do
    const auto parsed = config::parse_decimal(written.substr(0, end) + (fraction == "." ? "" : fraction), 3);
    if (!parsed.value || *parsed.value <= 0 || *parsed.value > year) return std::nullopt;
    return *parsed.value;
}

bool foreign::is_true() const { return config::parse_flag(text()).value.value_or(false); }

foreign foreign::operator[](std::string_view key) const {
    for (auto& [name, value] : members())
        if (name == key) return value;
    return {};
}

void foreign::collect(found_members& into, int depth) const {
    if (!is_map() || depth > deepest) return;
    const auto is_merge = [](const config::node& name) { return name.text == "<<" && !name.quoted; };
    for (const auto& [key, value] : here().members) {
        const auto& name = (*tree_)[key];
        if (is_merge(name)) continue;
        const foreign behind{*tree_, value, name.at.line};
        const auto [at, fresh] = into.places.try_emplace(name.text, into.all.size());
        if (fresh)
            into.all.emplace_back(name.text, behind);
        else if (depth == 0)
            into.all[at->second].second = behind;
    }
    for (const auto& [key, value] : here().members)
        if (is_merge((*tree_)[key]))
            for (const auto& below : foreign{*tree_, value, line_}.items()) below.collect(into, depth + 1);
}

std::vector<std::pair<std::string, foreign>> foreign::members() const {
    found_members found;
    collect(found, 0);
    return std::move(found.all);
}

std::vector<foreign> foreign::items() const {
    std::vector<foreign> all;
    if (is_list())
        for (const auto item : here().items) all.emplace_back(*tree_, item, (*tree_)[item].at.line);
    else if (!is_absent())
        all.push_back(*this);
    return all;
}

std::optional<std::string> foreign::as_json(int depth) const {
    if (depth > deepest) return std::nullopt;
    if (is_absent()) return "null";
    if (is_scalar()) {
        const auto& text = here().text;
        const bool plain = !here().quoted && (text == "true" || text == "false" || is_json_number(text));
        return plain ? text : in_json_quotes(text);
    }
    std::string out{is_map() ? '{' : '['};
    const auto add = [&](const std::string& name, const foreign& value) {
        const auto inside = value.as_json(depth + 1);
        if (inside) out += (out.size() > 1 ? ", " : "") + name + *inside;
        return inside.has_value();
    };
    if (is_map()) {
        for (const auto& [name, value] : members())
            if (!add(in_json_quotes(name) + ": ", value)) return std::nullopt;
        return out + '}';
    }
    for (const auto& item : items())
        if (!add({}, item)) return std::nullopt;
    return out + ']';
}

std::string in_json_quotes(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out{'"'};
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            out.append({'\\', c});
        else if (byte < 0x20 || byte == 0x7f)
            out.append("\\u00").append({digits[byte >> 4], digits[byte & 15]});
        else
            out += c;
    }
    return out + '"';
}

}  // namespace weir::import
