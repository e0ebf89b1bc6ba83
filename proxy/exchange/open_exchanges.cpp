#include "exchange/open_exchanges.hpp"

#include "exchange/exchange.hpp"

namespace weir::exchange {
namespace {

constexpr std::size_t errors_kept = 32;

}  // namespace

void open_exchanges::add(exchange& e) {
    e.next = first_;
    if (first_) first_->previous = &e;
    first_ = &e;
}

void open_exchanges::remove(exchange& e) {
    if (e.previous)
        e.previous->next = e.next;
    else
        first_ = e.next;
    if (e.next) e.next->previous = e.previous;
}

std::vector<open_request> open_exchanges::described() const {
    std::vector<open_request> out;
    for (const auto* e = first_; e; e = e->next) out.push_back(e->describe());
    return out;
}

bool open_exchanges::end(std::string_view request_id) {
    for (auto* e = first_; e; e = e->next) {
        if (e->request_id() != request_id) continue;
        e->end_now(core::code::ended_by_operator);
        return true;
    }
    return false;
}

void open_exchanges::note_error(const record::request_record& what) {
    if (errors_.size() == errors_kept) errors_.pop_front();
    const auto text = [](std::string_view v) { return std::string{v}; };
    errors_.push_back({what.time, text(what.request_id), text(what.key), text(what.model), text(what.pool), text(what.upstream),
                       text(core::name_of(what.code)), what.status});
}

}  // namespace weir::exchange
