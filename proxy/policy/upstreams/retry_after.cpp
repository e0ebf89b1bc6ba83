#include "policy/upstreams/retry_after.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::policy {
namespace {

constexpr std::chrono::milliseconds longest = std::chrono::hours{24};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
    const auto from = text.find_first_not_of(" \t");
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

/// A decimal number in thousandths, saturating at 10^15; none: not a number, or a negative one.
std::optional<std::int64_t> thousandths(std::string_view text) {
    constexpr std::int64_t most = 1'000'000'000'000'000;
    std::int64_t value = 0;
    int decimals = -1;
    bool any = false;
    for (const char c : text) {
        if (c == '.' && decimals < 0) {
            decimals = 0;
        } else if (is_digit(c)) {
            any = true;
            if (decimals >= 3) continue;
            value = std::min(value * 10 + (c - '0'), most);
            if (decimals >= 0) ++decimals;
        } else {
            return std::nullopt;
        }
    }
    if (!any) return std::nullopt;
    for (int i = std::max(decimals, 0); i < 3; ++i) value = std::min(value * 10, most);
    return value;
}

/// Reads a date from left to right; after the first mismatch everything is false.
class date_reader {
public:
    explicit date_reader(std::string_view text) : rest_(text) {}

    bool literal(std::string_view what) {
        if (!rest_.starts_with(what)) return false;
        rest_.remove_prefix(what.size());
        return true;
    }
    bool number(std::size_t digits, int& out) {
        if (rest_.size() < digits) return false;
        out = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            if (!is_digit(rest_[i])) return false;
            out = out * 10 + (rest_[i] - '0');
        }
        rest_.remove_prefix(digits);
        return true;
    }
    bool month(unsigned& out) {
        static constexpr std::array<std::string_view, 12> names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        for (out = 1; out <= names.size(); ++out)
            if (literal(names[out - 1])) return true;
        return false;
    }
    bool day_name(bool whole) {
        static constexpr std::array<std::string_view, 7> names = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
        return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return literal(whole ? name : name.substr(0, 3)); });
    }
    bool time(std::chrono::seconds& out) {
        int h = 0, m = 0, s = 0;
        if (!number(2, h) || !literal(":") || !number(2, m) || !literal(":") || !number(2, s)) return false;
        if (h > 23 || m > 59 || s > 60) return false;
        out = std::chrono::hours{h} + std::chrono::minutes{m} + std::chrono::seconds{s};
        return true;
    }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

struct date {
    int year = 0;
    unsigned month = 0;
    int day = 0;
    std::chrono::seconds time{0};
};

std::optional<core::wall_time> wall(const date& d) {
    const std::chrono::year_month_day ymd{std::chrono::year{d.year}, std::chrono::month{d.month}, std::chrono::day{static_cast<unsigned>(d.day)}};
    // Beyond 2199 the clock's nanoseconds are near their end.
    if (!ymd.ok() || d.year < 1970 || d.year > 2199) return std::nullopt;
    return core::wall_time{std::chrono::sys_days{ymd}} + d.time;
}

// Sun, 06 Nov 1994 08:49:37 GMT
bool imf_fixdate(date_reader in, date& d) {
    return in.day_name(false) && in.literal(", ") && in.number(2, d.day) && in.literal(" ") && in.month(d.month) && in.literal(" ") &&
           in.number(4, d.year) && in.literal(" ") && in.time(d.time) && in.literal(" GMT") && in.at_end();
}

// Sunday, 06-Nov-94 08:49:37 GMT; a year that seems over 50 years ahead is in the past
bool rfc850_date(date_reader in, date& d, core::wall_time now) {
    const bool fits = in.day_name(true) && in.literal(", ") && in.number(2, d.day) && in.literal("-") && in.month(d.month) && in.literal("-") &&
                      in.number(2, d.year) && in.literal(" ") && in.time(d.time) && in.literal(" GMT") && in.at_end();
    if (!fits) return false;
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
    const int this_year = static_cast<int>(today.year());
    d.year += this_year - this_year % 100;
    if (d.year > this_year + 50) d.year -= 100;
    return true;
}

// Sun Nov  6 08:49:37 1994
bool asctime_date(date_reader in, date& d) {
    if (!in.day_name(false) || !in.literal(" ") || !in.month(d.month) || !in.literal(" ")) return false;
    const bool day = in.literal(" ") ? in.number(1, d.day) : in.number(2, d.day);
    return day && in.literal(" ") && in.time(d.time) && in.literal(" ") && in.number(4, d.year) && in.at_end();
}

}  // namespace

std::optional<core::wall_time> http_date(std::string_view text, core::wall_time now) {
    date d;
    const date_reader in{text};
    if (imf_fixdate(in, d) || rfc850_date(in, d, now) || asctime_date(in, d)) return wall(d);
    return std::nullopt;
}

std::optional<std::chrono::milliseconds> retry_after(std::string_view value, std::string_view retry_after_ms, core::wall_time now) {
    using std::chrono::milliseconds;
    if (const auto ms = thousandths(trimmed(retry_after_ms))) return std::min(milliseconds{(*ms + 999) / 1000}, longest);
    value = trimmed(value);
    if (const auto s = thousandths(value)) return std::min(milliseconds{*s}, longest);
    if (const auto at = http_date(value, now)) return std::clamp(std::chrono::ceil<milliseconds>(*at - now), milliseconds::zero(), longest);
    return std::nullopt;
}

}  // namespace weir::policy
