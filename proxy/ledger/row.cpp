#include "ledger/row.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include "core/shown_text.hpp"

namespace weir::ledger {
namespace {

constexpr std::size_t number_count = 17;
constexpr std::size_t string_count = 9;
constexpr std::size_t longest_number = 10;  // of 64 bits, 7 in each byte
constexpr std::size_t most_fixed = number_count * longest_number + string_count * 2;
static_assert(largest_encoded_row >= most_fixed + string_count * longest_string + 2 + longest_object);
static_assert(smallest_capacity >= most_fixed);

using numbers = std::array<std::int64_t, number_count>;

numbers numbers_of(const row& r) {
    const usage::counts& u = r.usage;
    const std::int64_t flags = (r.stream ? 1 : 0) | (r.estimated ? 2 : 0) | (r.recovered ? 4 : 0) | (r.owes ? 8 : 0);
    return {r.time_ms, r.status,    flags,         r.attempts,     u.input,        u.cached_input, u.cache_write,    u.cache_write_1h,
            u.output,  u.reasoning, u.audio_input, u.audio_output, u.image_output, r.cost,         r.first_token_ms, r.duration_ms,
            0};
}

void set_numbers(row& r, const numbers& n) {
    r.time_ms = n[0];
    r.status = n[1];
    r.stream = (n[2] & 1) != 0;
    r.estimated = (n[2] & 2) != 0;
    r.recovered = (n[2] & 4) != 0;
    r.owes = (n[2] & 8) != 0;
    r.attempts = n[3];
    r.usage = {n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[12]};
    r.cost = n[13];
    r.first_token_ms = n[14];
    r.duration_ms = n[15];
}

// `object` stands behind them, where there is one: rows that an earlier weir wrote have none.
template <class Row>
auto strings_of(Row& r) {
    return std::array{&r.request_id, &r.key, &r.route, &r.model, &r.served_model, &r.pool, &r.upstream, &r.endpoint, &r.code};
}

// Nearly all numbers of a row are small: seven bits in each byte, the lowest first, the sign in the lowest bit.
char* put_number(char* at, std::int64_t value) {
    auto bits = static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
    for (; bits >= 0x80; bits >>= 7) *at++ = static_cast<char>(bits | 0x80);
    *at++ = static_cast<char>(bits);
    return at;
}

bool take_number(std::string_view& bytes, std::int64_t& out) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < std::min(bytes.size(), longest_number); ++i) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        bits |= std::uint64_t{byte & 0x7fu} << (7 * i);
        if (byte >= 0x80) continue;
        bytes.remove_prefix(i + 1);
        out = static_cast<std::int64_t>(bits >> 1 ^ (~(bits & 1) + 1));
        return true;
    }
    return false;
}

char* put_string(char* at, std::string_view text) {
    const auto size = static_cast<std::uint16_t>(text.size());
    std::memcpy(at, &size, sizeof size);
    if (size > 0) std::memcpy(at + sizeof size, text.data(), size);
    return at + sizeof size + size;
}

bool take_string(std::string_view& bytes, std::string_view& out) {
    std::uint16_t size = 0;
    if (bytes.size() < sizeof size) return false;
    std::memcpy(&size, bytes.data(), sizeof size);
    bytes.remove_prefix(sizeof size);
    if (bytes.size() < size) return false;
    out = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return true;
}

// The most bytes that each string may have so that all of them fit into `room`: only the longest are cut.
std::size_t fair_length(const auto& strings, std::size_t room) {
    const auto total_at = [&](std::size_t length) {
        std::size_t total = 0;
        for (const std::string_view* s : strings) total += std::min(s->size(), length);
        return total;
    };
    if (total_at(longest_string) <= room) return longest_string;
    std::size_t fits = 0, too_long = longest_string;
    while (too_long - fits > 1) {
        const std::size_t middle = (fits + too_long) / 2;
        (total_at(middle) <= room ? fits : too_long) = middle;
    }
    return fits;
}

}  // namespace

row row_of(const record::request_record& what) {
    row r;
    r.time_ms = std::chrono::duration_cast<std::chrono::milliseconds>(what.time.time_since_epoch()).count();
    r.request_id = what.request_id;
    r.key = what.key;
    r.route = what.route;
    r.model = core::shown(what.model);
    r.served_model = core::shown(what.served_model);
    r.pool = what.pool;
    r.upstream = what.upstream;
    r.endpoint = what.endpoint;
    r.code = core::name_of(what.code);
    r.object = what.object;
    r.owes = what.owes;
    r.status = what.status;
    r.attempts = what.attempt_count;
    r.stream = what.stream;
    r.estimated = what.estimated || what.discarded_cost > 0;
    r.usage = what.usage;
    r.cost = what.cost;
    r.first_token_ms = what.first_token_ms;
    r.duration_ms = what.duration_us / 1000;
    return r;
}

std::size_t encode(const row& what, char* out, std::size_t capacity) {
    char* at = out;
    for (const std::int64_t n : numbers_of(what)) at = put_number(at, n);
    const auto strings = strings_of(what);
    const std::size_t room = capacity - static_cast<std::size_t>(at - out) - string_count * 2;
    // Half an id names nothing: it stands there whole or not at all.
    const std::size_t of_object = what.object.size() + 2;
    const bool has_object = !what.object.empty() && what.object.size() <= longest_object && of_object <= room / 2;
    const std::size_t longest = fair_length(strings, room - (has_object ? of_object : 0));
    for (const std::string_view* s : strings) at = put_string(at, s->substr(0, longest));
    if (has_object) at = put_string(at, what.object);
    return static_cast<std::size_t>(at - out);
}

bool decode(std::string_view bytes, row& out) {
    numbers n;
    for (std::int64_t& each : n)
        if (!take_number(bytes, each)) return false;
    set_numbers(out, n);
    for (std::string_view* s : strings_of(out))
        if (!take_string(bytes, *s)) return false;
    out.object = {};
    if (!bytes.empty() && !take_string(bytes, out.object)) return false;
    return bytes.empty();
}

std::uint64_t checksum(std::string_view bytes, std::uint64_t seed) {
    constexpr std::uint64_t odd = 0x9e37'79b9'7f4a'7c15ULL, other = 0xbf58'476d'1ce4'e5b9ULL;
    std::uint64_t h = bytes.size();
    // Each step is a bijection of the state and of the word, so no single damaged word can go unnoticed. It multiplies twice because a flipped
    // highest bit passes one product alone: two or three bits flipped in words that follow each other would then cancel out.
    const auto step = [&h](std::uint64_t word) {
        h = (h ^ word) * odd;
        h = (h ^ h >> 32) * other;
        h ^= h >> 29;
    };
    step(seed);
    while (bytes.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), 8);
        step(word);
        bytes.remove_prefix(8);
    }
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), bytes.size());
    step(word);
    return h;
}

}  // namespace weir::ledger
