// The names that a pool's upstreams list themselves: asked for when somebody wants them, kept for a while.
// It decides when to ask, and asks nobody (model_scout.hpp does).
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"

namespace weir::pools {

/// Shared by all threads.
class served_models {
public:
    using names = std::shared_ptr<const std::vector<std::string>>;

    static constexpr auto kept = std::chrono::minutes{10};
    /// Who gave no list is not asked at every request.
    static constexpr auto pause_after_failure = std::chrono::seconds{30};

    /// True: they are not known or have grown old, and nobody asks: the caller does, and says settle() when it has.
    [[nodiscard]] bool claim(core::time_point now) {
        const std::scoped_lock lock(mutex_);
        if (asking_ || now < due_) return false;
        return asking_ = true;
    }
    /// Somebody has claimed it and not settled yet.
    [[nodiscard]] bool asking() const {
        const std::scoped_lock lock(mutex_);
        return asking_;
    }
    /// Without a list the one before stays.
    void settle(std::optional<std::vector<std::string>> heard, core::time_point now) {
        auto made = heard ? std::make_shared<const std::vector<std::string>>(std::move(*heard)) : nullptr;
        const std::scoped_lock lock(mutex_);
        asking_ = false;
        due_ = now + (made ? core::duration{kept} : core::duration{pause_after_failure});
        if (made) known_ = std::move(made);
    }
    /// Null: never heard.
    [[nodiscard]] names known() const {
        const std::scoped_lock lock(mutex_);
        return known_;
    }

private:
    mutable std::mutex mutex_;
    bool asking_ = false;
    core::time_point due_{};
    names known_;
};

}  // namespace weir::pools
