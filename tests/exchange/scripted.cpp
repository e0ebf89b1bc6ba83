#include "exchange/scripted.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "config/load.hpp"
#include "http/head.hpp"
#include "net/resolver.hpp"

namespace weir::scripted {
namespace {

using namespace std::chrono_literals;
using got = wire::answer_source::got;

constexpr std::string_view conf_text = R"(
listeners: [{address: "127.0.0.1:0"}]
state: {ledger: off}
log: {access: off}
keys: [{name: one, secret: sk-one, concurrent: 1, budgets: [{usd: 100, every: 1d}]}]
pools:
  plain:
    retry: {attempts: 2, backoff: 0ms, budget: 100%}
    timeouts: {connect: 2s, first_byte: 3s, first_token: 4s, idle: 3s, total: 30s}
    upstreams: [{name: a, url: "http://127.0.0.1:9", weight: 1000}, {name: b, url: "http://127.0.0.2:9"}]
  hedged:
    retry: {attempts: 2, backoff: 0ms, budget: 100%}
    hedge: {after: 500ms, budget: 100%}
    timeouts: {connect: 2s, first_byte: 3s, first_token: 4s, idle: 3s, total: 30s}
    upstreams: [{name: a, url: "http://127.0.0.1:9", weight: 1000}, {name: b, url: "http://127.0.0.2:9"}]
routes: [{models: [hedged], pool: hedged}, {models: ["*"], pool: plain}]
)";

net::detached drive(exchange::exchange& one, bool& done) {
    auto running = one.run();
    co_await std::move(running);
    done = true;
}

std::string request_for(std::string_view model, bool streams) {
    const std::string body = R"({"model":")" + std::string{model} + R"(","messages":[{"role":"user","content":"Say something"}])" +
                             (streams ? R"(,"stream":true)" : "") + "}";
    return "POST /v1/chat/completions HTTP/1.1\r\nhost: weir\r\nauthorization: Bearer sk-one\r\ncontent-type: application/json\r\ncontent-length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// What a worker has, on one loop that turns only when it is told to.
class bench {
public:
    bench() : at_(metrics_.worker_shard(0), log_.worker_lane(0), counts_, 7) {
        const auto loaded = config::load_text(std::string{conf_text}, "/nowhere/weir.yaml", [](std::string_view) { return std::nullopt; });
        for (const auto& f : loaded.faults)
            if (!f.warning) ADD_FAILURE() << config::to_string(f);
        auto conf = std::make_shared<config::conf>(*loaded.value);
        usage::model_price price;
        price.pattern = "*";
        price.price.input = price.price.output = 1'000'000;
        conf->prices = usage::price_book{{price}};
        snapshot_ = pools::make_snapshot(std::move(conf), names_, nullptr);
        auto on = std::make_shared<pools::listener_runtime>();
        on->name = "test";
        from_.emplace(std::move(on));
        counts_.doubt = [] {};
        auto view = std::make_shared<pools::worker_view>();
        view->shared = snapshot_;
        for (const auto& pool : snapshot_->pools) {
            pools::pool_view p{&pool, policy::balancer{pool.conf->balance, pool.conf->ejection, pool.conf->panic}, {}, {}};
            for (std::size_t i = 0; i < pool.upstreams.size(); ++i) {
                p.members.push_back({pool.upstreams[i].state.get(), pool.upstreams[i].conf->weight, 0});
                p.connections.push_back(std::make_shared<links>(stage_, i));
            }
            view->pools.push_back(std::move(p));
        }
        at_.view = std::move(view);
    }

    outcome play(std::string_view model, bool streams, std::vector<script> upstreams, std::chrono::milliseconds slow) {
        outcome out;
        stage_.upstreams = std::move(upstreams);
        stage_.asked.assign(stage_.upstreams.size(), 0);
        stage_.heard = stage_.steps = stage_.asked;
        client who{at_.loop, request_for(model, streams), slow};
        {
            exchange::exchange one{at_, who, *from_};
            stage_.who = &who;
            stage_.stop = [&] { one.end_now(core::code::ended_by_operator); };
            drive(one, out.ended);
            turn_until(out.ended);
            stage_.stop = nullptr;
            if (!out.ended) return out;
        }
        out.status = who.lines.size() > 12 ? std::atoi(who.lines.c_str() + 9) : 0;
        out.body = who.body;
        out.complete = who.complete && !who.cut;
        out.cut = who.cut;
        out.asked = stage_.asked;
        if (!at_.open.errors().empty()) out.told = at_.open.errors().back().code;
        if (stage_.broken_at != core::never) out.took_after = at_.loop.now() - stage_.broken_at;
        out.heard = stage_.heard;
        out.steps = stage_.steps;
        const auto& key = snapshot_->keys->keys().front();
        out.spent = spent_before_ - key.left(0, core::wall_clock::now());
        spent_before_ -= out.spent;
        for (const auto& pool : snapshot_->pools)
            for (const auto& up : pool.upstreams) out.in_flight += up.state->load.in_flight();
        out.may_ask_again = static_cast<bool>(snapshot_->keys->admit(&key, {.cost = 0}, at_.loop.now(), core::wall_clock::now()));
        return out;
    }

private:
    // The clock is moved, never waited for.
    void turn_until(const bool& done) {
        constexpr int most = 20000;
        for (int i = 0; i < most && !done; ++i) {
            at_.loop.post([] {});  // it never sleeps
            at_.loop.turn();
            at_.loop.clock().skip(5ms);
        }
    }

    telemetry::metrics metrics_;
    telemetry::access_log log_{"off"};
    exchange::process_counts counts_;
    net::resolver names_{net::resolver::settings{.threads = 0}};
    exchange::home at_;
    stage stage_{at_.loop};
    std::shared_ptr<const pools::snapshot> snapshot_;
    std::optional<exchange::peer> from_;
    usage::nanousd spent_before_ = 100'000'000'000;
};

}  // namespace

// --- an upstream ---

fault stream::step() {
    const auto& s = script_();
    const bool now = on_.steps[which_]++ == s.faulty;
    if (!now) return fault::none;
    on_.broken_at = std::min(on_.broken_at, on_.loop.now());
    if (s.what == fault::cancel) on_.who->leave();
    // As operators do: not from within what runs.
    if (s.what == fault::stop)
        on_.loop.post([&on = on_] {
            if (on.stop) on.stop();
        });
    // Nothing but that wakes who waits.
    return s.what == fault::cancel || s.what == fault::stop ? fault::hang : s.what;
}

void stream::alarm::on_deadline() {
    whose->ready_ = true;
    whose->sleeper_->wake();
}

void stream::come_back(std::chrono::milliseconds after) {
    ready_ = false;
    if (hanging_) return;
    alarm_.whose = this;
    on_.loop.timers().arm(alarm_, on_.loop.now() + after);
}

void stream::begin(wire::request_out& head, net::gather& out) {
    head.start = std::string{head.method} + " " + head.path + "\r\n";
    out.add(head.start);
    out.add(head.lines);
}

wire::upstream_stream::flow stream::flush(net::gather& out) {
    switch (step()) {
        case fault::fail:
        case fault::hang_up: return flow::broken;
        case fault::hang: hanging_ = true; return flow::later;
        default: break;
    }
    out.advance(out.left());
    ++on_.heard[which_];
    come_back(script_().before_head + 10ms);
    return flow::done;
}

wire::upstream_stream::flow stream::send_more(std::string_view piece, std::size_t& taken) {
    taken = piece.size();
    return flow::done;
}

got stream::read(net::buffer& into) {
    if (!ready_) return got::again;
    ready_ = false;
    switch (step()) {
        case fault::fail: broken_ = true; return got::malformed;
        case fault::hang_up: broken_ = true; return got::closed;
        case fault::hang: hanging_ = true; return got::again;
        default: break;
    }
    const auto& piece = script_().pieces[next_++];
    std::memcpy(into.free_begin(), piece.data(), piece.size());
    into.commit(piece.size());
    if (next_ < script_().pieces.size()) come_back(10ms);
    if (in_body_) return got::bytes;
    const auto parsed = http::parse_response_head(into.view(), 64 * 1024, false, head_);
    EXPECT_EQ(parsed.state, http::parse_state::done);
    head_size_ = parsed.consumed;
    return got::head;
}

got stream::take_head(net::buffer& from) {
    from.consume(head_size_);
    in_body_ = true;
    return got::bytes;
}

net::task<wire::dialled> links::dial(net::waiter& sleeper, net::dial_watch watch, core::time_point deadline) {
    wire::dialled out;
    ++on_.asked[which_];
    on_.steps[which_] = 0;
    auto line = std::make_unique<stream>(on_, which_);
    line->wake(sleeper);
    const auto how = line->step();
    if (how == fault::fail || how == fault::hang_up) {
        out.why = how == fault::fail ? net::dial_failure::connect : net::dial_failure::tls;
        co_return out;
    }
    line->hanging_ = how == fault::hang;
    line->come_back(10ms);
    while (!line->ready_) {
        const auto woken = co_await sleeper.wait(deadline);
        if (watch.ended())
            out.why = net::dial_failure::cancelled;
        else if (woken == net::woken::deadline)
            out.why = net::dial_failure::timeout;
        if (out.why != net::dial_failure::none) co_return out;
    }
    line->ready_ = false;
    out.stream = std::move(line);
    co_return out;
}

// --- the client ---

client::client(net::reactor& loop, std::string_view request, std::chrono::milliseconds slow) : client_stream(loop), slow_(slow) {
    in_.reserve(request.size() + net::padding);
    std::memcpy(in_.free_begin(), request.data(), request.size());
    in_.commit(request.size());
    const auto parsed = http::parse_request_head(in_.view(), 64 * 1024, head_);
    EXPECT_EQ(parsed.state, http::parse_state::done);
    head_size_ = static_cast<std::uint32_t>(parsed.consumed);
}

http::request_head& client::head() { return head_; }

// All of it came with the head.
wire::body_piece client::next_piece(std::uint64_t) {
    using kind = wire::body_piece::kind;
    wire::body_piece out;
    walked_ += chunks_.next(in_.view().substr(head_size_ + walked_), out.bytes);
    out.is = out.bytes.empty() ? kind::end : kind::bytes;
    return out;
}

void client::leave() {
    gone_ = true;
    sleeper_.loop().post([this, alive = std::weak_ptr<bool>{alive_}] {
        if (!alive.expired()) sleeper_.wake();
    });
}

void client::begin(std::string head_lines, wire::body_size size, bool) {
    EXPECT_FALSE(begun_) << "one answer has one head";
    lines = std::move(head_lines);
    open_ended = size.is == wire::body_size::kind::unknown;
    begun_ = true;
}

wire::client_stream::flow client::write(std::span<const std::string_view> pieces, bool last) {
    EXPECT_TRUE(begun_);
    EXPECT_FALSE(complete) << "nothing follows the last byte";
    if (gone_) return flow::gone;
    EXPECT_TRUE(waiting_.empty()) << "what was given before has not gone out";
    for (const auto& p : pieces) waiting_ += p;
    last_waits_ = last;
    if (slow_ > 0ms && waiting_.find("[DONE]") != std::string::npos) {
        ready_at_ = sleeper_.loop().now() + slow_;
        alarm_.whom = &sleeper_;
        sleeper_.loop().timers().arm(alarm_, ready_at_);
    }
    return flush();
}

wire::client_stream::flow client::flush() {
    if (gone_) return flow::gone;
    if (sleeper_.loop().now() < ready_at_) return flow::later;
    sent_ += waiting_.size();
    body += std::exchange(waiting_, {});
    complete = complete || std::exchange(last_waits_, false);
    return flow::done;
}

// --- a run ---

outcome play(std::string_view model, bool streams, std::vector<script> upstreams, std::chrono::milliseconds slow) {
    bench one;
    return one.play(model, streams, std::move(upstreams), slow);
}

script saying(std::string_view word, bool streams) {
    script out;
    const auto event = [&](std::string_view delta) { return "data: {\"choices\":[{\"delta\":" + std::string{delta} + "}]}\n\n"; };
    if (!streams) {
        out.pieces = {"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
                      R"({"choices":[{"message":{"role":"assistant","content":")", std::string{word},
                      R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5}})"};
        return out;
    }
    const auto piece = R"({"content":")" + std::string{word} + R"("})";
    out.pieces = {"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
                  event(R"({"role":"assistant"})"),
                  event(piece),
                  event(piece),
                  "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
                  "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}\n\n",
                  "data: [DONE]\n\n"};
    return out;
}

}  // namespace weir::scripted
