#include "ledger/slot_locks.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "ledger/ledger_files.hpp"

namespace weir::ledger {

slot_locks::~slot_locks() {
    for (const int fd : fds_)
        if (fd >= 0) ::close(fd);
}

// Every slot's lock is held while journals are replayed: a journal is settled by its owner, or by us when that has gone.
bool slot_locks::take(bool beside_predecessor, std::string& error) {
    std::size_t taken = 0;
    std::string owner;
    bool found = false;
    for (std::size_t slot = 0; slot < slots; ++slot) {
        const std::string path = lock_path(ledger_, slot);
        // Slot 0 exists always; another one only when a takeover made it.
        const bool needed = slot == 0 || (beside_predecessor && !found);
        const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | (needed ? O_CREAT : 0), 0640);
        if (fd < 0 && needed) {
            error = "ledger " + ledger_ + ": cannot make " + path + ": " + std::strerror(errno);
            return false;
        }
        fds_.push_back(fd);
        if (fd < 0) continue;
        if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
            ++taken;
            owner = read_file(path);
            ::close(std::exchange(fds_.back(), -1));
        } else if (!std::exchange(found, true)) {
            own_ = slot;
        }
    }
    if (!found || (taken > 0 && !beside_predecessor)) {
        error = "ledger " + ledger_ + ": another process uses it" + (owner.empty() ? "" : " (pid " + owner + ")") +
                "; give each weir a state.ledger of its own";
        return false;
    }
    const std::string pid = std::to_string(::getpid());
    if (::ftruncate(fds_[own_], 0) == 0) {
        [[maybe_unused]] const ssize_t n = ::pwrite(fds_[own_], pid.data(), pid.size(), 0);
    }
    return true;
}

void slot_locks::give_others_back() {
    for (std::size_t slot = 0; slot < fds_.size(); ++slot)
        if (slot != own_ && fds_[slot] >= 0) ::close(std::exchange(fds_[slot], -1));
}

bool slot_locks::is_anothers(std::size_t slot) const {
    return slot < fds_.size() && fds_[slot] < 0 && std::filesystem::exists(lock_path(ledger_, slot));
}

bool slot_locks::alone(const std::function<bool(std::size_t)>& adopt) const {
    bool yes = true;
    for (std::size_t slot = 0; slot < slots; ++slot) {
        if (slot == own_) continue;
        const int fd = ::open(lock_path(ledger_, slot).c_str(), O_RDWR | O_CLOEXEC);
        if (fd < 0) continue;
        // Its owner holds the lock for as long as it lives; while we hold it nobody begins to use the slot.
        if (::flock(fd, LOCK_EX | LOCK_NB) != 0 || !adopt(slot)) yes = false;
        ::close(fd);
    }
    return yes;
}

}  // namespace weir::ledger
