#include "exchange/open_exchanges.hpp"

#include "exchange/exchange.hpp"

namespace weir::exchange {
namespace {

constexpr std::size_t errors_kept = 32;

}  // namespace

void open_exchanges::add(exchange& e) { open_.add(e); }

void open_exchanges::remove(exchange& e) { open_.remove(e); }

std::vector<open_request> open_exchanges::described() const {
    std::vector<open_request> out;
    open_.for_each([&out](const exchange& e) { out.push_back(e.describe()); });
    return out;
}

bool open_exchanges::end(std::string_view request_id) {
    for (auto* e = open_.first(); e; e = e->next) {
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
