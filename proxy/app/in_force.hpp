// The conf that is in force and what was made of it: replaced whole by the control thread, read by the admin thread and housekeepers.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "app/bound_sockets.hpp"
#include "pools/snapshot.hpp"

namespace weir::app {

class in_force {
public:
    explicit in_force(std::shared_ptr<const config::conf> first) : conf_(std::move(first)) {}

    /// On the control thread.
    [[nodiscard]] const config::conf& conf() const { return *conf_; }
    [[nodiscard]] std::shared_ptr<const config::conf> shared_conf() const { return conf_; }
    /// `addresses`: bound, in the order of conf.listeners. On the control thread.
    void put(std::shared_ptr<const pools::snapshot> s, std::vector<std::string> addresses, std::vector<served_certificate> certificates) {
        const std::scoped_lock lock(lock_);
        conf_ = s->conf;
        snapshot_ = std::move(s);
        addresses_ = std::move(addresses);
        certificates_ = std::move(certificates);
    }
    /// Null before the first put(). Any thread.
    [[nodiscard]] std::shared_ptr<const pools::snapshot> snapshot() const {
        const std::scoped_lock lock(lock_);
        return snapshot_;
    }
    /// Any thread.
    [[nodiscard]] std::vector<std::string> addresses() const {
        const std::scoped_lock lock(lock_);
        return addresses_;
    }
    /// Of the listeners. Any thread.
    [[nodiscard]] std::vector<served_certificate> certificates() const {
        const std::scoped_lock lock(lock_);
        return certificates_;
    }

    std::atomic<bool> last_reload_ok{true};

private:
    std::shared_ptr<const config::conf> conf_;
    mutable std::mutex lock_;  ///< guards what follows
    std::shared_ptr<const pools::snapshot> snapshot_;
    std::vector<std::string> addresses_;
    std::vector<served_certificate> certificates_;
};

}  // namespace weir::app
