// One key of a conf as data: what its value looks like, what holds where it is absent, and what it is for. The readers check by it, and
// `weir conf reference`, `weir conf schema` and `weir check --dump` are made of it. It reads nothing.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

struct key_table;

/// What a value looks like.
enum class shape : std::uint8_t {
    text,
    secret,    ///< a text that is never shown
    url,       ///< a text; a password in it is never shown
    path,      ///< relative to the file that says it
    host,      ///< a host name or an IP address
    address,   ///< HOST:PORT, [V6]:PORT or unix:PATH
    block,     ///< an IP address, or a block of them: 10.0.0.0/8
    model,     ///< a model's name, or a pattern with * and ?
    flag,      ///< on or off
    integer,   ///< between `low` and `high`
    size,      ///< bytes: 512KiB, 64MiB
    duration,  ///< 250ms, 10s, 15m, 30d
    percent,   ///< 0% to 100%
    decimal,   ///< 2.50
    time,      ///< 2027-01-01, or RFC 3339
    statuses,  ///< 200-299, or 429
    word,      ///< one of `words`
    any,       ///< whatever YAML can say
    section,   ///< a map with the keys of `below`
};

/// How many of them: one, a list of them, one or a list, or a map from free names to them.
enum class arrangement : std::uint8_t { one, list, one_or_list, map };

/// What holds without a section that is always there.
inline constexpr std::string_view the_defaults = "the defaults";

/// One key of a section.
struct key {
    std::string_view name;
    shape is = shape::text;
    std::string_view meaning;        ///< one or two sentences, without the unit
    std::string_view fallback = {};  ///< what holds without it, as a conf would write it; empty: see `absent`
    std::string_view example = {};   ///< a value as a conf would write it
    std::string_view absent = {};    ///< what happens without it where no value says that
    /// Of `shape::word`, all words; of others, words that may stand instead of a value: `off`, `auto`. Divided by `|`.
    std::string_view words = {};
    arrangement in = arrangement::one;
    const key_table* below = nullptr;  ///< of a section
    std::int64_t low = 0;
    std::int64_t high = std::numeric_limits<std::int64_t>::max();
    bool required = false;
    bool partial = false;  ///< of a section: what it requires elsewhere need not stand here
};

/// The keys of one section, in the order in which they are explained.
struct key_table {
    std::string_view what;     ///< in messages: `a pool`
    std::string_view meaning;  ///< what the section is about
    std::span<const key> keys;

    /// Null where there is none.
    [[nodiscard]] const key* find(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> names() const;
};

/// The words of a key, one by one.
[[nodiscard]] std::vector<std::string> words_of(const key& of);

}  // namespace weir::config
