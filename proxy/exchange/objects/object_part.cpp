#include "exchange/objects/object_part.hpp"

#include <algorithm>
#include <optional>

#include "exchange/answer/answer.hpp"
#include "exchange/charge.hpp"
#include "exchange/objects/object_keeper.hpp"
#include "exchange/request.hpp"
#include "policy/keys/object_owner.hpp"

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

void object_part::note_head(request& of, const http::request_head& h) {
    if (of.what.target.refusal || of.what.about_weir() || !of.at.objects) return;
    auto asked = dialect::object_asked(of.what.target, h.method, h.query);
    if (!asked) return;
    it_ = std::make_unique<exchange_object>();
    it_->asked = std::move(*asked);
}

void object_part::note_body(request& of) {
    if (!of.what.facts.deferred || it_ || !of.at.objects) return;
    it_ = std::make_unique<exchange_object>();
    it_->asked = {.kind = dialect::object_kind::deferred, .makes = true, .id = {}, .lines = false};
}

// Until the keeper has an answer, or it takes too long.
net::task<void> object_part::await(request& of, std::shared_ptr<object_search> search, core::time_point until) {
    bool waiting = search != nullptr;
    while (waiting && !of.watch.gone()) {
        if (search->done.load(std::memory_order_acquire) || of.now() >= until) break;
        (void)co_await of.told.time.sleep_until(until);
    }
    co_return;
}

net::task<core::error> object_part::find(request& of) {
    core::error refusal;
    if (it_->asked.id.empty() || it_->asked.id.size() > dialect::longest_object_id) co_return judge(of);
    auto& keeper = *of.at.objects;
    it_->known = keeper.find(it_->asked.id);
    if (!it_->known) {
        const ring_ticket ticket{of.at.bells, of.client.sleeper()};
        auto search = keeper.search(it_->asked.id, of.at.bells, ticket.number());
        auto waiting = await(of, search, core::after(of.now(), longest_search));
        co_await std::move(waiting);
        if (search && search->done.load(std::memory_order_acquire)) it_->known = search->found;
    }
    refusal = judge(of);
    // What is deleted can no longer be asked what it cost.
    if (!refusal && of.client.head().method == "DELETE" && it_->awaits_usage()) {
        const ring_ticket ticket{of.at.bells, of.client.sleeper()};
        auto look = keeper.ask_first(it_->known, of.at.bells, ticket.number());
        auto waiting = await(of, look, core::after(of.now(), longest_last_look));
        co_await std::move(waiting);
    }
    co_return refusal;
}

core::error object_part::judge(const request& of) const {
    const auto& asked = it_->asked;
    if (asked.id.empty()) return {};
    const auto* known = it_->known.get();
    const std::optional<std::string_view> maker = known ? std::optional<std::string_view>{known->made.key} : std::nullopt;
    if (policy::may_reach(of.what.caller, maker)) return {};
    return {core::code::object_not_found, std::string{noun_of(asked.kind)} + " with id '" + asked.id.substr(0, 100) + "' not found."};
}

policy::picked object_part::pick_maker(request& of, pools::pool_view& pool) const {
    if (!it_ || !it_->known || it_->known->made.pool != pool.pool->conf->name) return {};
    policy::tried_set others;
    bool there = false;
    const auto& all = pool.pool->upstreams;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].conf->name == it_->known->made.upstream)
            there = true;
        else
            others.add(i);
    }
    if (!there) return {};
    return pool.balancer.pick(pool.members, others, false, of.now(), of.at.random());
}

// --- the answer ---

void object_part::begin(const answer& in, bool collected) {
    if (!it_) return;
    it_->reader.reset();
    const bool fine = in.status >= 200 && in.status < 300;
    if (!fine || in.how.coding != http::content_coding::identity || !reads_answer() || it_->ours) return;
    const bool is_stream = in.how.form == answer_form::events;
    if (!is_stream && in.how.form != answer_form::json && !it_->asked.lines) return;
    const bool events = is_stream && !collected;  // what is collected is passed on as a document
    const auto form = it_->asked.lines ? dialect::answer_form::lines : events ? dialect::answer_form::events : dialect::answer_form::json;
    it_->reader = std::make_unique<dialect::object_reader>(it_->asked.kind, form, it_->asked.makes);
}

void object_part::feed(request& of, const answer& in, std::string_view bytes) {
    if (!it_ || !it_->reader) return;
    it_->reader->feed(bytes);
    if (!it_->asked.makes || it_->reader->id().empty()) return;
    it_->made = it_->reader->id();
    it_->reader.reset();  // what it costs is read elsewhere
    if (!in.is_stream()) return;
    // The client may use the id at once, and it must be known also if weir dies before the end of the stream.
    keep(of);
    of.told.record.owes = of.told.record.owes || (of.what.facts.background && it_->ours);
    of.money.progress_is_due_at({});
    note_progress(of, in);
}

void object_part::keep(request& of) {
    auto& record = of.told.record;
    ledger::made_object what;
    what.id = it_->made;
    what.key = record.key;
    what.pool = record.pool;
    what.upstream = record.upstream;
    what.endpoint = dialect::label_of(of.what.target.id);
    what.request_id = record.request_id;
    what.model = record.model;
    what.served_model = record.served_model;
    what.time_ms = std::chrono::duration_cast<std::chrono::milliseconds>(record.time.time_since_epoch()).count();
    auto kept = of.at.objects->made(std::move(what));
    // An id that was given before stays with whom it was given to.
    if (kept->made.request_id == record.request_id) it_->ours = std::move(kept);
    record.object = it_->made;
}

bool object_part::owes(const request& of) const {
    const auto& record = of.told.record;
    if (record.has_usage && !record.estimated) return false;
    return it_->asked.kind != dialect::object_kind::response || of.what.facts.background;
}

void object_part::settle(request& of, bool ended) {
    if (!it_) return;
    if (it_->made.empty()) return report(of, ended);
    auto& record = of.told.record;
    if (!it_->ours) keep(of);
    record.owes = it_->ours && owes(of);
    if (!record.owes) return;
    it_->ours->made.booked = record.usage;
    it_->ours->made.booked_cost = record.cost;
    of.at.objects->owes(it_->ours);
}

// An answer about an object that owes: what it says is charged to the object's maker.
void object_part::report(request& of, bool ended) {
    if (!it_->reader || !it_->awaits_usage()) return;
    using enum dialect::object_kind;
    auto& said = *it_->reader;
    said.end();
    const auto kind = it_->asked.kind;
    const bool may_go_on = kind == batch || kind == video || kind == message_batch;
    // Of a part of an answer nothing is concluded but what it reports.
    const bool over = ended && (said.over() || it_->asked.lines || (!may_go_on && !said.usages().empty()));
    of.at.objects->reported(it_->known, said.usages(), over);
    it_->reader.reset();
}

}  // namespace weir::exchange
