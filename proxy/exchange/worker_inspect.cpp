// What operators see of a worker and tell it. Runs on the worker's thread, between two batches of events.
#include "exchange/exchange_runner.hpp"
#include "exchange/worker.hpp"

namespace weir::exchange {
namespace {

constexpr std::size_t errors_kept = 32;

}  // namespace

void worker::add(exchange_runner& e) {
    e.next = exchanges_;
    if (exchanges_) exchanges_->previous = &e;
    exchanges_ = &e;
}

void worker::remove(exchange_runner& e) {
    if (e.previous)
        e.previous->next = e.next;
    else
        exchanges_ = e.next;
    if (e.next) e.next->previous = e.previous;
}

std::vector<open_request> worker::open_requests() const {
    std::vector<open_request> out;
    for (const auto* e = exchanges_; e; e = e->next) out.push_back(e->describe());
    return out;
}

bool worker::end_request(std::string_view request_id) {
    for (auto* e = exchanges_; e; e = e->next) {
        if (e->request_id() != request_id) continue;
        e->end_now(core::code::ended_by_operator);
        return true;
    }
    return false;
}

void worker::set_weight(std::string_view pool, std::string_view upstream, int weight) {
    if (!view_) return;
    for (auto& p : view_->pools)
        for (std::size_t i = 0; p.pool->conf->name == pool && i < p.members.size(); ++i)
            if (p.pool->upstreams[i].conf->name == upstream) p.members[i].weight = weight;
}

void worker::note_error(const record::request_record& what) {
    if (errors_.size() == errors_kept) errors_.pop_front();
    const auto text = [](std::string_view v) { return std::string{v}; };
    errors_.push_back({what.time, text(what.request_id), text(what.key), text(what.model), text(what.pool), text(what.upstream),
                       text(core::name_of(what.code)), what.status});
}

open_request exchange_runner::describe() const {
    open_request out;
    out.request_id = record_.request_id;
    out.client = record_.client;
    out.key = record_.key;
    out.endpoint = record_.endpoint;
    out.model = record_.model;
    out.pool = record_.pool;
    out.upstream = record_.upstream;
    out.stream = record_.stream;
    out.age_ms = std::chrono::duration_cast<std::chrono::milliseconds>(core::clock::now() - watch_.began()).count();
    if (meter_) {
        out.output_tokens = meter_->output();
        if (const auto* price = money_.price() ? money_.price() : price_of_answer())
            out.cost = usage::cost_of(*price, meter_->estimate(reader_.usage()));
    }
    return out;
}

}  // namespace weir::exchange
