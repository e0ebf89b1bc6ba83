// WebSocket tunnels: after the upstream has switched protocols, bytes go both ways untouched, each way held back by its receiver.
// What they say is read beside their way (exchange/tunnel_watch.hpp) and counted; only an upstream's 101 to a client that asked opens a tunnel
// (CVE-2026-2833).
#include "dialect/error_body.hpp"
#include "exchange/exchange_runner.hpp"
#include "exchange/tunnel_watch.hpp"
#include "http/websocket.hpp"
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

enum class ended : std::uint8_t { no, closed, by_client, by_upstream, idle, total, budget, unpriced, drained, aborted };

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

}  // namespace

struct exchange_runner::tunnel {
    explicit tunnel(dialect::endpoint of) : watch(of == dialect::endpoint::responses) {}
    tunnel_watch watch;
    ended how = ended::no;
    bool fault_told = false;
    bool client_silent = false;  ///< it said goodbye, and nothing more comes from it
    bool for_the_bill = false;   ///< the client is gone; the upstream is read until its response is accounted for
    core::time_point quiet_since{};
    core::time_point closing_by = core::never;
};

// Over /v1/responses each response names its model: the first one stands for the session, in a label too, where it must not change any more.
void exchange_runner::name_model(std::string_view model) {
    if (model.empty() || !asked_.facts.model.empty()) return;
    asked_.facts.model = model;
    told_.record.served_model = asked_.facts.model;
    told_.record.model = core::shown(asked_.facts.model);
    told_.record.model_label = view_->shared->routes->model_label(asked_.facts.model);
}

// False: this response has used up the key's budget.
bool exchange_runner::count_response(const dialect::realtime_facts& said) {
    const bool names_models = asked_.target.id == dialect::endpoint::responses;
    if (names_models) name_model(said.model);
    if (!said.has_usage) return true;
    const auto& used = said.usage;
    told_.record.usage += used;
    told_.record.has_usage = true;
    if (names_models) money_.price_by(said.model.empty() ? nullptr : conf().prices.find(said.model, told_.record.upstream));
    if (!money_.price() && !used.empty()) told_.record.priced = false;
    const auto cost = money_.cost_of(used);
    money_.add(cost);
    money_.progress_is_due_at({});  // each response is in the ledger before the client sees its end
    note_progress();
    return money_.spend(cost, core::wall_clock::now());
}

// Each response names its model when it begins, before it costs anything.
bool exchange_runner::may_go_on(const dialect::realtime_facts& said) const {
    const bool names_models = asked_.target.id == dialect::endpoint::responses;
    if (!names_models || !asked_.caller || !asked_.caller->refuses_unpriced()) return true;
    if (said.model.empty()) return said.response_began;
    return conf().prices.find(said.model, told_.record.upstream) != nullptr;
}

// How much of what the upstream said goes on to the client.
std::size_t exchange_runner::hear_upstream(tunnel& t, std::string_view fresh) {
    const auto passes = t.watch.server_says(fresh, [this, &t](const dialect::realtime_facts& said) {
        const bool lasts = count_response(said);
        const bool priced = may_go_on(said);
        if (!lasts || !priced) t.how = lasts ? ended::unpriced : ended::budget;
        return lasts && priced;
    });
    if (t.for_the_bill && !t.watch.response_open()) t.how = ended::by_client;
    if (t.watch.server().closed()) {
        // Nothing that costs comes behind it; its last byte must not reach the client before the account is settled.
        told_.record.estimated = t.watch.incomplete();
        settle();
    }
    return t.for_the_bill ? 0 : passes;
}

