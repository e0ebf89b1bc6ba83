// Request identifiers: UUIDv7 (RFC 9562 section 5.7). Randomness and time are arguments.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::core {

/// Writes 36 characters.
void write_uuid7(char* to, std::uint64_t unix_ms, std::uint64_t random_a, std::uint64_t random_b);

/// Whether a client's request id may be kept: 1 to 128 visible ASCII characters.
[[nodiscard]] bool acceptable_request_id(std::string_view id);

/// xorshift64*: fast, for ids, jitter and sampling; not for secrets. One per worker.
class fast_random {
public:
    explicit fast_random(std::uint64_t seed) : state_(seed ? seed : 0x9e3779b97f4a7c15u) {}
    std::uint64_t operator()() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545f4914f6cdd1du;
    }
    /// In [0, 1).
    double unit() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

private:
    std::uint64_t state_;
};

}  // namespace weir::core
