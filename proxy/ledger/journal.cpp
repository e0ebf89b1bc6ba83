#include "ledger/journal.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/shown_text.hpp"
#include "ledger/journal_format.hpp"

namespace weir::ledger {
namespace {

constexpr std::size_t spare_blocks = 2;

void bump(std::atomic<std::uint64_t>& counter) { counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }

}  // namespace

journal::journal(std::string path, sequence first, std::size_t max_bytes) : path_(std::move(path)), last_(first), max_bytes_(max_bytes) {
    free_slots_.reserve(4 * slots_per_block);
}

journal::~journal() {
    for (char* base : mapped_) ::munmap(base, block_size);
    if (fd_ >= 0) ::close(fd_);
}

// Space is reserved before it is mapped: a store into a hole of a full disk would be a SIGBUS.
char* journal::map_block(std::string& why) {
    if (bytes_ + block_size > max_bytes_) {
        why = path_ + ": the journal's limit of " + std::to_string(max_bytes_) + " bytes is reached";
        return nullptr;
    }
    if (fd_ < 0) fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    const auto offset = static_cast<off_t>(bytes_);
    int error = fd_ < 0 ? errno : ::posix_fallocate(fd_, offset, block_size);
    if (error == 0) {
        void* const at = ::mmap(nullptr, block_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_, offset);
        if (at != MAP_FAILED) {
            bytes_ += block_size;
            mapped_.push_back(static_cast<char*>(at));
            return mapped_.back();
        }
        error = errno;
    }
    why = path_ + ": " + std::strerror(error);
    return nullptr;
}

std::unique_ptr<journal::block> journal::make_block(std::string& why) {
    char* const base = map_block(why);
    if (base == nullptr) return nullptr;
    write_block_header(base, block_kind::settled);
    auto made = std::make_unique<block>();
    made->base = base;
    made->released = block_header_size;
    made->tail.store(block_header_size, std::memory_order_relaxed);
    return made;
}

journal::block* journal::next_block() {
    const std::lock_guard lock(lock_);
    if (spare_.empty()) {
        std::string why;
        if (auto made = make_block(why)) spare_.push_back(std::move(made));
    }
    if (spare_.empty()) return nullptr;
    if (current_ != nullptr) current_->sealed = true;
    used_.push_back(std::move(spare_.back()));
    spare_.pop_back();
    return used_.back().get();
}

char* journal::free_slot_or_null() {
    if (free_slots_.empty()) {
        const std::lock_guard lock(lock_);
        std::string why;
        char* const base = map_block(why);
        if (base == nullptr) return nullptr;
        write_block_header(base, block_kind::open);
        for (std::size_t i = slots_per_block; i > 0; --i) free_slots_.push_back(base + i * slot_size);
        // Settling must not allocate: there is room for every slot to come back.
        free_slots_.reserve(free_slots_.size() + (mapped_.size() + 1) * slots_per_block);
    }
    char* const slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
}

entry journal::begin(const intent& what) {
    entry made{free_slot_or_null(), ++last_};
    if (made.slot == nullptr) return made;
    ++open_count_;
    row r;
    r.seq = made.seq;
    r.time_ms = std::chrono::duration_cast<std::chrono::milliseconds>(what.time.time_since_epoch()).count();
    r.request_id = what.request_id;
    r.key = what.key;
    r.route = what.route;
    r.model = core::shown(what.model);
    r.endpoint = what.endpoint;
    r.stream = what.stream;
    write_slot(made.slot, r);
    return made;
}

void journal::progress(const entry& which, const progress_report& so_far) {
    if (which.slot == nullptr) return;
    update_slot(which.slot, [&so_far](row& r) {
        r.pool = so_far.pool;
        r.upstream = so_far.upstream;
        r.served_model = core::shown(so_far.served_model);
        r.status = so_far.status;
        r.attempts = so_far.attempts;
        r.usage = so_far.usage;
        r.cost = so_far.cost;
        r.first_token_ms = so_far.first_token_ms;
        r.duration_ms = so_far.duration_ms;
        r.object = so_far.object;
        r.owes = so_far.owes;
    });
}

bool journal::settle(entry& which, const record::request_record& what) {
    row r = row_of(what);
    r.seq = which.seq != 0 ? which.seq : ++last_;
    if (current_ == nullptr || current_->tail.load(std::memory_order_relaxed) + largest_frame > block_size) {
        block* const next = next_block();
        if (next == nullptr) {
            return settle_in_place(which, r);
        }
        current_ = next;
    }
    const std::uint32_t tail = current_->tail.load(std::memory_order_relaxed);
    const std::size_t size = write_frame(current_->base + tail, r);
    current_->tail.store(tail + static_cast<std::uint32_t>(size), std::memory_order_release);
    abandon(which);
    return true;
}

// Without room for a frame the request's own slot keeps its final state, and the next start settles it from there.
bool journal::settle_in_place(entry& which, const row& final_state) {
    const auto overwrite = [&final_state](row& r) { r = final_state; };
    const bool kept = which.slot != nullptr && update_slot(which.slot, overwrite);
    bump(kept ? delayed_ : lost_);
    which = {};
    return kept;
}

void journal::abandon(entry& which) {
    if (which.slot != nullptr) {
        free_slot(which.slot);
        free_slots_.push_back(which.slot);
        --open_count_;
    }
    which = {};
}

std::size_t journal::take(std::size_t most, taken& marks, const std::function<void(const row&)>& each) {
    std::vector<block*> blocks;
    {
        const std::lock_guard lock(lock_);
        for (const auto& b : used_) blocks.push_back(b.get());
    }
    std::size_t count = 0;
    for (block* const b : blocks) {
        const std::uint32_t tail = b->tail.load(std::memory_order_acquire);
        std::uint32_t at = b->released;
        while (at < tail && count < most) {
            row r;
            const std::size_t size = read_frame({b->base + at, tail - at}, r);
            if (size == 0) {  // damaged in place: nothing after it can be told apart, so the block waits for no one
                at = tail;
                break;
            }
            each(r);
            ++count;
            at += static_cast<std::uint32_t>(size);
        }
        marks.marks.emplace_back(b, at);
    }
    return count;
}

void journal::release(const taken& marks) {
    std::vector<std::unique_ptr<block>> done;
    {
        const std::lock_guard lock(lock_);
        for (const auto& [which, at] : marks.marks) {
            auto& b = *static_cast<block*>(which);
            if (b.released != at) mark_moved(b.base, at);  // a start after kill -9 knows it then
            b.released = at;
        }
        while (!used_.empty()) {
            const block& oldest = *used_.front();
            if (!oldest.sealed || oldest.released != oldest.tail.load(std::memory_order_relaxed)) break;
            done.push_back(std::move(used_.front()));
            used_.pop_front();
        }
    }
    for (const auto& b : done) {  // outside the lock: the worker may be waiting for a block
        std::memset(b->base + block_header_size, 0, b->released - block_header_size);
        mark_moved(b->base, 0);
        b->released = block_header_size;
        b->tail.store(block_header_size, std::memory_order_relaxed);
        b->sealed = false;
    }
    const std::lock_guard lock(lock_);
    std::move(done.begin(), done.end(), std::back_inserter(spare_));
}

bool journal::prepare(std::string& why) {
    const std::lock_guard lock(lock_);
    // A block is memory, too: the second one is for a worker that has begun to fill them.
    const std::size_t wanted = used_.empty() ? 1 : spare_blocks;
    while (spare_.size() < wanted) {
        auto made = make_block(why);
        if (!made) return false;
        spare_.push_back(std::move(made));
    }
    return true;
}

std::size_t journal::bytes() {
    const std::lock_guard lock(lock_);
    return bytes_;
}

bool journal::empty() {
    const std::lock_guard lock(lock_);
    if (open_count_ > 0) return false;
    return std::all_of(used_.begin(), used_.end(), [](const auto& b) { return b->released == b->tail.load(std::memory_order_relaxed); });
}

}  // namespace weir::ledger
