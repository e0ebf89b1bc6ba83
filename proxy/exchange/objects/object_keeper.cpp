#include "exchange/objects/object_keeper.hpp"

#include <algorithm>
#include <utility>

#include "policy/keys/object_owner.hpp"
#include "probe/probe_request.hpp"
#include "telemetry/event_log.hpp"

namespace weir::exchange {
namespace {

using namespace std::chrono_literals;

// With a database the index bridges the time until a row has been moved there; without one it is all there is.
constexpr std::size_t most_with_books = 20'000, most_without_books = 100'000;
constexpr std::size_t most_asked = 10'000;
constexpr std::size_t most_jobs = 10'000;
constexpr auto look_again_after = 300ms;  // a predecessor moves its rows that often, and a little more
constexpr auto look_at_books_every = 2s;  // for what a predecessor's last requests made
constexpr auto charge_again_after = 5s;
constexpr int missed_at_most = 3;
constexpr wire::call_limits patience{.connect = 5000ms, .total = 20000ms, .body = 32u << 20};

std::int64_t milliseconds_of(core::wall_time when) { return std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count(); }

bool is_asked_for(const ledger::made_object& what) { return what.endpoint == dialect::label_of(dialect::endpoint::responses); }

bool too_old_to_ask(const ledger::made_object& what) { return milliseconds_of(core::wall_clock::now() - policy::asked_for_at_most) > what.time_ms; }

usage::counts difference(usage::counts now, const usage::counts& before) {
    now.input -= before.input;
    now.cached_input -= before.cached_input;
    now.cache_write -= before.cache_write;
    now.cache_write_1h -= before.cache_write_1h;
    now.output -= before.output;
    now.reasoning -= before.reasoning;
    now.audio_input -= before.audio_input;
    now.audio_output -= before.audio_output;
    now.image_output -= before.image_output;
    return now;
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

object_keeper::object_keeper(settings how)
    : how_(std::move(how)), index_(how_.books ? most_with_books : most_without_books), desk_([this] { run_desk(); }) {}

object_keeper::~object_keeper() { stop(); }

void object_keeper::stop() {
    {
        const std::scoped_lock lock(lock_);
        stopping_ = true;
    }
    wake_desk_.notify_all();
    wake_askers_.notify_all();
    for (auto& each : cancel_) each.cancel();
    if (desk_.joinable()) desk_.join();
    for (auto& each : askers_)
        if (each.joinable()) each.join();
}

std::shared_ptr<const pools::snapshot> object_keeper::current() const {
    const std::scoped_lock lock(lock_);
    return snapshot_;
}

void object_keeper::use(std::shared_ptr<const pools::snapshot> s) {
    bool first = false;
    {
        const std::scoped_lock lock(lock_);
        first = snapshot_ == nullptr;
        snapshot_ = std::move(s);
    }
    if (first && how_.books) later(clock::now(), [this] { recall_owed(true); });
}

void object_keeper::leave_asking_to_successor() {
    if (!how_.books) return;  // it knows nothing of what was made here
    const std::scoped_lock lock(lock_);
    left_to_successor_ = true;
    to_ask_.clear();
}

void object_keeper::expire(core::wall_time now) {
    index_.forget_before(milliseconds_of(now - policy::objects_kept));
    if (how_.books) how_.books->forget(policy::objects_kept, now);
}

// ---- what waits for its time

void object_keeper::later(clock::time_point due, std::function<void()> job) {
    {
        const std::scoped_lock lock(lock_);
        if (stopping_ || jobs_.size() >= most_jobs) return;
        jobs_.emplace(due, std::move(job));
    }
    wake_desk_.notify_one();
}

void object_keeper::run_desk() {
    std::unique_lock lock(lock_);
    for (;;) {
        const bool any = !jobs_.empty();
        const bool due = any && jobs_.begin()->first <= clock::now();
        if (!due && stopping_) return;  // what is due is done first
        if (!any) {
            wake_desk_.wait(lock);
        } else if (!due) {
            wake_desk_.wait_until(lock, jobs_.begin()->first);
        } else {
            auto job = std::move(jobs_.extract(jobs_.begin()).mapped());
            lock.unlock();
            job();
            lock.lock();
        }
    }
}

// ---- who made it

void object_keeper::owes(ledger::object_ref of) {
    of->owes = true;
    if (is_asked_for(of->made)) schedule({.of = std::move(of)});
}

std::shared_ptr<object_search> object_keeper::search(std::string id, policy::wait_queue::bell& whom, std::uint64_t ticket) {
    if (!how_.books) return nullptr;
    auto asked = std::make_shared<object_search>();
    later(clock::now(), [this, asked, id = std::move(id), &whom, ticket] { look(asked, id, whom, ticket, sharing()); });
    return asked;
}

void object_keeper::look(const std::shared_ptr<object_search>& what, const std::string& id, policy::wait_queue::bell& whom, std::uint64_t ticket,
                         bool again) {
    what->found = index_.find(id);
    if (!what->found)
        if (auto known = how_.books->find(id)) what->found = index_.add(std::move(*known));
    if (!what->found && again)
        return later(clock::now() + look_again_after, [this, what, id, &whom, ticket] { look(what, id, whom, ticket, false); });
    what->done.store(true, std::memory_order_release);
    whom.ring(ticket);
}

// ---- asking for background responses

void object_keeper::recall_owed(bool again) {
    const auto owed = how_.books->owed(core::wall_clock::now() - policy::asked_for_at_most, most_asked);
    for (const auto& each : owed)
        if (is_asked_for(each)) schedule({.of = index_.add(each)});
    // Once more than the other process lives: what it left behind when it was killed is moved after its end.
    const bool shared = sharing();
    if (shared || again) later(clock::now() + look_at_books_every, [this, shared] { recall_owed(shared); });
}

void object_keeper::schedule(asking one) {
    {
        const std::scoped_lock lock(lock_);
        if (stopping_ || left_to_successor_ || asked_.size() >= most_asked) return;
        if (one.times == 0 && !asked_.insert(one.of->made.id).second) return;
        const auto due = clock::now() + policy::pause_before_asking(one.times);
        to_ask_.emplace(due, std::move(one));
        while (askers_.size() < cancel_.size()) askers_.emplace_back([this, which = askers_.size()] { run_asker(which); });
    }
    wake_askers_.notify_one();
}

std::shared_ptr<object_search> object_keeper::ask_first(ledger::object_ref of, policy::wait_queue::bell& whom, std::uint64_t ticket) {
    if (!is_asked_for(of->made)) return nullptr;
    auto asked = std::make_shared<object_search>();
    {
        const std::scoped_lock lock(lock_);
        if (stopping_) return nullptr;
        asking one{.of = std::move(of)};
        one.once = [asked, &whom, ticket] {
            asked->done.store(true, std::memory_order_release);
            whom.ring(ticket);
        };
        to_ask_.emplace(clock::time_point::min(), std::move(one));
        while (askers_.size() < cancel_.size()) askers_.emplace_back([this, which = askers_.size()] { run_asker(which); });
    }
    wake_askers_.notify_one();
    return asked;
}

void object_keeper::run_asker(std::size_t which) {
    std::unique_lock lock(lock_);
    while (!stopping_) {
        if (to_ask_.empty()) {
            wake_askers_.wait(lock);
        } else if (const auto due = to_ask_.begin()->first; due > clock::now()) {
            wake_askers_.wait_until(lock, due);
        } else {
            auto one = std::move(to_ask_.extract(to_ask_.begin()).mapped());
            lock.unlock();
            ask(std::move(one), which);
            lock.lock();
        }
    }
}

void object_keeper::ask(asking one, std::size_t which) {
    const auto& what = one.of->made;
    const auto s = current();
    bool over = !one.of->owes || !s || too_old_to_ask(what);
    const pools::pool_runtime* pool = nullptr;
    const pools::upstream_runtime* up = over ? nullptr : upstream_of(*s, what, pool);
    const std::string path = dialect::path_of(dialect::object_kind::response, what.id);
    if (up != nullptr && !path.empty()) {
        probe::probe_question question;
        question.path = probe::endpoint_path(pool->conf->dialect, up->conf->base_path, path);
        question.purpose = "background";
        const auto request = probe::write_probe(*pool, *up, question);
        const auto said = wire::call(up->target, request, patience, &cancel_[which]);
        const bool missing = said.how == wire::call_answer::end::answered && (said.status == 404 || said.status == 410);
        one.missed = missing ? one.missed + 1 : 0;
        over = answered(one, said);
    }
    if (one.once) return one.once();
    ++one.times;
    if (over) {
        const std::scoped_lock lock(lock_);
        asked_.erase(what.id);
    } else {
        schedule(std::move(one));
    }
}

// Whether there is no more to ask for.
bool object_keeper::answered(const asking& one, const wire::call_answer& said) {
    if (one.missed >= missed_at_most) {
        reported(one.of, {}, true);  // deleted, or never kept: nobody will know
        return true;
    }
    if (said.how != wire::call_answer::end::answered || said.status != 200 || !said.whole) return false;
    dialect::object_reader reader{dialect::object_kind::response, dialect::answer_form::json, false};
    reader.feed(said.body);
    reader.end();
    if (reader.usages().empty() && !reader.over()) return false;
    reported(one.of, reader.usages(), true);
    return true;
}

// ---- usage that came late

void object_keeper::reported(ledger::object_ref of, std::vector<dialect::model_usage> usages, bool over) {
    if (!of->owes) return;
    later(clock::now(), [this, of = std::move(of), usages = std::move(usages), over] { charge(of, usages, over); });
}

void object_keeper::charge(const ledger::object_ref& of, const std::vector<dialect::model_usage>& usages, bool over) {
    const auto s = current();
    auto& what = of->made;
    if (!of->owes || !s || (usages.empty() && !over)) return;
    usage::counts used = usages.empty() ? what.booked : usage::counts{};
    usage::nanousd cost = usages.empty() ? what.booked_cost : 0;
    for (const auto& each : usages) {
        const auto& prices = s->conf->prices;
        const std::string& sent = usages.size() > 1 || what.served_model.empty() ? each.model : what.served_model;
        const auto* price = prices.find_sent(sent, what.model, what.upstream);
        used += each.used;
        if (price != nullptr) cost += usage::cost_of(*price, each.used);
    }
    if (!over && cost <= what.booked_cost) return;  // a report before the end says no more than the last one
    ledger::row row;
    const auto now = core::wall_clock::now();
    row.time_ms = milliseconds_of(now);
    row.request_id = what.request_id;
    row.key = what.key;
    row.model = what.model.empty() && !usages.empty() ? std::string_view{usages.front().model} : std::string_view{what.model};
    row.served_model = what.served_model;
    row.pool = what.pool;
    row.upstream = what.upstream;
    row.endpoint = what.endpoint;
    row.usage = difference(used, what.booked);
    row.cost = cost - what.booked_cost;
    const policy::key* maker = nullptr;
    if (s->keys)
        for (const auto& key : s->keys->keys())
            if (key.name() == what.key) maker = &key;
    if (maker != nullptr) policy::charge_late(*maker, row.cost, now);
    if (how_.books) {
        const auto how = how_.books->charge_late(row, {what.id, what.booked_cost, cost, !over});
        if (how != ledger::late_charge::charged && maker != nullptr) policy::charge_late(*maker, -row.cost, now);
        if (how == ledger::late_charge::failed)
            return later(clock::now() + charge_again_after, [this, of, usages, over] { charge(of, usages, over); });
        if (how == ledger::late_charge::not_due) {
            of->owes = false;
            return;
        }
    }
    what.booked = used;
    what.booked_cost = cost;
    of->owes = !over;
    if (how_.tell)
        how_.tell({what.key, row.model.empty() ? std::string{} : std::string{s->routes->model_label(row.model)}, what.pool, row.usage, row.cost});
}

}  // namespace weir::exchange
