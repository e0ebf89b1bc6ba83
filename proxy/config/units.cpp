// Text to numbers. It never guesses: a missing unit is a fault with a suggestion.
#include "config/units.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "core/date_parts.hpp"

namespace weir::config {

namespace {

__extension__ using int128 = __int128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string lower(std::string_view text) {
    std::string result{text};
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

/// mantissa / 10^places, without trailing zeros behind the point.
struct decimal {
    std::int64_t mantissa = 0;
    int places = 0;
};

constexpr int most_digits = 18;  // any such mantissa fits 63 bits

struct scanned {
    decimal number;
    std::string_view rest;    ///< behind the number
    std::string_view digits;  ///< the number itself
};

std::optional<scanned> scan_decimal(std::string_view text) {
    std::size_t at = 0;
    int significant = 0;
    scanned result;
    const auto digits = [&](bool fraction) {
        const std::size_t start = at;
        for (; at < text.size() && is_digit(text[at]); ++at) {
            if (significant > 0 || text[at] != '0') ++significant;
            if (significant > most_digits) return false;
            result.number.mantissa = result.number.mantissa * 10 + (text[at] - '0');
            if (fraction && ++result.number.places > most_digits) return false;
        }
        return at > start;
    };
    if (!digits(false)) return std::nullopt;
    if (at < text.size() && text[at] == '.') {
        ++at;
        if (!digits(true)) return std::nullopt;
    }
    while (result.number.places > 0 && result.number.mantissa % 10 == 0) {
        result.number.mantissa /= 10;
        --result.number.places;
    }
    result.digits = text.substr(0, at);
    result.rest = text.substr(at);
    return result;
}

constexpr std::array<std::int64_t, most_digits + 1> powers_of_ten = [] {
    std::array<std::int64_t, most_digits + 1> powers{1};
    for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
}();

std::int64_t power_of_ten(int exponent) { return powers_of_ten[static_cast<std::size_t>(exponent)]; }

enum class fit { exact, too_fine, too_large };

fit scale(decimal number, std::int64_t factor, std::int64_t& out) {
    const int128 product = static_cast<int128>(number.mantissa) * factor;
    if (product % power_of_ten(number.places) != 0) return fit::too_fine;
    const int128 result = product / power_of_ten(number.places);
    if (result > std::numeric_limits<std::int64_t>::max()) return fit::too_large;
    out = static_cast<std::int64_t>(result);
    return fit::exact;
}

struct unit {
    std::string_view name;
    std::int64_t factor;
};

constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
constexpr unit durations[] = {{"ms", 1}, {"s", second}, {"m", minute}, {"h", hour}, {"d", day}};
constexpr unit sizes[] = {{"KiB", 1ll << 10}, {"MiB", 1ll << 20}, {"GiB", 1ll << 30}, {"B", 1}, {"KB", 1000}, {"MB", 1000000}, {"GB", 1000000000}};

// What people write instead, in lower case, to what is meant.
constexpr std::pair<std::string_view, std::string_view> spellings[] = {
    {"msec", "ms"}, {"millis", "ms"}, {"milliseconds", "ms"}, {"sec", "s"},  {"secs", "s"}, {"second", "s"}, {"seconds", "s"}, {"min", "m"},
    {"mins", "m"},  {"minute", "m"},  {"minutes", "m"},       {"hr", "h"},   {"hour", "h"}, {"hours", "h"},  {"day", "d"},     {"days", "d"},
    {"k", "KiB"},   {"m", "MiB"},     {"g", "GiB"},           {"ki", "KiB"}, {"mi", "MiB"}, {"gi", "GiB"},   {"bytes", "B"},   {"byte", "B"},
};

std::string meant_unit(std::string_view written, const unit* first, const unit* last) {
    const std::string wanted = lower(written);
    for (const unit* u = first; u != last; ++u)
        if (lower(u->name) == wanted) return std::string{u->name};
    for (const auto& [wrong, right] : spellings)
        for (const unit* u = first; u != last; ++u)
            if (wanted == wrong && u->name == right) return std::string{right};
    return {};
}

// What is longer than the longest unit.
std::string in_days(std::string_view written, std::string_view digits) {
    constexpr std::pair<std::string_view, std::int64_t> lengths[] = {
        {"daily", 1},   {"day", 1},      {"w", 7},         {"week", 7},        {"weeks", 7},       {"weekly", 7},
        {"mo", 30},     {"month", 30},   {"months", 30},   {"monthly", 30},    {"y", 365},         {"year", 365},
        {"years", 365}, {"yearly", 365}, {"never", 36500}, {"forever", 36500}, {"lifetime", 36500}};
    constexpr std::size_t most = 4;
    const auto wanted = lower(written);
    for (const auto& [word, days] : lengths)
        if (wanted == word && digits.size() <= most && std::all_of(digits.begin(), digits.end(), is_digit))
            return std::to_string(days * (digits.empty() ? 1 : std::stoll(std::string{digits}))) + "d";
    return {};
}

std::string_view without_spaces_before(std::string_view text) { return text.substr(std::min(text.find_first_not_of(' '), text.size())); }

/// The number in units of 1, or a fault; `units` are those allowed.
template <std::size_t N>
parsed<std::int64_t> parse_quantity(std::string_view text, const unit (&units)[N], std::string_view example, std::string_view smallest) {
    if (text.starts_with('-')) return {.problem = "must not be negative"};
    const auto number = scan_decimal(text);
    if (!number) return {.problem = "is not like " + std::string{example}};
    const unit* const last = units + N;
    const unit* const found = std::find_if(units, last, [&](const unit& u) { return u.name == number->rest; });
    if (found == last) {
        const std::string meant = meant_unit(without_spaces_before(number->rest), units, last);
        return {.problem = "has a unit that is not known (write it like " + std::string{example} + ")",
                .suggestion = meant.empty() ? "" : std::string{number->digits} + meant};
    }
    std::int64_t value = 0;
    switch (scale(number->number, found->factor, value)) {
        case fit::exact: return {.value = value};
        case fit::too_fine: return {.problem = "is finer than one " + std::string{smallest}};
        case fit::too_large: break;
    }
    return {.problem = "is too large"};
}

template <class T, class U>
parsed<T> convert(parsed<U> from) {
    if (!from.value) return {.problem = std::move(from.problem), .suggestion = std::move(from.suggestion)};
    return {.value = T(*from.value)};
}

bool has_leading_zero(std::string_view digits) { return digits.size() > 1 && digits[0] == '0' && is_digit(digits[1]); }

}  // namespace

parsed<std::int64_t> parse_integer(std::string_view text, std::int64_t low, std::int64_t high) {
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return {.problem = "is not a whole number"};
    const std::size_t first = std::min(digits.find_first_not_of('0'), digits.size() - 1);
    // Some YAML readers take a leading zero for octal; nobody should have to know which.
    if (has_leading_zero(digits)) return {.problem = "has a leading zero", .suggestion = std::string{digits.substr(first)}};
    const std::string range = std::to_string(low) + " to " + std::to_string(high);
    if (digits.size() > most_digits) return {.problem = "is out of range (" + range + ")"};
    std::int64_t value = 0;
    for (const char c : digits) value = value * 10 + (c - '0');
    if (text.starts_with('-')) value = -value;
    if (value < low && low >= 0) {
        if (value < 0) return {.problem = "must not be negative"};
        return {.problem = "must be at least " + std::to_string(low)};
    }
    if (value < low || value > high) return {.problem = "is out of range (" + range + ")"};
    return {.value = value};
}

parsed<std::int64_t> parse_decimal(std::string_view text, int places) {
    if (text.starts_with('-')) return {.problem = "must not be negative"};
    const auto number = scan_decimal(text);
    if (!number) return {.problem = "is not a decimal number like 2.50"};
    if (!number->rest.empty()) {
        parsed<std::int64_t> wrong{.problem = "is not a decimal number like 2.50"};
        const auto behind = number->rest.substr(1);
        const bool comma = number->rest.front() == ',' && !behind.empty() && std::all_of(behind.begin(), behind.end(), is_digit);
        const bool power = (number->rest.front() | 0x20) == 'e';
        if (!power) wrong.suggestion = std::string{number->digits} + (comma ? "." + std::string{behind} : "");
        return wrong;
    }
    if (has_leading_zero(text)) return {.problem = "has a leading zero"};
    std::int64_t value = 0;
    switch (scale(number->number, power_of_ten(places), value)) {
        case fit::exact: return {.value = value};
        case fit::too_fine: return {.problem = "has more than " + std::to_string(places) + " digits behind the point"};
        case fit::too_large: break;
    }
    return {.problem = "is too large"};
}

parsed<std::uint64_t> parse_size(std::string_view text) {
    if (const auto bytes = scan_decimal(text); bytes && bytes->rest.empty() && bytes->number.places == 0)
        return {.value = static_cast<std::uint64_t>(bytes->number.mantissa)};
    return convert<std::uint64_t>(parse_quantity(text, sizes, "64MiB", "byte"));
}

parsed<std::chrono::milliseconds> parse_duration(std::string_view text) {
    using std::chrono::milliseconds;
    constexpr std::int64_t longest = 36500 * day;
    if (text == "0") return {.value = milliseconds{0}};
    if (const auto bare = scan_decimal(text); bare && bare->rest.empty())
        return {.problem = "needs a unit (ms, s, m, h or d)", .suggestion = std::string{bare->digits} + "s"};
    auto result = parse_quantity(text, durations, "10s", "millisecond");
    if (!result.value && result.suggestion.empty()) {
        const auto number = scan_decimal(text);
        result.suggestion = number ? in_days(without_spaces_before(number->rest), number->digits) : in_days(text, {});
        if (!result.suggestion.empty()) result.problem = "has a unit that is not known (ms, s, m, h or d)";
    }
    if (result.value && *result.value > longest) return {.problem = "is longer than a hundred years"};
    return convert<milliseconds>(std::move(result));
}

parsed<int> parse_percent(std::string_view text) {
    if (!text.ends_with('%')) {
        const auto bare = parse_integer(text, 0, 100);
        return {.problem = "is not a percentage like 50%", .suggestion = bare.value ? std::string{text} + "%" : ""};
    }
    return convert<int>(parse_integer(text.substr(0, text.size() - 1), 0, 100));
}

parsed<bool> parse_flag(std::string_view text) {
    const std::string word = lower(text);
    if (word == "true" || word == "on" || word == "yes") return {.value = true};
    if (word == "false" || word == "off" || word == "no") return {.value = false};
    return {.problem = "is neither true nor false"};
}

parsed<std::chrono::system_clock::time_point> parse_time(std::string_view text) {
    using namespace std::chrono;
    using core::digits_at;
    parsed<system_clock::time_point> wrong{.problem = "is not a date like 2027-01-01 or 2027-01-01T12:00:00Z"};
    const auto y = digits_at(text, 0, 4), m = digits_at(text, 5, 2), d = digits_at(text, 8, 2);
    if (!y || !m || !d || text[4] != '-' || text[7] != '-') return wrong;
    // The clock counts nanoseconds in 63 bits: it ends in 2262.
    if (*y < 1970 || *y > 2200) return {.problem = "is not between the years 1970 and 2200"};
    const year_month_day date{year{*y}, month{static_cast<unsigned>(*m)}, std::chrono::day{static_cast<unsigned>(*d)}};
    if (!date.ok()) return {.problem = "is not a day of the calendar"};
    if (text.size() == 10) return {.value = sys_days{date}};
    const auto hh = digits_at(text, 11, 2), mm = digits_at(text, 14, 2), ss = digits_at(text, 17, 2);
    if (!hh || !mm || !ss || (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':') return wrong;
    if (*hh > 23 || *mm > 59 || *ss > 59) return {.problem = "is not a time of day"};
    const auto offset = core::utc_offset(text.substr(19));
    if (!offset) return {.problem = "needs its zone: Z or an offset like +08:00"};
    return {.value = sys_days{date} + hours{*hh} + minutes{*mm} + seconds{*ss} - *offset};
}

parsed<std::pair<int, int>> parse_statuses(std::string_view text) {
    const std::size_t dash = text.find('-');
    const auto from = parse_integer(text.substr(0, dash), 100, 599);
    const auto to = dash == std::string_view::npos ? from : parse_integer(text.substr(dash + 1), 100, 599);
    if (!from.value || !to.value) {
        const bool family = text.size() == 3 && text[0] >= '1' && text[0] <= '5' && lower(text.substr(1)) == "xx";
        return {.problem = "is not an HTTP status (100 to 599) or a range of them like 200-299",
                .suggestion = family ? std::string{text[0]} + "00-" + text[0] + "99" : std::string{}};
    }
    if (*to.value < *from.value)
        return {.problem = "is a range that ends before it starts", .suggestion = std::to_string(*to.value) + "-" + std::to_string(*from.value)};
    return {.value = std::pair<int, int>{*from.value, *to.value}};
}

parsed<std::string> parse_hex_sha256(std::string_view text) {
    std::string hex = lower(text);
    const bool all_hex = std::all_of(hex.begin(), hex.end(), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
    if (hex.size() != 64 || !all_hex) return {.problem = "is not a SHA-256 (64 hexadecimal digits)"};
    return {.value = std::move(hex)};
}

std::string size_string(std::uint64_t bytes) {
    constexpr std::pair<std::string_view, std::uint64_t> names[] = {{"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}};
    for (const auto& [name, factor] : names)
        if (bytes >= factor && bytes % factor == 0) return std::to_string(bytes / factor) + std::string{name};
    return std::to_string(bytes);
}

}  // namespace weir::config
