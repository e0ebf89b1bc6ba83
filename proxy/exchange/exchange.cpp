#include "exchange/exchange.hpp"

#include "dialect/hub/spokes.hpp"
#include "dialect/read/served_model.hpp"
#include "exchange/answer/relay.hpp"
#include "exchange/answer/tunnel.hpp"
#include "exchange/charge.hpp"
#include "exchange/own/local_reply.hpp"
#include "exchange/race/race.hpp"

namespace weir::exchange {
namespace {

void count_skipped(telemetry::pool_metrics& to, const translated_answer& of) {
    const auto all = of.skipped();
    const auto& counts = all.counts();
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (counts[i] > 0) to.skipped(dialect::hub::name_of(of.speaks()), dialect::hub::skipped_parts::names[i], counts[i]);
}

}  // namespace

exchange::exchange(home& at, wire::client_stream& client, peer& from) : of_(at, client, from) { at.open.add(*this); }

exchange::~exchange() {
    of_.at.open.remove(*this);
    if (answer_) answer_->release();
    publish();
    of_.body.leave_input();
}

net::task<void> exchange::run() {
    core::error refusal;
    bool found = false;
    {
        auto admitting = admitted();
        const bool goes_on = co_await std::move(admitting);
        if (!goes_on) co_return;
    }
    {
        // This scope frees what the attempts needed before the answer is passed on, which may take an hour.
        auto asking = find_answer(of_, answer_, refusal);
        found = co_await std::move(asking);
        of_.at_hand = answer_.get();
    }
    if (refusal) {
        auto telling = answer_error(of_, std::move(refusal), answer_.get());
        co_await std::move(telling);
    } else if (found) {
        auto passing = answer_->status == 101 ? tunnel_through(of_, *answer_) : relay_to_client(of_, *answer_);
        co_await std::move(passing);
    }
    settle(of_, answer_.get());
    // What was not delivered to its end must not be followed by another answer.
    if (of_.watch.left())
        of_.client.end_as(of_.watch.reading() == reading_for::connection ? wire::client_stream::ending::cut : wire::client_stream::ending::reset);
}

void exchange::end_now(core::code why) {
    if (of_.watch.stop(why, of_.at.loop.tick())) of_.client.sleeper().interrupt();
}

open_request exchange::describe() const {
    open_request out;
    const auto& record = of_.told.record;
    out.request_id = record.request_id;
    out.client = record.client;
    out.key = record.key;
    out.endpoint = record.endpoint;
    out.model = record.model;
    out.pool = record.pool;
    out.upstream = record.upstream;
    out.stream = record.stream;
    out.age_ms = std::chrono::duration_cast<std::chrono::milliseconds>(of_.at.loop.clock().moment() - of_.told.time.began()).count();
    if (const auto* in = of_.at_hand; in && in->meters.counted) {
        out.output_tokens = in->meters.counted->output();
        out.cost = in->meters.cost.cost_of(in->meters.counted->estimate(in->reader.said().usage()));
    }
    return out;
}

void exchange::publish() {
    if (of_.told.is_published()) return;
    auto& record = of_.told.record;
    note_departure(of_);
    settle(of_, answer_.get());
    record.bytes_out += of_.client.sent();
    of_.told.publish(of_.at, of_.conf());
    if (!answer_) return;
    const auto& in = *answer_;
    const bool named = in.meters.counted && in.reader.has_content() && dialect::is_other_model(record.served_model, in.reader.said().served_model());
    if (in.meters.other_model || named) of_.at.metrics.pools().other_model(record.pool);
    if (in.translated) count_skipped(of_.at.metrics.pools(), *in.translated);
}

}  // namespace weir::exchange
