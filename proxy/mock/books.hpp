// The mock provider's books: every call it got, who waits for one, and which script comes next. Shared by its threads.
// It does not know sockets (mock/connection.cpp does). Private to mock/.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "mock/call.hpp"
#include "mock/provider.hpp"
#include "mock/script.hpp"

namespace weir::mock {

class books {
public:
    /// Keeps at most `keep` calls; the oldest are forgotten beyond it.
    explicit books(std::size_t keep) : keep_(keep) {}

    [[nodiscard]] std::shared_ptr<call> open_call();
    /// Changes a call under the lock and wakes those who wait for it.
    template <class Change>
    void note(call& what, Change change) {
        {
            const std::lock_guard lock{mutex_};
            change(what);
        }
        changed_.notify_all();
    }
    void wake() { changed_.notify_all(); }
    void cut_running();  ///< calls that still run have ended

    void once(script how, std::string path_contains);
    void on(provider::chooser choose);
    void always(script how);
    /// The first script of once() that fits; with `early_only`, among those that answer before the body.
    [[nodiscard]] std::optional<script> take_queued(const received& what, bool early_only);
    /// By the order that mock/provider.hpp gives. A faulty textual script is named in `fault`.
    [[nodiscard]] script script_for(const call& what, std::string& fault);

    [[nodiscard]] std::vector<call> calls() const;
    [[nodiscard]] std::size_t call_count() const;  ///< forgotten ones too
    void forget();
    /// False when `enough` did not say so within `limit`.
    [[nodiscard]] bool wait_for(const std::function<bool(const std::vector<call>&)>& enough, milliseconds limit) const;

private:
    struct queued {
        script how;
        std::string path_contains;
    };

    const std::size_t keep_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::deque<std::shared_ptr<call>> calls_;
    std::size_t forgotten_ = 0;
    std::uint64_t serial_ = 0;
    std::deque<queued> queue_;
    provider::chooser choose_;
    script always_;
};

}  // namespace weir::mock
