#include "ledger/responses_store.hpp"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "ledger/unix_time.hpp"

namespace weir::ledger {
namespace {

constexpr std::int64_t per_deletion = 200;  // rows are large, and others wait meanwhile

std::size_t size_of(const stored_response& what) { return what.input.size() + what.document.size(); }

}  // namespace

responses_store::responses_store(options how) : how_(std::move(how)), faults_(how_.on_fault) {}

std::unique_ptr<responses_store> responses_store::open(options how, std::string& error) {
    std::unique_ptr<responses_store> made(new responses_store(std::move(how)));
    verdict v = made->table_.open(made->how_.path, error);
    if (v == verdict::corrupt) v = made->table_.begin_anew(error, made->faults_);
    if (v != verdict::fine) return nullptr;
    made->desk_ = std::thread([store = made.get()] { store->run(); });
    made->expire();
    return made;
}

responses_store::~responses_store() {
    {
        const std::scoped_lock hold(lock_);
        stop_ = true;
    }
    wake_.notify_all();
    if (desk_.joinable()) desk_.join();
}

void responses_store::run() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals belong to the main thread
    for (;;) {
        job next;
        {
            std::unique_lock hold(lock_);
            wake_.wait(hold, [this] { return stop_ || !jobs_.empty(); });
            if (jobs_.empty()) return;
            next = std::move(jobs_.front());
            jobs_.pop_front();
        }
        next();
    }
}

void responses_store::add(job what) {
    {
        const std::scoped_lock hold(lock_);
        if (stop_) return;
        jobs_.push_back(std::move(what));
    }
    wake_.notify_one();
}

std::int64_t responses_store::oldest() const { return unix_ms(core::wall_clock::now() - how_.ttl); }

void responses_store::refuse(std::string_view why) {
    errors_.fetch_add(1, std::memory_order_relaxed);
    faults_.report(why);
}

// One message until it works again: a disk may stay full for hours.
bool responses_store::worked(verdict how, const std::string& why) {
    if (how == verdict::fine) {
        faults_.is_over(fault_reports::kind::move);
        return true;
    }
    errors_.fetch_add(1, std::memory_order_relaxed);
    faults_.complain(fault_reports::kind::move, why + "; responses are not kept, or not found, until that works again");
    return false;
}

void responses_store::keep(stored_response what) {
    const auto size = size_of(what);
    auto kept = std::make_shared<const stored_response>(std::move(what));
    bool taken = false;
    {
        const std::scoped_lock hold(lock_);
        taken = !stop_ && waiting_ + size <= how_.most_waiting;
        if (taken) {
            waiting_ += size;
            jobs_.emplace_back([this, kept] { write(kept); });
        }
    }
    if (taken) return wake_.notify_one();
    (void)worked(verdict::retry, "responses_store " + how_.path + ": more waits to be written than there is room for");
}

void responses_store::write(const stored_ref& what) {
    std::string why;
    verdict v = table_.add(*what, why);
    if (v == verdict::corrupt) {
        v = table_.begin_anew(why, faults_);
        if (v == verdict::fine) v = table_.add(*what, why);
    }
    (void)worked(v, why);
    const std::scoped_lock hold(lock_);
    waiting_ -= size_of(*what);
}

void responses_store::find(std::string id, std::function<void(stored_ref)> told) {
    add([this, id = std::move(id), told = std::move(told)] { look(id, told); });
}

// In its turn: what was handed over before is written by now, or could not be.
void responses_store::look(const std::string& id, const std::function<void(stored_ref)>& told) {
    stored_ref found;
    std::string why;
    if (!worked(table_.find(id, oldest(), found, why), why)) found = nullptr;
    told(std::move(found));
}

void responses_store::remove(std::string id, std::function<void(bool)> told) {
    add([this, id = std::move(id), told = std::move(told)] {
        std::string why;
        told(worked(table_.remove(id, why), why));
    });
}

void responses_store::expire() {
    add([this] { expire_some(); });
}

// Others have their turn between two steps.
void responses_store::expire_some() {
    std::string why;
    std::int64_t deleted = 0;
    if (!worked(table_.forget(oldest(), per_deletion, deleted, why), why)) return;
    bool more = deleted == per_deletion;
    if (!more) (void)worked(table_.compact(more, why), why);
    if (more) expire();
}

}  // namespace weir::ledger
