// Objects that providers keep: whose is the one that a request names, where was it made, what did this answer make, and what does it say of its cost.
#include <algorithm>
#include <optional>

#include "exchange/exchange_runner.hpp"
#include "exchange/objects/object_keeper.hpp"
#include "policy/object_owner.hpp"

namespace weir::exchange {
namespace {

// So long a request waits for a word about an object: from the database, or from the provider before it is deleted.
constexpr auto longest_search = std::chrono::seconds{5};
constexpr auto longest_last_look = std::chrono::seconds{10};

std::string_view noun_of(dialect::object_kind kind) {
    using enum dialect::object_kind;
    switch (kind) {
        case response: return "Response";
        case video: return "Video";
        case deferred: return "Deferred completion";
        default: return "Batch";
    }
}

}  // namespace

void exchange_runner::note_object(const http::request_head& h) {
    if (asked_.target.refusal || asked_.about_weir() || !home_.objects) return;
    auto asked = dialect::object_asked(asked_.target, h.method, h.query);
    if (!asked) return;
    object_ = std::make_unique<exchange_object>();
    object_->asked = std::move(*asked);
}

// Until the keeper has an answer, or it takes too long.
net::task<void> exchange_runner::await_object(std::shared_ptr<object_search> search, core::time_point until) {
    bool waiting = search != nullptr;
    while (waiting && !client_gone()) {
        if (search->done.load(std::memory_order_acquire) || now() >= until) break;
        (void)co_await sleep_until(until);
    }
    co_return;
}

// Whose is the object that the path names?
net::task<core::error> exchange_runner::find_object() {
    core::error refusal;
    if (object_->asked.id.empty() || object_->asked.id.size() > dialect::longest_object_id) co_return judge_object();
    auto& keeper = *home_.objects;
    object_->known = keeper.find(object_->asked.id);
    if (!object_->known) {
        const ring_ticket ticket{home_.bells, client_.sleeper()};
        auto search = keeper.search(object_->asked.id, home_.bells, ticket.number());
        auto waiting = await_object(search, core::after(now(), longest_search));
        co_await std::move(waiting);
        if (search && search->done.load(std::memory_order_acquire)) object_->known = search->found;
    }
    refusal = judge_object();
    // What is deleted can no longer be asked what it cost.
    if (!refusal && head().method == "DELETE" && object_->awaits_usage()) {
        const ring_ticket ticket{home_.bells, client_.sleeper()};
        auto look = keeper.ask_first(object_->known, home_.bells, ticket.number());
        auto waiting = await_object(look, core::after(now(), longest_last_look));
        co_await std::move(waiting);
    }
    co_return refusal;
}

core::error exchange_runner::judge_object() const {
    const auto& asked = object_->asked;
    if (asked.id.empty()) return {};
    const auto* known = object_->known.get();
    const std::optional<std::string_view> maker = known ? std::optional<std::string_view>{known->made.key} : std::nullopt;
    if (policy::may_reach(asked_.caller, maker)) return {};
    return {core::code::object_not_found, std::string{noun_of(asked.kind)} + " with id '" + asked.id.substr(0, 100) + "' not found."};
}

// The upstream where the object was made, if it can be asked: another one of the pool may be another account.
policy::picked exchange_runner::pick_maker(pools::pool_view& pool) {
    if (!object_ || !object_->known || plan_.attempts() > 0 || object_->known->made.pool != pool_->conf->name) return {};
    policy::tried_set others;
    bool there = false;
    for (std::size_t i = 0; i < pool_->upstreams.size(); ++i) {
        if (pool_->upstreams[i].conf->name == object_->known->made.upstream)
            there = true;
        else
            others.add(i);
    }
    if (!there) return {};
    return pool.balancer.pick(pool.members, others, false, now(), home_.random());
}

// --- the answer ---

bool exchange_runner::reads_object() const { return object_ && object_->reads_answer(); }

void exchange_runner::read_object_from(bool fine, bool encoded, std::string_view type) {
    if (!object_) return;
    object_->reader.reset();
    if (!fine || encoded || !reads_object() || object_->ours) return;
    const auto is = [&](std::string_view wanted) { return type.size() >= wanted.size() && http::iequals(type.substr(0, wanted.size()), wanted); };
    const bool events = is("text/event-stream") && !collecting_;  // what is collected is passed on as a document
    if (!is("text/event-stream") && !is("application/json") && !object_->asked.lines) return;
    const auto form = object_->asked.lines ? dialect::answer_form::lines : events ? dialect::answer_form::events : dialect::answer_form::json;
    object_->reader = std::make_unique<dialect::object_reader>(object_->asked.kind, form, object_->asked.makes);
}

void exchange_runner::feed_object(std::string_view bytes) {
    if (!object_ || !object_->reader) return;
    object_->reader->feed(bytes);
    if (!object_->asked.makes || object_->reader->id().empty()) return;
    object_->made = object_->reader->id();
    object_->reader.reset();  // what it costs is read elsewhere
    if (!event_mode_) return;
    // The client may use the id at once, and it must be known also if weir dies before the end of the stream.
    keep_object();
    told_.record.owes = told_.record.owes || (asked_.facts.background && object_->ours);
    money_.progress_is_due_at({});
    note_progress();
}

void exchange_runner::keep_object() {
    ledger::made_object what;
    what.id = object_->made;
    what.key = told_.record.key;
    what.pool = told_.record.pool;
    what.upstream = told_.record.upstream;
    what.endpoint = dialect::label_of(asked_.target.id);
    what.request_id = told_.record.request_id;
    what.model = told_.record.model;
    what.served_model = told_.record.served_model;
    what.time_ms = std::chrono::duration_cast<std::chrono::milliseconds>(told_.record.time.time_since_epoch()).count();
    auto kept = home_.objects->made(std::move(what));
    // An id that was given before stays with whom it was given to.
    if (kept->made.request_id == told_.record.request_id) object_->ours = std::move(kept);
    told_.record.object = object_->made;
}

bool exchange_runner::object_owes() const {
    if (told_.record.has_usage && !told_.record.estimated) return false;
    return object_->asked.kind != dialect::object_kind::response || asked_.facts.background;
}

// With the request's own account, which the row and the object share.
void exchange_runner::settle_object() {
    if (object_->made.empty()) return end_object();
    if (!object_->ours) keep_object();
    told_.record.owes = object_->ours && object_owes();
    if (!told_.record.owes) return;
    object_->ours->made.booked = told_.record.usage;
    object_->ours->made.booked_cost = told_.record.cost;
    home_.objects->owes(object_->ours);
}

// An answer about an object that owes: what it says is charged to the object's maker.
void exchange_runner::end_object() {
    if (!object_->reader || !object_->awaits_usage()) return;
    using enum dialect::object_kind;
    auto& said = *object_->reader;
    said.end();
    const auto kind = object_->asked.kind;
    const bool may_go_on = kind == batch || kind == video || kind == message_batch;
    // Of a part of an answer nothing is concluded but what it reports.
    const bool over = framing_.done() && (said.over() || object_->asked.lines || (!may_go_on && !said.usages().empty()));
    home_.objects->reported(object_->known, said.usages(), over);
    object_->reader.reset();
}

// What such a request costs was charged when the object was made, or is charged to its maker.
bool exchange_runner::is_free() const { return object_ && !object_->asked.makes; }

}  // namespace weir::exchange
