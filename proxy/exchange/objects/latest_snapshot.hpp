// The snapshot that is in use, for threads that belong to no worker. It holds the last one only.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "pools/snapshot.hpp"

namespace weir::exchange {

class latest_snapshot {
public:
    /// True: it is the first one.
    bool use(std::shared_ptr<const pools::snapshot> s) {
        const std::scoped_lock lock(lock_);
        std::swap(now_, s);
        return s == nullptr;
    }
    /// Null: there has been none yet.
    [[nodiscard]] std::shared_ptr<const pools::snapshot> get() const {
        const std::scoped_lock lock(lock_);
        return now_;
    }

private:
    mutable std::mutex lock_;
    std::shared_ptr<const pools::snapshot> now_;
};

}  // namespace weir::exchange
