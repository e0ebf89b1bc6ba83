#include "exchange/answer/tunnel.hpp"

#include <array>

#include "core/shown_text.hpp"
#include "dialect/error_body.hpp"
#include "exchange/answer/answer_head.hpp"
#include "exchange/charge.hpp"
#include "telemetry/event_log.hpp"

namespace weir::exchange {
namespace {

using http::close_code;

// So many reads and writes before other connections of this worker get their turn.
constexpr int moves_per_turn = 64;
// Between the first close frame and the connection's end; also what last words may take.
constexpr auto closing_time = std::chrono::seconds{5};
// While the process drains, a session that says nothing for so long, and whose last response is over, is asked to come back elsewhere.
constexpr auto quiet_when_draining = std::chrono::seconds{2};
// The client left in the middle of a response: so long its bill is waited for (on_disconnect: drain).
constexpr auto wait_for_bill = std::chrono::seconds{60};

enum class moving : std::uint8_t { fine, source_ended, sink_failed };

// One step of one direction: reads when there is nothing left to write, writes what is there. `hear(fresh)` says how much of what was read goes on.
template <class F>
moving move_on(net::socket& from, net::buffer& held, net::socket& to, std::uint64_t& counted, bool& moved, F&& hear) {
    if (held.empty() && from.readable()) {
        held.need_slab();
        const auto r = from.read(held.free_begin(), held.free_size());
        if (r.what == net::io::ok) {
            const auto passes = hear(std::string_view{held.free_begin(), r.bytes});
            held.commit(passes);
            counted += passes;
            moved = true;
        } else if (r.what != net::io::again) {
            return moving::source_ended;
        }
    }
    if (!held.empty() && to.writable()) {
        const iovec piece{held.data(), held.size()};
        const auto r = to.write({&piece, 1});
        if (r.what == net::io::ok) {
            held.consume(r.bytes);
            moved = true;
        } else if (r.what != net::io::again) {
            return moving::sink_failed;
        }
    }
    return moving::fine;
}

// Each response names its model when it begins, before it costs anything.
bool may_go_on(const request& of, const dialect::realtime_facts& said) {
    if (of.what.target.id != dialect::endpoint::responses || !of.what.caller || !of.what.caller->refuses_unpriced()) return true;
    if (said.model.empty()) return said.response_began;
    return of.conf().prices.find(said.model, of.told.record.upstream) != nullptr;
}

}  // namespace

tunnel::tunnel(request& of, answer& in)
    : of_(of),
      in_(in),
      watch_(of.what.target.id == dialect::endpoint::responses),
      streams_(of.at.metrics.listeners().active_streams(of.told.record.listener)) {
    streams_.add(1);
}

tunnel::~tunnel() { streams_.add(-1); }

net::task<void> tunnel::run() {
    int moves = 0;
    auto opening = open();
    const bool alive = co_await std::move(opening);
    if (!alive) how_ = ended::by_client;
    // What came along with the heads.
    auto& down = in_.reader.window();
    watch_.client_says(of_.client.input().view());
    const auto passes = down.empty() ? 0 : hear_upstream(down.view());
    down.drop_from(passes);
    of_.told.record.bytes_out += passes;
    quiet_since_ = of_.now();
    of_.client.wake_on_drain(true);
    while (how_ == ended::no) {
        bool moved = false;
        move_bytes(moved);
        if (moved) quiet_since_ = of_.now();
        look_at_ends();
        if (how_ != ended::no) break;
        if (moved) {
            if (++moves % moves_per_turn == 0) co_await of_.client.sleeper().yield();
            continue;
        }
        of_.client.input().release_if_empty();
        down.release_if_empty();
        (void)co_await of_.told.time.sleep_until(deadline());
    }
    of_.client.wake_on_drain(false);
    look_at_ends();
    auto closing = close();
    co_await std::move(closing);
    of_.client.input().release();
    in_.release();
}

// Tells the client that the protocol is switched. False: it is gone.
net::task<bool> tunnel::open() {
    using flow = wire::client_stream::flow;
    auto& record = of_.told.record;
    record.status = in_.status;
    record.stream = true;
    of_.body.drop();
    in_.meters.cost.price = price_of(of_, in_.at);
    write_own_fields(of_, in_, false);
    of_.client.begin(std::move(in_.lines), {wire::body_size::kind::tunnel}, true);
    of_.client.end_as(wire::client_stream::ending::cut);  // until it is closed in an orderly way
    auto how = of_.client.write({}, true);
    while (how == flow::later && !of_.watch.gone()) {
        const auto woken = co_await of_.told.time.sleep_until(std::min(of_.watch.deadline(), of_.watch.order().last_words_by()));
        if (woken == net::woken::deadline && of_.watch.stopped()) of_.told.note_cut(of_.watch.order());
        if (woken == net::woken::deadline && !of_.watch.stopped()) of_.told.note_too_slow();
        how = woken == net::woken::deadline ? flow::gone : of_.client.flush();
    }
    if (how != flow::done) of_.watch.leave();
    co_return how == flow::done;
}

// --- the ways ---

void tunnel::move_bytes(bool& moved) {
    if (hearing_ == hearing::all) move_up(moved);
    if (how_ == ended::no) move_down(moved);
}

void tunnel::move_up(bool& moved) {
    const auto went =
        move_on(*of_.client.tunnel(), of_.client.input(), in_.from->tunnel(), of_.told.record.bytes_in, moved, [this](std::string_view fresh) {
            watch_.client_says(fresh);
            return fresh.size();
        });
    if (went == moving::sink_failed) how_ = goodbye_said() ? ended::closed : ended::by_upstream;
    if (went == moving::source_ended) client_fell_silent();
}

void tunnel::client_fell_silent() {
    hearing_ = hearing::nothing;
    const bool waits = watch_.response_open() && in_.at.pool->conf->on_disconnect == config::on_disconnect::drain && !of_.at.draining;
    if (watch_.client().closed()) {
        closing_by_ = std::min(closing_by_, of_.now() + closing_time);
    } else if (waits) {
        hearing_ = hearing::bill;
        of_.watch.leave();
        of_.watch.end_by(of_.now() + wait_for_bill);
        in_.reader.window().clear();
    } else {
        how_ = ended::by_client;
    }
}

void tunnel::move_down(bool& moved) {
    const auto went = move_on(in_.from->tunnel(), in_.reader.window(), *of_.client.tunnel(), of_.told.record.bytes_out, moved,
                              [this](std::string_view fresh) { return hear_upstream(fresh); });
    if (how_ != ended::no) return;
    if (went == moving::source_ended) how_ = goodbye_said() ? ended::closed : ended::by_upstream;
    if (went == moving::sink_failed) how_ = goodbye_said() ? ended::closed : ended::by_client;
}

// How much of what the upstream said goes on to the client.
std::size_t tunnel::hear_upstream(std::string_view fresh) {
    const auto passes = watch_.server_says(fresh, [this](const dialect::realtime_facts& said) {
        const bool lasts = count_response(said);
        const bool priced = may_go_on(of_, said);
        if (!lasts || !priced) how_ = lasts ? ended::unpriced : ended::budget;
        return lasts && priced;
    });
    const bool for_bill = hearing_ == hearing::bill;
    if (for_bill && !watch_.response_open()) how_ = ended::by_client;
    // Nothing that costs comes behind it; its last byte must not reach the client before the account is settled.
    if (watch_.server().closed()) settle_account();
    return for_bill ? 0 : passes;
}

// --- its end ---

void tunnel::look_at_ends() {
    if (!fault_told_ && !watch_.fault().empty()) {
        fault_told_ = true;
        of_.at.metrics.pools().tunnel_unread(of_.told.record.pool);
        telemetry::log(telemetry::level::warn, "tunnel of request " + std::string{of_.told.record.request_id} + " to " + in_.at.pool->conf->name +
                                                   "/" + in_.at.to->conf->name + ": " + std::string{watch_.fault()} +
                                                   "; it goes on, but what follows is not counted");
    }
    if (how_ != ended::no) return;
    if (goodbye_said()) closing_by_ = std::min(closing_by_, of_.now() + closing_time);
    how_ = reason_to_end();
}

tunnel::ended tunnel::reason_to_end() const {
    const auto now = of_.now();
    const bool nothing_left = in_.reader.window().empty() && of_.client.input().empty();
    if (watch_.client().closed() && watch_.server().closed() && nothing_left) return ended::closed;
    if (of_.client.aborting() || of_.watch.stopped()) return ended::aborted;
    if (now >= closing_by_) return ended::closed;
    if (now >= of_.watch.deadline()) return hearing_ == hearing::bill ? ended::by_client : ended::total;
    if (now >= core::after(quiet_since_, in_.at.pool->conf->timeouts.idle)) return ended::idle;
    const bool may_leave = of_.at.draining && !watch_.response_open();
    return may_leave && now >= quiet_since_ + quiet_when_draining ? ended::drained : ended::no;
}

core::time_point tunnel::deadline() const {
    auto by = std::min(std::min(of_.watch.deadline(), closing_by_), core::after(quiet_since_, in_.at.pool->conf->timeouts.idle));
    if (of_.at.draining && !watch_.response_open()) by = std::min(by, quiet_since_ + quiet_when_draining);
    return by;
}

tunnel::farewell tunnel::refuse(core::code why, std::string_view reason, std::string message) {
    auto& record = of_.told.record;
    record.code = why;
    record.close_reason = record.interrupted_phase = "budget";
    return {{why, std::move(message)}, reason, close_code::policy_violation};
}

// What the record says of it, and what both sides are told.
tunnel::farewell tunnel::note_end() {
    auto& record = of_.told.record;
    const std::string key{record.key};
    switch (how_) {
        case ended::no:
        case ended::closed: of_.client.end_as(wire::client_stream::ending::orderly); return {};
        case ended::by_client: of_.watch.leave(); return {};
        case ended::by_upstream:
            record.code = core::code::stream_interrupted;
            record.close_reason = "upstream";
            record.interrupted_phase = name_of(record::failure::reset);
            record.attempts[in_.entry].why = record::failure::reset;
            in_.lease.report(policy::outcome::failure, core::duration{0}, of_.now(), in_.at.pool->conf->ejection, of_.at.random.unit());
            return {};
        case ended::idle: record.close_reason = "idle"; return {{}, "silent for longer than the pool's timeouts.idle"};
        case ended::total: record.close_reason = "total"; return {{}, "the pool's timeouts.total is over"};
        case ended::drained:
        case ended::aborted: break;
        case ended::unpriced:
            return refuse(core::code::model_not_priced, "model_not_priced",
                          "the key '" + key + "' may only call models that have a price, and this one has none: the session ends here");
        case ended::budget:
            return refuse(core::code::budget_exceeded, "budget_exceeded", "the budget of the key '" + key + "' is spent: the session ends here");
    }
    if (of_.watch.stopped()) of_.told.note_cut(of_.watch.order());
    record.close_reason = "drain";
    return {{},
            of_.watch.order().why() == core::code::ended_by_operator ? "the gateway's operator has ended this session"
                                                                     : "this gateway is being stopped; connect again"};
}

// What weir itself ends is ended as the protocol asks for, where a frame may stand; what broke stays broken.
std::string tunnel::last_words(const farewell& of) {
    std::string words;
    const auto& down = watch_.server();
    if (!down.at_boundary() || down.failed() || down.closed()) return words;
    if (of.error) words = http::text_frame(dialect::write_websocket_error(of_.what.target.id, of.error));
    words += http::close_frame(of.code, of.reason);
    of_.client.end_as(wire::client_stream::ending::orderly);
    return words;
}

void tunnel::say_goodbye_to_upstream() {
    const auto& up = watch_.client();
    auto& server = in_.from->tunnel();
    if (!up.at_boundary() || up.failed() || up.closed() || !of_.client.input().empty() || !server.writable()) return;
    const auto bits = of_.at.random();
    const auto goodbye =
        http::close_frame(close_code::going_away, {},
                          {static_cast<char>(bits), static_cast<char>(bits >> 8), static_cast<char>(bits >> 16), static_cast<char>(bits >> 24)});
    const iovec piece{const_cast<char*>(goodbye.data()), goodbye.size()};
    (void)server.write({&piece, 1});
}

net::task<void> tunnel::close() {
    const auto told = note_end();
    settle_account();
    if (told.reason.empty()) co_return;
    const auto words = last_words(told);
    say_goodbye_to_upstream();
    net::gather out;
    out.clear();
    out.add(in_.reader.window().view());
    out.add(words);
    const auto by = std::min(of_.watch.order().last_words_by(), of_.now() + closing_time);
    auto& client = *of_.client.tunnel();
    bool alive = true;
    while (alive && !out.done()) {
        if (!client.writable()) {
            const auto woken = co_await of_.client.sleeper().wait(by);
            alive = !of_.client.aborting() && woken != net::woken::deadline;
            continue;
        }
        const auto r = client.write(out.pieces());
        if (r.what == net::io::ok) out.advance(r.bytes);
        alive = r.what == net::io::ok || r.what == net::io::again;
    }
    of_.told.record.bytes_out += words.size();
    if (!alive) of_.client.end_as(wire::client_stream::ending::cut);
}

// --- what it costs ---

void tunnel::settle_account() {
    auto& record = of_.told.record;
    if (of_.money.settled()) return;
    record.estimated = watch_.incomplete();
    record.cost = in_.meters.cost.spent;  // each response had its own price, or none
    settle(of_, nullptr);
}

// Over /v1/responses each response names its model: the first one stands for the session, in a label too, where it must not change any more.
void tunnel::name_model(std::string_view model) {
    auto& named = of_.what.facts.model;
    if (model.empty() || !named.empty()) return;
    auto& record = of_.told.record;
    named = model;
    record.served_model = named;
    record.model = core::shown(named);
    record.model_label = of_.view->shared->routes->model_label(named);
}

// False: this response has used up the key's budget.
bool tunnel::count_response(const dialect::realtime_facts& said) {
    auto& record = of_.told.record;
    if (names_models()) name_model(said.model);
    if (!said.has_usage) return true;
    const auto& used = said.usage;
    record.usage += used;
    record.has_usage = true;
    if (names_models()) in_.meters.cost.price = said.model.empty() ? nullptr : of_.conf().prices.find(said.model, record.upstream);
    if (!in_.meters.cost.price && !used.empty()) record.priced = false;
    const auto cost = in_.meters.cost.cost_of(used);
    in_.meters.cost.spent += cost;
    of_.money.progress_is_due_at({});  // each response is in the ledger before the client sees its end
    if (of_.money.takes_progress(of_.now())) {
        report_progress(of_, record.usage, in_.meters.cost.spent);
        of_.at.metrics.spend().show(record, in_.meters.cost.spent);
    }
    return of_.money.spend(cost, core::wall_clock::now());
}

net::task<void> tunnel_through(request& of, answer& in) {
    tunnel both{of, in};
    auto running = both.run();
    co_await std::move(running);
    of.told.end_attempt(in.entry, in.times.began, of.at.loop.tick());
}

}  // namespace weir::exchange
