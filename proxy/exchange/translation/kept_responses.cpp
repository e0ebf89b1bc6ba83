#include "exchange/translation/kept_responses.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "dialect/hub/reading.hpp"
#include "dialect/percent_encoding.hpp"
#include "exchange/own/local_reply.hpp"
#include "exchange/translation/service.hpp"
#include "exchange/translation/stored_turn.hpp"
#include "ledger/responses_store.hpp"

namespace weir::exchange {
namespace {

constexpr auto longest_search = std::chrono::seconds{5};

/// What the store is asked; `found` and `gone` may be read once `done` is true.
struct store_question {
    std::atomic<bool> done{false};
    ledger::stored_ref found;
    bool gone = false;
};

// As minted_id() makes them: a provider's own are longer.
bool is_ours(std::string_view id) {
    constexpr std::string_view prefix = "resp_";
    constexpr std::size_t digits = 24;
    if (!id.starts_with(prefix) || id.size() != prefix.size() + digits) return false;
    return id.find_first_not_of("0123456789abcdef", prefix.size()) == std::string_view::npos;
}

net::task<void> await(request& of, std::shared_ptr<store_question> question) {
    const auto until = core::after(of.now(), longest_search);
    while (!question->done.load(std::memory_order_acquire) && !of.watch.gone() && of.now() < until) (void)co_await of.told.time.sleep_until(until);
}

void answered(store_question& which, policy::wait_queue::bell& whom, std::uint64_t ticket) {
    which.done.store(true, std::memory_order_release);
    whom.ring(ticket);
}

net::task<ledger::stored_ref> find(request& of, std::string id) {
    const auto question = std::make_shared<store_question>();
    const ring_ticket ticket{of.at.bells, of.client.sleeper()};
    of.at.responses->find(std::move(id), [question, &whom = of.at.bells, number = ticket.number()](ledger::stored_ref found) {
        question->found = std::move(found);
        answered(*question, whom, number);
    });
    auto waiting = await(of, question);
    co_await std::move(waiting);
    co_return question->done.load(std::memory_order_acquire) ? question->found : nullptr;
}

net::task<bool> remove(request& of, std::string id) {
    const auto question = std::make_shared<store_question>();
    const ring_ticket ticket{of.at.bells, of.client.sleeper()};
    of.at.responses->remove(std::move(id), [question, &whom = of.at.bells, number = ticket.number()](bool worked) {
        question->gone = worked;
        answered(*question, whom, number);
    });
    auto waiting = await(of, question);
    co_await std::move(waiting);
    co_return question->done.load(std::memory_order_acquire) && question->gone;
}

bool is_of_caller(const request& of, const ledger::stored_response& what) { return what.key == of.told.record.key; }

// Another pool may have made it, where one speaks responses itself.
bool may_be_elsewhere(const request& of) {
    const auto& pools = of.conf().pools;
    return std::any_of(pools.begin(), pools.end(), [](const config::pool_conf& each) { return has_endpoint(each, dialect::endpoint::responses); });
}

core::error not_found(std::string_view id) { return {core::code::object_not_found, "Response with id '" + std::string{id} + "' not found."}; }

// What is asked of a stored response: the path behind its id.
enum class part_asked : std::uint8_t { all, items, other };
part_asked part_of(const request& of, std::string_view id) {
    const std::string path = dialect::decode_percent(of.what.target.suffix);
    const auto at = path.find(id);
    std::string_view rest = at == std::string::npos ? std::string_view{"?"} : std::string_view{path}.substr(at + id.size());
    while (rest.ends_with('/')) rest.remove_suffix(1);
    return rest.empty() ? part_asked::all : rest == "/input_items" ? part_asked::items : part_asked::other;
}

net::task<bool> tell(request& of, core::error& refusal, std::string id, part_asked what) {
    std::string body;
    const bool deletes = of.client.head().method == "DELETE";
    auto finding = find(of, id);
    const auto found = co_await std::move(finding);
    if (of.watch.left()) co_return false;
    if (!found || !is_of_caller(of, *found)) {
        if (found || !may_be_elsewhere(of)) refusal = not_found(id);
        co_return false;
    }
    if (deletes) {
        auto removing = remove(of, id);
        const bool gone = co_await std::move(removing);
        if (!gone) {
            refusal = core::error{core::code::overloaded, "the responses_store cannot be written now; try again soon", 1};
            co_return false;
        }
        body = R"({"id":")" + id + R"(","object":"response","deleted":true})";
    } else {
        body = what == part_asked::items ? list_of_items(*found, of.client.head().query) : found->document;
    }
    auto telling = answer_with(of, 200, std::move(body), "application/json");
    co_await std::move(telling);
    co_return true;
}

net::task<core::error> go_on(request& of, stored_turn& turn) {
    core::error why;
    const std::string previous = std::exchange(turn.previous, {});
    if (!is_ours(previous)) co_return why;
    auto finding = find(of, previous);
    const auto found = co_await std::move(finding);
    if (!found || of.watch.left()) co_return why;
    if (!is_of_caller(of, *found)) {
        why = core::error{core::code::previous_response_not_found, "'previous_response_id': Previous response with id '" + previous + "' not found."};
        co_return why;
    }
    why = of.body.replace(continued(of.body.bytes(), *found), of.company());
    if (why) co_return why;
    turn = read_turn(of.body.bytes());
    turn.previous = previous;
    co_return why;
}

}  // namespace

net::task<bool> meet_store(request& of, core::error& refusal) {
    const auto* about = of.object.details();
    if (about == nullptr || about->asked.kind != dialect::object_kind::response) co_return false;
    if (about->asked.makes) {
        if (!of.body.is_kept()) co_return false;
        auto& turn = of.object.take_turn(std::make_unique<stored_turn>(read_turn(of.body.bytes())));
        auto going = go_on(of, turn);
        refusal = co_await std::move(going);
        co_return false;
    }
    const auto& method = of.client.head().method;
    const auto what = part_of(of, about->asked.id);
    const bool serves = (method == "GET" && what != part_asked::other) || (method == "DELETE" && what == part_asked::all);
    if (!serves || !is_ours(about->asked.id)) co_return false;
    auto telling = tell(of, refusal, about->asked.id, what);
    co_return co_await std::move(telling);
}

void name_turn(const request& of, dialect::hub::answer_names& into) {
    const auto* turn = of.object.turn();
    if (turn == nullptr) return;
    into.is_kept = turn->is_kept && turn->input.size() <= of.conf().limits.request_body;
    into.previous = turn->previous;
}

void hold_items(request& of) {
    auto* turn = of.object.turn();
    if (turn != nullptr && turn->is_kept) turn->items = items_of(turn->input);
}

void keep_response(request& of, std::string_view said) {
    auto* turn = of.object.turn();
    if (turn == nullptr || !turn->is_kept) return;
    const auto document = ended_response(said);
    if (document.empty()) return;
    ledger::stored_response what;
    what.document = document;
    if (const auto* where = dialect::hub::index_of(what.document))
        what.id = dialect::hub::look_for_text(dialect::json::cursor{*where}, "id").decoded();
    what.input = std::move(turn->items);
    what.key = of.told.record.key;
    what.model = of.told.record.model;
    what.time_ms = std::chrono::duration_cast<std::chrono::milliseconds>(core::wall_clock::now().time_since_epoch()).count();
    turn->is_kept = false;
    if (what.input.size() + what.document.size() > of.conf().limits.request_body)
        return of.at.responses->refuse("responses_store: " + what.id + " is larger than limits.request_body and is not kept");
    of.at.responses->keep(std::move(what));
}

}  // namespace weir::exchange
