// Which processes use a ledger. Several share one while one takes over from another: each has a slot, and holds the lock of its slot's file for
// as long as it lives, however it ends. It does not know what the slots' journals hold.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace weir::ledger {

class slot_locks {
public:
    /// `ledger`: the path of its database.
    explicit slot_locks(std::string ledger) : ledger_(std::move(ledger)) {}
    ~slot_locks();
    slot_locks(const slot_locks&) = delete;
    slot_locks& operator=(const slot_locks&) = delete;

    /// Takes the locks of all slots that nobody has; the first of them is ours. False and `error`: another process has one and is no
    /// predecessor, all slots are taken, or the lock cannot be made.
    [[nodiscard]] bool take(bool beside_predecessor, std::string& error);

    /// Keeps ours alone. Until then nobody else begins with this ledger.
    void give_others_back();

    [[nodiscard]] std::size_t own() const { return own_; }

    /// Whether another process had this slot when take() was called.
    [[nodiscard]] bool is_anothers(std::size_t slot) const;

    /// Whether no other process uses the ledger now. `adopt` is called for each slot that somebody left, while nobody can begin to use it;
    /// where it is false, so is the answer.
    [[nodiscard]] bool alone(const std::function<bool(std::size_t)>& adopt) const;

private:
    std::string ledger_;
    std::vector<int> fds_;  // by slot; -1: it is not held here
    std::size_t own_ = 0;
};

}  // namespace weir::ledger
