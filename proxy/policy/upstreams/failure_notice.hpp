// Why the last request that went wrong at an upstream did, in words for people: status pages, and what is told when it rests.
// Any thread, under a mutex of its own: it is for failures only. It judges nothing.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "core/clock.hpp"

namespace weir::policy {

class failure_notice {
public:
    struct failure {
        core::time_point at;
        int status = 0;  ///< 0: there was no answer
        std::string words;
    };

    /// Before the failure is reported (upstream_state), so that what follows from it can say why.
    void note(int status, std::string words, core::time_point now) {
        const std::lock_guard hold{changing_};
        last_ = failure{now, status, std::move(words)};
    }
    /// The last one; none: nothing has gone wrong yet.
    [[nodiscard]] std::optional<failure> last() const {
        const std::lock_guard hold{changing_};
        return last_;
    }
    /// "; the last: status 503", or nothing.
    [[nodiscard]] std::string in_words() const {
        const std::lock_guard hold{changing_};
        return last_ ? "; the last: " + last_->words : std::string{};
    }

private:
    mutable std::mutex changing_;
    std::optional<failure> last_;
};

}  // namespace weir::policy
