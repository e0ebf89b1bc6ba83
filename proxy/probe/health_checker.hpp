// Asks every upstream of a pool with `health_check` again and again whether it is well, from a thread of its own.
// It decides nothing: policy/upstreams/health_verdict.hpp counts the results, upstream_state keeps the verdict.
#pragma once

#include <memory>

#include "pools/snapshot.hpp"

namespace weir::probe {

/// The first check of an upstream runs at once; until so many in a row agree its verdict is `unknown`, which is usable.
class health_checker {
public:
    /// Throws std::system_error when there is no event loop to be had.
    health_checker();
    ~health_checker();
    health_checker(const health_checker&) = delete;
    health_checker& operator=(const health_checker&) = delete;

    /// Thread-safe. Replaces what is checked. An upstream whose state is shared with the snapshot before keeps its
    /// verdict; one whose check or connection reads otherwise now is checked at once.
    void use(std::shared_ptr<const pools::snapshot> s);

    /// Thread-safe. Asks each upstream whose credential is in doubt (upstream_state::take_doubt) with it, once: what it says to weir itself
    /// decides whether it rests. Checked or not.
    void look_at_doubts();

    /// Thread-safe. Ends running checks without a verdict and the thread; nothing is checked any more.
    void stop();

private:
    class checks;
    std::unique_ptr<checks> checks_;
};

}  // namespace weir::probe