void exchange_runner::move_bytes(tunnel& t, bool& moved) {
    auto& client = client_.socket();
    auto& server = upstream_->sock;
    if (!t.client_silent) {
        const auto up = move_on(client, client_.input(), server, told_.record.bytes_in, moved, [&t](std::string_view fresh) {
            t.watch.client_says(fresh);
            return fresh.size();
        });
        if (up == moving::sink_failed) t.how = goodbye_said(t) ? ended::closed : ended::by_upstream;
        if (up == moving::source_ended) {
            t.client_silent = true;
            const bool waits = t.watch.response_open() && pool_->conf->on_disconnect == config::on_disconnect::drain && !home_.draining;
            if (t.watch.client().closed()) {
                t.closing_by = std::min(t.closing_by, now() + closing_time);
            } else if (waits) {
                t.for_the_bill = gone_ = true;
                total_deadline_ = std::min(total_deadline_, now() + wait_for_bill);
                up_.clear();
            } else {
                t.how = ended::by_client;
            }
        }
    }
    if (t.how != ended::no) return;
    const auto down =
        move_on(server, up_, client, told_.record.bytes_out, moved, [this, &t](std::string_view fresh) { return hear_upstream(t, fresh); });
    if (t.how != ended::no) return;
    if (down == moving::source_ended) t.how = goodbye_said(t) ? ended::closed : ended::by_upstream;
    if (down == moving::sink_failed) t.how = goodbye_said(t) ? ended::closed : ended::by_client;
}

bool exchange_runner::goodbye_said(const tunnel& t) { return t.watch.client().closed() || t.watch.server().closed(); }

void exchange_runner::look_at_ends(tunnel& t) {
    const auto& watch = t.watch;
    if (!t.fault_told && !watch.fault().empty()) {
        t.fault_told = true;
        home_.metrics.tunnel_unread(told_.record.pool);
        telemetry::log(telemetry::level::warn, "tunnel of request " + std::string{told_.record.request_id} + " to " + pool_->conf->name + "/" +
                                                   to_->conf->name + ": " + std::string{watch.fault()} +
                                                   "; it goes on, but what follows is not counted");
    }
    if (t.how != ended::no) return;
    if (goodbye_said(t)) t.closing_by = std::min(t.closing_by, now() + closing_time);
    if (watch.client().closed() && watch.server().closed() && up_.empty() && client_.input().empty())
        t.how = ended::closed;
    else if (client_.aborting() || stopped())
        t.how = ended::aborted;
    else if (now() >= t.closing_by)
        t.how = ended::closed;
    else if (now() >= total_deadline_)
        t.how = t.for_the_bill ? ended::by_client : ended::total;
    else if (now() >= core::after(t.quiet_since, pool_->conf->timeouts.idle))
        t.how = ended::idle;
    else if (home_.draining && !watch.response_open() && now() >= t.quiet_since + quiet_when_draining)
        t.how = ended::drained;
}

core::time_point exchange_runner::tunnel_deadline(const tunnel& t) const {
    auto by = std::min(std::min(total_deadline_, t.closing_by), core::after(t.quiet_since, pool_->conf->timeouts.idle));
    if (home_.draining && !t.watch.response_open()) by = std::min(by, t.quiet_since + quiet_when_draining);
    return by;
}

net::task<void> exchange_runner::relay_tunnel() {
    tunnel t{asked_.target.id};
    told_.record.stream = true;
    body_.drop(home_.space);
    money_.price_by(price_of_answer());
    active_streams_ = &home_.metrics.active_streams(told_.record.listener);
    active_streams_->add(1);
    client_head_ += "connection: upgrade\r\nupgrade: websocket\r\n";
    write_client_head(false, false, 0);
    after_ = after::cut;
    net::gather out;
    out.clear();
    out.add(client_head_);
    auto sending = send_to_client(out);
    const bool alive = co_await std::move(sending);
    if (!alive) t.how = ended::by_client;
    // What came along with the heads.
    t.watch.client_says(client_.input().view());
    const auto passes = up_.empty() ? 0 : hear_upstream(t, up_.view());
    up_.drop_from(passes);
    told_.record.bytes_out += passes;
    t.quiet_since = now();
    client_.wake_on_drain(true);
    int moves = 0;
    while (t.how == ended::no) {
        bool moved = false;
        move_bytes(t, moved);
        if (moved) t.quiet_since = now();
        look_at_ends(t);
        if (t.how != ended::no) break;
        if (moved) {
            if (++moves % moves_per_turn == 0) co_await client_.sleeper().yield();
            continue;
        }
        client_.input().release_if_empty();
        up_.release_if_empty();
        (void)co_await sleep_until(tunnel_deadline(t));
    }
    client_.wake_on_drain(false);
    look_at_ends(t);
    auto ending = end_tunnel(t);
    co_await std::move(ending);
    client_.input().release();
    release_upstream(false);
}

