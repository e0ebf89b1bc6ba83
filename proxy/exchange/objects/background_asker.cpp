#include "exchange/objects/background_asker.hpp"

#include <chrono>
#include <utility>

#include "policy/keys/object_owner.hpp"
#include "probe/probe_request.hpp"

namespace weir::exchange {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr int missed_at_most = 3;
constexpr wire::call_limits patience{.connect = 5000ms, .total = 20000ms, .body = 32u << 20};

bool too_old_to_ask(const ledger::made_object& what) {
    const auto oldest = core::wall_clock::now() - policy::asked_for_at_most;
    return std::chrono::duration_cast<std::chrono::milliseconds>(oldest.time_since_epoch()).count() > what.time_ms;
}

const pools::upstream_runtime* upstream_of(const pools::snapshot& s, const ledger::made_object& what, const pools::pool_runtime*& pool) {
    for (const auto& p : s.pools)
        for (const auto& up : p.upstreams)
            if (p.conf->name == what.pool && up.conf->name == what.upstream) {
                pool = &p;
                return &up;
            }
    return nullptr;
}

}  // namespace

bool background_asker::asks_for(const ledger::made_object& what) { return what.endpoint == dialect::label_of(dialect::endpoint::responses); }

void background_asker::stop() {
    {
        const std::scoped_lock lock(lock_);  // whoever schedules is through, or adds nothing and begins no thread
        to_ask_.clear();                     // before its end is told: who wakes then finds nothing more to ask
        to_ask_.end();
    }
    for (auto& each : cancel_) each.cancel();
    for (auto& each : threads_)
        if (each.joinable()) each.join();
}

void background_asker::leave() {
    const std::scoped_lock lock(lock_);
    left_ = true;
    to_ask_.clear();
}

void background_asker::schedule(asking one) {
    const std::scoped_lock lock(lock_);
    if (left_ || asked_.size() >= most_asked) return;
    if (one.times == 0 && !asked_.insert(one.of->made.id).second) return;
    const auto due = clock::now() + policy::pause_before_asking(one.times);
    if (to_ask_.add(due, std::move(one))) begin_threads();
}

bool background_asker::ask_first(ledger::object_ref of, std::function<void()> done) {
    const std::scoped_lock lock(lock_);
    asking one{.of = std::move(of)};
    one.once = std::move(done);
    if (!to_ask_.add(clock::time_point::min(), std::move(one))) return false;
    begin_threads();
    return true;
}

// Under the lock.
void background_asker::begin_threads() {
    while (threads_.size() < cancel_.size()) threads_.emplace_back([this, which = threads_.size()] { run(which); });
}

void background_asker::run(std::size_t which) {
    while (auto next = to_ask_.take()) ask(std::move(*next), cancel_[which]);
}

void background_asker::ask(asking one, wire::call_canceller& by) {
    const auto s = current_.get();
    const bool over = !one.of->owes || !s || too_old_to_ask(one.of->made) || ask_provider(one, *s, by);
    if (one.once) return one.once();
    ++one.times;
    if (!over) return schedule(std::move(one));
    const std::scoped_lock lock(lock_);
    asked_.erase(one.of->made.id);
}

// Whether there is no more to ask for.
bool background_asker::ask_provider(asking& one, const pools::snapshot& s, wire::call_canceller& by) const {
    const auto& what = one.of->made;
    const pools::pool_runtime* pool = nullptr;
    const auto* up = upstream_of(s, what, pool);
    const std::string path = dialect::path_of(dialect::object_kind::response, what.id);
    if (up == nullptr || path.empty()) return false;
    probe::probe_question question;
    question.path = probe::endpoint_path(pool->conf->dialect, up->conf->base_path, path);
    question.purpose = "background";
    const auto request = probe::write_probe(*pool, *up, question);
    const auto said = wire::call(up->target, request, patience, &by);
    const bool missing = said.how == wire::call_answer::end::answered && (said.status == 404 || said.status == 410);
    one.missed = missing ? one.missed + 1 : 0;
    return answered(one, said);
}

// Likewise.
bool background_asker::answered(const asking& one, const wire::call_answer& said) const {
    if (one.missed >= missed_at_most) {
        tell_(one.of, {}, true);  // deleted, or never kept: nobody will know
        return true;
    }
    if (said.how != wire::call_answer::end::answered || said.status != 200 || !said.whole) return false;
    dialect::object_reader reader{dialect::object_kind::response, dialect::answer_form::json, false};
    reader.feed(said.body);
    reader.end();
    if (reader.usages().empty() && !reader.over()) return false;
    tell_(one.of, reader.usages(), true);
    return true;
}

}  // namespace weir::exchange
