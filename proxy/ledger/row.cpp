#include "ledger/row.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

namespace weir::ledger {
namespace {

constexpr std::size_t number_count = 17;
constexpr std::size_t string_count = 9;
constexpr std::size_t fixed_size = number_count * 8 + string_count * 2;
static_assert(largest_encoded_row >= fixed_size + string_count * longest_string);

using numbers = std::array<std::int64_t, number_count>;

numbers numbers_of(const row& r) {
    const usage::counts& u = r.usage;
    const std::int64_t flags = (r.stream ? 1 : 0) | (r.estimated ? 2 : 0) | (r.recovered ? 4 : 0);
    return {r.time_ms,    r.status,      flags,          r.attempts,     u.input,  u.cached_input,   u.cache_write,
            u.cache_write_1h, u.output,  u.reasoning,    u.audio_input,  u.audio_output, u.image_output, r.cost,
            r.first_token_ms, r.duration_ms, 0};
}

void set_numbers(row& r, const numbers& n) {
    r.time_ms = n[0];
    r.status = n[1];
    r.stream = (n[2] & 1) != 0;
    r.estimated = (n[2] & 2) != 0;
    r.recovered = (n[2] & 4) != 0;
    r.attempts = n[3];
    r.usage = {n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[12]};
    r.cost = n[13];
    r.first_token_ms = n[14];
    r.duration_ms = n[15];
}

template <class Row>
auto strings_of(Row& r) {
    return std::array{&r.request_id, &r.key, &r.route, &r.model, &r.served_model, &r.pool, &r.upstream, &r.endpoint, &r.code};
}

}  // namespace

row row_of(const exchange::record& what) {
    row r;
    r.time_ms = std::chrono::duration_cast<std::chrono::milliseconds>(what.time.time_since_epoch()).count();
    r.request_id = what.request_id;
    r.key = what.key;
    r.route = what.route;
    r.model = what.model;
    r.served_model = what.served_model;
    r.pool = what.pool;
    r.upstream = what.upstream;
    r.endpoint = what.endpoint;
    r.code = core::name_of(what.code);
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
    const numbers n = numbers_of(what);
    std::memcpy(out, n.data(), sizeof n);
    char* at = out + sizeof n;
    const auto strings = strings_of(what);
    std::size_t total = fixed_size;
    for (const std::string_view* s : strings) total += std::min(s->size(), longest_string);
    const std::size_t longest = total <= capacity ? longest_string : (capacity - fixed_size) / string_count;
    for (const std::string_view* s : strings) {
        const auto size = static_cast<std::uint16_t>(std::min(s->size(), longest));
        std::memcpy(at, &size, sizeof size);
        if (size > 0) std::memcpy(at + sizeof size, s->data(), size);
        at += sizeof size + size;
    }
    return static_cast<std::size_t>(at - out);
}

bool decode(std::string_view bytes, row& out) {
    if (bytes.size() < fixed_size) return false;
    numbers n;
    std::memcpy(n.data(), bytes.data(), sizeof n);
    set_numbers(out, n);
    bytes.remove_prefix(sizeof n);
    for (std::string_view* s : strings_of(out)) {
        std::uint16_t size = 0;
        if (bytes.size() < sizeof size) return false;
        std::memcpy(&size, bytes.data(), sizeof size);
        bytes.remove_prefix(sizeof size);
        if (bytes.size() < size) return false;
        *s = bytes.substr(0, size);
        bytes.remove_prefix(size);
    }
    return bytes.empty();
}

std::uint64_t checksum(std::string_view bytes, std::uint64_t seed) {
    constexpr std::uint64_t odd = 0x9e37'79b9'7f4a'7c15ULL;
    std::uint64_t h = seed ^ (bytes.size() * odd);
    // Each step is a bijection of the state and of the word, so no single damaged word can go unnoticed.
    const auto step = [&h](std::uint64_t word) {
        h = (h ^ word) * odd;
        h ^= h >> 29;
    };
    while (bytes.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), 8);
        step(word);
        bytes.remove_prefix(8);
    }
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), bytes.size());
    step(word);
    step(odd);
    return h;
}

}  // namespace weir::ledger
