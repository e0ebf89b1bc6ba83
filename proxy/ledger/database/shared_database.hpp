// The ledger's database among threads: it is reached through its lock alone, so there is one user at a time.
#pragma once

#include <mutex>

#include "ledger/database/database.hpp"

namespace weir::ledger {

class shared_database {
public:
    /// The database, nobody else's until this goes.
    class access {
    public:
        explicit access(shared_database& to) : hold_(to.lock_), database_(to.database_) {}
        [[nodiscard]] database& operator*() const { return database_; }
        [[nodiscard]] database* operator->() const { return &database_; }

    private:
        std::lock_guard<std::mutex> hold_;
        database& database_;
    };

    /// Waits for who has it. Not for a thread that has it itself.
    [[nodiscard]] access lock() { return access(*this); }

private:
    std::mutex lock_;
    database database_;
};

}  // namespace weir::ledger
