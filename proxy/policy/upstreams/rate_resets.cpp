#include "policy/upstreams/rate_resets.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "core/date_parts.hpp"

namespace weir::policy {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest = std::chrono::hours{24};
constexpr double epoch_seconds_from = 1e8;        // 1973; nobody asks for a pause of three years
constexpr double epoch_milliseconds_from = 1e11;  // 1973 again, in milliseconds

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
    const auto from = text.find_first_not_of(" \t");
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

/// Takes a decimal number without a sign from the front.
std::optional<double> take_number(std::string_view& text) {
    std::size_t size = 0;
    bool digits = false;
    for (; size < text.size() && (is_digit(text[size]) || text[size] == '.'); ++size) digits = digits || is_digit(text[size]);
    if (!digits) return std::nullopt;
    double value = 0.0;
    const auto end = std::from_chars(text.data(), text.data() + size, value, std::chars_format::fixed);
    if (end.ec != std::errc{} || end.ptr != text.data() + size) return std::nullopt;
    text.remove_prefix(size);
    return value;
}

/// Takes a unit from the front; in milliseconds.
std::optional<double> take_unit(std::string_view& text) {
    struct unit {
        std::string_view name;
        double ms;
    };
    // Longer names first: `ms` begins with `m`.
    static constexpr std::array<unit, 8> units = {
        {{"ms", 1.0}, {"us", 1e-3}, {"\xc2\xb5s", 1e-3}, {"ns", 1e-6}, {"d", 86'400'000.0}, {"h", 3'600'000.0}, {"m", 60'000.0}, {"s", 1000.0}}};
    for (const auto& u : units)
        if (text.starts_with(u.name)) {
            text.remove_prefix(u.name.size());
            return u.ms;
        }
    return std::nullopt;
}

milliseconds bounded(double ms) {
    if (!(ms > 0.0)) return milliseconds::zero();
    return ms >= static_cast<double>(longest.count()) ? longest : milliseconds{static_cast<milliseconds::rep>(ms + 0.999)};
}

/// 2026-01-02T03:04:05.5Z, 2026-01-02T03:04:05+02:00 (RFC 3339 section 5.6). A fraction is rounded up to the next second.
std::optional<core::wall_time> rfc3339(std::string_view text) {
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' ||
        text[16] != ':')
        return std::nullopt;
    using core::digits_at;
    const auto year = digits_at(text, 0, 4), month = digits_at(text, 5, 2), day = digits_at(text, 8, 2);
    const auto hour = digits_at(text, 11, 2), minute = digits_at(text, 14, 2), second = digits_at(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    // Beyond 2199 the clock's nanoseconds are near their end.
    if (!date.ok() || *year < 1970 || *year > 2199 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    std::size_t at = 19;
    std::chrono::seconds extra{0};
    if (text[at] == '.') {
        const auto from = ++at;
        while (at < text.size() && is_digit(text[at])) ++at;
        if (at == from) return std::nullopt;
        extra = std::chrono::seconds{1};
    }
    const auto offset = core::utc_offset(text.substr(at));
    if (!offset) return std::nullopt;
    return core::wall_time{std::chrono::sys_days{date}} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} + std::chrono::seconds{*second} +
           extra - *offset;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::size_t find_word(std::string_view text, std::string_view word) {
    const auto found = std::search(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) { return lower(a) == b; });
    return found == text.end() ? std::string_view::npos : static_cast<std::size_t>(found - text.begin());
}

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::optional<milliseconds> reset_time(std::string_view text, core::wall_time now) {
    text = trimmed(text);
    if (const auto at = rfc3339(text)) return std::clamp(std::chrono::ceil<milliseconds>(*at - now), milliseconds::zero(), longest);
    double total = 0.0;
    for (bool first = true; first || !text.empty(); first = false) {
        const auto number = take_number(text);
        if (!number) return std::nullopt;
        if (first && text.empty()) {
            const auto since_epoch = static_cast<double>(std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count());
            if (*number >= epoch_milliseconds_from) return bounded(*number - since_epoch);
            if (*number >= epoch_seconds_from) return bounded(*number * 1000.0 - since_epoch);
            return bounded(*number * 1000.0);
        }
        const auto unit = take_unit(text);
        if (!unit) return std::nullopt;
        total += *number * *unit;
    }
    return bounded(total);
}

rate_resets::limit* rate_resets::of(std::string_view kind) {
    for (std::size_t i = 0; i < count_; ++i)
        if (same(limits_[i].kind, kind)) return &limits_[i];
    if (count_ == limits_.size()) return nullptr;
    limits_[count_].kind = kind;
    return &limits_[count_++];
}

void rate_resets::see(std::string_view name, std::string_view value) {
    constexpr std::string_view family = "ratelimit-";
    const auto at = find_word(name, family);
    if (at > 16) return;                          // nor when it is nowhere
    auto rest = name.substr(at + family.size());  // reset, reset-requests, requests-reset
    for (const std::string_view what : {std::string_view{"reset"}, std::string_view{"remaining"}}) {
        std::string_view kind;
        if (same(rest, what))
            kind = {};
        else if (rest.size() > what.size() && same(rest.substr(0, what.size()), what) && rest[what.size()] == '-')
            kind = rest.substr(what.size() + 1);
        else if (rest.size() > what.size() && same(rest.substr(rest.size() - what.size()), what) && rest[rest.size() - what.size() - 1] == '-')
            kind = rest.substr(0, rest.size() - what.size() - 1);
        else
            continue;
        auto* const found = of(kind);
        if (found == nullptr) return;
        if (what == "reset") {
            found->reset = value;
        } else {
            auto number = trimmed(value);
            const auto left = take_number(number);
            found->used_up = left && number.empty() && *left == 0.0;
        }
        return;
    }
}

std::optional<milliseconds> rate_resets::pause(core::wall_time now) const {
    std::optional<milliseconds> used_up, any;
    for (std::size_t i = 0; i < count_; ++i) {
        const auto when = reset_time(limits_[i].reset, now);
        if (!when) continue;
        if (limits_[i].used_up) used_up = std::max(used_up.value_or(*when), *when);
        any = std::min(any.value_or(*when), *when);
    }
    return used_up ? used_up : any;
}

}  // namespace weir::policy