// What weir itself ends is ended as the protocol asks for, where a frame may stand; what broke stays broken.
net::task<void> exchange_runner::end_tunnel(tunnel& t) {
    core::error why;
    std::string_view reason;
    auto code = close_code::going_away;
    switch (t.how) {
        case ended::no:
        case ended::closed: after_ = after::close; break;
        case ended::by_client: gone_ = true; break;
        case ended::by_upstream:
            told_.record.code = core::code::stream_interrupted;
            told_.record.close_reason = "upstream";
            told_.record.interrupted_phase = name_of(record::failure::reset);
            told_.record.attempts[attempt_at_].why = record::failure::reset;
            lease_.report(policy::outcome::failure, core::duration{0}, now(), pool_->conf->ejection, home_.random.unit());
            break;
        case ended::idle: told_.record.close_reason = "idle", reason = "silent for longer than the pool's timeouts.idle"; break;
        case ended::total: told_.record.close_reason = "total", reason = "the pool's timeouts.total is over"; break;
        case ended::drained:
        case ended::aborted:
            told_.record.close_reason = "drain";
            reason = "this gateway is being stopped; connect again";
            if (stopped()) note_cut();
            if (order_.why() == core::code::ended_by_operator) reason = "the gateway's operator has ended this session";
            break;
        case ended::unpriced:
            why = core::error{core::code::model_not_priced, "the key '" + std::string{told_.record.key} +
                                                                "' may only call models that have a price, and this one has none: "
                                                                "the session ends here"};
            told_.record.code = why.what;
            told_.record.close_reason = told_.record.interrupted_phase = "budget";
            code = close_code::policy_violation;
            reason = "model_not_priced";
            break;
        case ended::budget:
            why = core::error{core::code::budget_exceeded,
                              "the budget of the key '" + std::string{told_.record.key} + "' is spent: the session ends here"};
            told_.record.code = why.what;
            told_.record.close_reason = told_.record.interrupted_phase = "budget";
            code = close_code::policy_violation;
            reason = "budget_exceeded";
            break;
    }
    told_.record.estimated = t.watch.incomplete();
    settle();
    if (reason.empty()) co_return;
    const auto& down = t.watch.server();
    const auto& up = t.watch.client();
    std::string last_words;
    if (down.at_boundary() && !down.failed() && !down.closed()) {
        if (why) last_words = http::text_frame(dialect::write_websocket_error(asked_.target.id, why));
        last_words += http::close_frame(code, reason);
        after_ = after::close;
    }
    if (up.at_boundary() && !up.failed() && !up.closed() && client_.input().empty() && upstream_->sock.writable()) {
        const auto bits = home_.random();
        const auto goodbye =
            http::close_frame(close_code::going_away, {},
                              {static_cast<char>(bits), static_cast<char>(bits >> 8), static_cast<char>(bits >> 16), static_cast<char>(bits >> 24)});
        const iovec piece{const_cast<char*>(goodbye.data()), goodbye.size()};
        (void)upstream_->sock.write({&piece, 1});
    }
    net::gather out;
    out.clear();
    out.add(up_.view());
    out.add(last_words);
    auto sending = client_.flush(out, std::min(order_.last_words_by(), now() + closing_time));
    const bool sent = co_await std::move(sending);
    told_.record.bytes_out += last_words.size();
    if (!sent) after_ = after::cut;
}

}  // namespace weir::exchange
