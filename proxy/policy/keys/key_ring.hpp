// The clients' keys: who is calling, may they, and how much may they still use. The order of the checks is fixed (key_ring.cpp)
// and part of the contract: the first refusal is the one that the client sees.
// Immutable after carry_over(); what the keys have used is shared by the workers through atomics (key.hpp), no locks.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/access.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "policy/keys/key.hpp"
#include "policy/keys/reservation.hpp"
#include "policy/settings.hpp"
#include "usage/money.hpp"

namespace weir::policy {

/// Who calls: decided on the request's head, before its body is read.
struct caller {
    const key* who = nullptr;  ///< set with some refusals too (expired, address), for the log
    core::error refused;
    [[nodiscard]] explicit operator bool() const { return !refused; }
};

/// What a known caller asks for.
struct ask {
    std::string_view model;     ///< as the client wrote it; empty: none is named
    bool works_a_model = true;  ///< false: about something made before (GET /v1/videos/{id}), or not read: no model to check where none is named
    bool priced = true;         ///< some candidate has a price
    std::string_view to_price;  ///< the name that has none, as it would be sent upstream
    std::int64_t tokens = 0;    ///< estimate, for tokens_per_minute
    usage::nanousd cost = 0;    ///< estimate, reserved in every budget
};

struct admission {
    core::error refused;
    reservation held;
    /// Refused for want of a larger lease, which may come in a moment: `held` keeps what the request has, and go_on() goes on.
    budget_window* lacking = nullptr;
    [[nodiscard]] explicit operator bool() const { return !refused; }
};

struct budget_left {
    std::string_view key;          ///< lives as long as the ring
    std::string_view window;       ///< as written: `30d`
    usage::nanousd amount = 0;     ///< of a whole window
    usage::nanousd remaining = 0;  ///< below zero when overspent
};

class key_ring {
public:
    /// In the order of the conf, which is that of keys() too. config/ has seen to it that names and secrets are told apart.
    explicit key_ring(std::vector<key_settings> keys);
    key_ring(const key_ring&) = delete;
    key_ring& operator=(const key_ring&) = delete;

    /// No keys are configured: clients need none and their own credentials pass through.
    [[nodiscard]] bool open() const { return keys_.empty(); }

    /// By SHA-256 of the secret, compared in constant time; nullptr: not a key of this ring.
    [[nodiscard]] const key* authenticate(std::string_view secret) const;

    /// Known, not expired, from an allowed address, in this order. In an open ring everybody is let in, with no key.
    /// `address` without a port.
    [[nodiscard]] caller identify(std::string_view secret, std::string_view address, core::wall_time now) const;

    /// What `endpoints` and the other limits close to it. `label`: the endpoint's, for the message. After identify(), before the body is read.
    [[nodiscard]] static core::error check_endpoint(const key& who, std::string_view word, core::access wanted, std::string_view label);

    /// Model, price, concurrency, requests per minute, tokens per minute, budgets, in this order. `who` may be nullptr (open ring).
    [[nodiscard]] admission admit(const key* who, const ask& what, core::time_point now, core::wall_time wall) const;

    /// Goes on with an admission that lacks a lease: refused once more, or not.
    void go_on(admission& waiting, const ask& what, core::wall_time wall) const;

    /// Goes on counting for every key of the same name. Before this ring is used by any worker.
    void carry_over(const key_ring& old);

    /// From when on the ledger must be summed for budget_window::agree_with(): the beginning of the current window.
    [[nodiscard]] static core::wall_time window_begin(const budget_settings& budget, core::wall_time wall);

    /// For weir_budget_remaining_usd.
    [[nodiscard]] std::vector<budget_left> budgets_left(core::wall_time wall) const;

    [[nodiscard]] const std::vector<key>& keys() const { return keys_; }

private:
    struct request;
    using check = core::error (*)(request&);

    static core::error model_is_allowed(request&);
    static core::error model_is_priced(request&);
    static core::error place_is_free(request&);
    static core::error rate_is_within(request&);
    static core::error tokens_are_within(request&);
    static core::error budgets_have_left(request&);

    std::vector<key> keys_;
    std::unordered_multimap<std::uint64_t, std::size_t> by_hash_;  ///< first eight bytes of the SHA-256
};

/// SHA-256 of a secret, as key_settings wants it.
[[nodiscard]] std::array<unsigned char, 32> sha256_of(std::string_view secret);

/// A duration as x-ratelimit-reset-* writes it, in the form of Go: `12ms`, `1.5s`, `6m0s`; rounded up to a millisecond.
[[nodiscard]] std::string reset_text(core::duration d);

}  // namespace weir::policy
