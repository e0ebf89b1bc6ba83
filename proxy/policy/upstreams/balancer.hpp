// Picks one of a pool's upstreams: filter who may, score by the pool's way of balancing, count the request in.
// One per worker and pool: its own state (turns, scratch space) is not shared; what is shared lives in upstream_state.
// It never waits and never retries: the caller asks again with the upstreams it has tried.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "core/clock.hpp"
#include "policy/asker.hpp"
#include "policy/settings.hpp"
#include "policy/upstreams/tried_set.hpp"
#include "policy/upstreams/upstream_state.hpp"

namespace weir::policy {

/// One upstream as the balancer sees it. Weight 0: takes no requests.
struct pool_member {
    upstream_state* state = nullptr;
    int weight = 1;
    int max_requests = 0;  ///< in flight at once; 0: no limit
};

enum class no_upstream : std::uint8_t {
    none,          ///< one was picked
    none_healthy,  ///< all are down, have refused this request or (without panic) rest
    all_full,      ///< every one that may take requests has max_requests in flight
    all_tried,     ///< the request has tried every usable one
};

struct picked {
    std::size_t index = std::numeric_limits<std::size_t>::max();
    no_upstream why_none = no_upstream::none;
    /// With none_healthy: when the first one's rest is over; core::never when none has a rest that ends.
    core::time_point back_at = core::never;
    upstream_state::lease lease;  ///< holds the place in flight (and the probe, when it is one)
    [[nodiscard]] explicit operator bool() const { return static_cast<bool>(lease); }
};

/// Of the request that an upstream is picked for.
struct pick_for {
    asker who;             ///< an upstream whose quota for its model is spent is left out
    tried_set refused_it;  ///< by these it was refused: they would say the same again
};

class balancer {
public:
    balancer(balance how, ejection_settings ejection, bool panic) : how_(how), ejection_(ejection), panic_(panic) {}

    /// An upstream that is not in `tried` if one is usable; else, with `reuse_tried`, a tried one again. `random` is any 64
    /// random bits. A half-open upstream gets the first attempt of a request as its probe, never a later one by choice.
    [[nodiscard]] picked pick(std::span<const pool_member> pool, const tried_set& tried, bool reuse_tried, core::time_point now, std::uint64_t random,
                              const pick_for& request = {});

    [[nodiscard]] const ejection_settings& ejection() const { return ejection_; }

private:
    /// Pools up to this size are scanned whole; above it two samples are compared. With two or three hosts two samples
    /// would pick the worse one too often.
    static constexpr std::size_t scanned_whole = 8;

    struct choice {
        std::size_t index;
        upstream_state::entry entry;
        double weight;  ///< configured weight × slow start
        double cost = 0.0;
    };

    void filter(std::span<const pool_member> pool, const tried_set& tried, core::time_point now, const pick_for& request);
    void let_back_in(std::span<const pool_member> pool, core::time_point now);
    void keep_probes_for_first_attempts(bool first_attempt);
    [[nodiscard]] std::size_t choose(std::span<const pool_member> pool, core::time_point now, std::uint64_t random);
    [[nodiscard]] std::size_t next_in_turn(std::size_t pool_size);
    [[nodiscard]] std::size_t cheapest(std::uint64_t random) const;
    [[nodiscard]] std::size_t better_of_two(std::uint64_t random) const;
    void set_costs(std::span<const pool_member> pool, core::time_point now);
    [[nodiscard]] picked claim_one(std::span<const pool_member> pool, core::time_point now, std::uint64_t random, const asker& who);
    [[nodiscard]] picked least_bad(std::span<const pool_member> pool, const tried_set& tried, bool reuse_tried, core::time_point now,
                                   const pick_for& request);
    [[nodiscard]] core::time_point first_back(std::span<const pool_member> pool, core::time_point now, std::uint64_t model) const;

    balance how_;
    ejection_settings ejection_;
    bool panic_;
    std::vector<std::int64_t> turn_;  ///< smooth weighted round robin: the current weight of each upstream
    // Scratch space, kept between picks so that none of them allocates.
    std::vector<choice> usable_, usable_again_;
    std::vector<bool> let_in_;
    std::vector<double> known_;
    bool any_full_ = false;
};

}  // namespace weir::policy
