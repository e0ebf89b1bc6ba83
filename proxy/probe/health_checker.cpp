#include "probe/health_checker.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "core/request_id.hpp"
#include "http/head.hpp"
#include "net/buffer.hpp"
#include "net/reactor.hpp"
#include "net/upstream.hpp"
#include "policy/health_verdict.hpp"
#include "probe/health_question.hpp"
#include "telemetry/event_log.hpp"

namespace weir::probe {
namespace {

constexpr std::size_t head_limit = 64 * 1024;
constexpr int max_interim_answers = 8;
// After the verdict the rest of the answer is read, so that the upstream does not see its answer cut off; within
// reason.
constexpr std::size_t drained_at_most = 1 << 20;
constexpr auto drain_time = std::chrono::seconds{1};
// Checks of many upstreams, and of many gateways, must not fall into step.
constexpr double jitter_share = 0.1;
constexpr auto shortest_interval = std::chrono::milliseconds{10};

using question_ptr = std::shared_ptr<const health_question>;

/// A counter that stands where `known` says, for an upstream that was judged before.
policy::health_verdict counter_at(policy::health known, const policy::health_check_settings& s) {
    policy::health_verdict counter{s};
    if (known == policy::health::unknown) return counter;
    const bool up = known == policy::health::up;
    for (int i = 0; i < std::max(1, up ? s.healthy_after : s.unhealthy_after); ++i) (void)counter.check_finished(up);
    return counter;
}

/// How one check ended.
struct finding {
    bool cancelled = false;  ///< the checker stops, or the upstream is no longer checked: no verdict
    bool passed = false;
    int status = 0;   ///< 0: it did not answer
    std::string why;  ///< it did not pass, in words
    finding() = default;
    explicit finding(std::string w) : why(std::move(w)) {}
};

/// The bytes of one check.
struct talk {
    net::upstream_connection line;
    net::buffer in;
    core::time_point deadline{};
    int interim = 0;              ///< 1xx answers so far
    std::uint64_t body_left = 0;  ///< of the answer, at most
};

}  // namespace

class health_checker::checks {
public:
    checks() : random_(std::random_device{}()), thread_([this] { loop_.run(); }) {}
    ~checks() { stop(); }

    void use(std::shared_ptr<const pools::snapshot> s) {
        loop_.post([this, s = std::move(s)] {
            replace(*s);
            if (!stopped_) shown_ = s;
        });
    }
    void look_at_doubts() {
        loop_.post([this] { ask_the_doubted(); });
    }
    void stop();

private:
    /// One upstream being checked. Held by the table and by its coroutine.
    struct subject {
        subject(net::reactor& loop, std::shared_ptr<policy::upstream_state> s, question_ptr q)
            : state(std::move(s)), ask(std::move(q)), counter(counter_at(state->verdict(), ask->settings)), sleeper(loop) {}

        std::shared_ptr<policy::upstream_state> state;
        question_ptr ask;
        policy::health_verdict counter;
        net::waiter sleeper;
        net::socket leaving;  ///< never opened: its hung_up flag is what dial() watches
        core::time_point due{};
        unsigned version = 0;  ///< grows when a reload asks something else: what the old question found no longer counts

        [[nodiscard]] bool ended() const { return leaving.peer_gone(); }
    };
    using subject_ptr = std::shared_ptr<subject>;

    void replace(const pools::snapshot& s);
    void change(subject& known, question_ptr now);
    static void end(const subject_ptr& s);

    net::detached watch(subject_ptr s);
    void ask_the_doubted();
    net::detached ask_once(subject_ptr s, policy::ejection_settings ejection);
    net::task<finding> check(subject& s, question_ptr q, talk& t);
    net::task<bool> send(subject& s, const health_question& q, talk& t);
    net::task<finding> read_answer(subject& s, const health_question& q, talk& t);
    net::task<bool> read_more(subject& s, talk& t);
    net::task<void> drain(subject& s, talk& t);
    bool take_head(const health_question& q, talk& t, finding& out);
    void record(subject& s, const health_question& q, const finding& f);

    net::reactor loop_;
    core::fast_random random_;
    std::map<const policy::upstream_state*, subject_ptr> subjects_;
    std::vector<subject_ptr> asked_once_;  ///< because of a doubt, now
    std::shared_ptr<const pools::snapshot> shown_;
    http::response_head head_;  ///< scratch space of one synchronous step
    bool stopped_ = false;
    std::mutex stopping_;
    std::thread thread_;
};

void health_checker::checks::stop() {
    const std::scoped_lock lock(stopping_);
    if (!thread_.joinable()) return;
    loop_.post([this] {
        stopped_ = true;
        // Each ends within its end(): no coroutine is left when the loop stops.
        for (auto& [state, s] : std::exchange(subjects_, {})) end(s);
        for (auto& s : std::exchange(asked_once_, {})) end(s);
        shown_.reset();
        loop_.stop();
    });
    thread_.join();
}

void health_checker::checks::replace(const pools::snapshot& s) {
    if (stopped_) return;
    auto before = std::exchange(subjects_, {});
    std::vector<subject_ptr> fresh;
    for (const auto& pool : s.pools) {
        for (const auto& up : pool.upstreams) {
            if (!pool.conf->health_check) continue;
            auto q = make_health_question(pool, up);
            auto& place = subjects_[up.state.get()];
            if (auto known = before.extract(up.state.get())) {
                place = std::move(known.mapped());
                change(*place, std::move(q));
            } else {
                place = std::make_shared<subject>(loop_, up.state, std::move(q));
                fresh.push_back(place);
            }
        }
    }
    for (auto& [state, gone] : before) end(gone);
    // A check that ended between the making of the snapshot and now may have judged an upstream that is not checked any
    // more.
    for (const auto& pool : s.pools)
        for (const auto& up : pool.upstreams)
            if (!pool.conf->health_check && up.state->verdict() != policy::health::unknown)
                up.state->set_health(policy::health::unknown, loop_.tick());
    for (auto& one : fresh) watch(std::move(one));
}

void health_checker::checks::change(subject& known, question_ptr now) {
    const auto was = std::exchange(known.ask, std::move(now));
    if (asks_alike(*was, *known.ask)) return;
    if (!counts_alike(was->settings, known.ask->settings)) known.counter = counter_at(known.state->verdict(), known.ask->settings);
    ++known.version;
    known.due = loop_.tick();
    known.sleeper.interrupt();
}

void health_checker::checks::end(const subject_ptr& s) {
    s->leaving.flags |= net::hung_up;
    s->sleeper.interrupt();
}

net::detached health_checker::checks::watch(subject_ptr s) {
    auto& self = *s;
    while (!self.ended()) {
        const auto q = self.ask;
        const auto version = self.version;
        const double spread = 1.0 + jitter_share * (random_.unit() - 0.5);
        const auto pause = std::chrono::duration_cast<core::duration>(core::duration{std::max(q->settings.interval, shortest_interval)} * spread);
        self.due = loop_.tick() + pause;
        {
            talk t;
            auto asking = check(self, q, t);
            const finding found = co_await std::move(asking);
            if (!found.cancelled && !self.ended()) {
                if (version == self.version) record(self, *q, found);
                auto draining = drain(self, t);
                co_await std::move(draining);
            }
        }
        while (!self.ended() && loop_.tick() < self.due) (void)co_await self.sleeper.wait(self.due);
    }
}

void health_checker::checks::ask_the_doubted() {
    if (!shown_) return;
    for (const auto& pool : shown_->pools)
        for (const auto& up : pool.upstreams) {
            if (!up.state->take_doubt()) continue;
            auto s = std::make_shared<subject>(loop_, up.state, make_credential_question(pool, up));
            asked_once_.push_back(s);
            ask_once(std::move(s), pool.conf->ejection);
        }
}

net::detached health_checker::checks::ask_once(subject_ptr s, policy::ejection_settings ejection) {
    auto& self = *s;
    {
        const auto q = self.ask;
        talk t;
        auto asking = check(self, q, t);
        const finding found = co_await std::move(asking);
        const int status = found.cancelled ? 0 : found.status;
        if (status != 0)
            telemetry::log(telemetry::level::info,
                           q->who + " refused a request's credential; asked by weir itself it says " + std::to_string(status));
        if (status == 401 || status == 403)
            self.state->itself_refused("credentials refused (" + std::to_string(status) + ", to weir's own question too). Check its api_key",
                                       loop_.tick(), ejection);
        self.due = loop_.tick() + drain_time;
        auto draining = drain(self, t);
        co_await std::move(draining);
    }
    std::erase(asked_once_, s);
}

net::task<finding> health_checker::checks::check(subject& s, question_ptr q, talk& t) {
    finding out;
    t.deadline = loop_.now() + q->settings.timeout;
    net::upstream_connections connections{loop_, q->target};
    auto dialling = connections.dial(t.line, s.sleeper, &s.leaving, t.deadline);
    const auto dialled = co_await std::move(dialling);
    if (dialled.why == net::dial_failure::cancelled || dialled.why == net::dial_failure::local || s.ended()) {
        out.cancelled = true;
        co_return out;
    }
    if (dialled.why != net::dial_failure::none) {
        out.why = why_failed(dialled, *q);
        co_return out;
    }
    auto sending = send(s, *q, t);
    const bool sent = co_await std::move(sending);
    // An upstream may answer and close before it has read everything; only without an answer is that a failure.
    auto reading = read_answer(s, *q, t);
    out = co_await std::move(reading);
    if (!sent && !out.passed && out.why.starts_with("closed")) out.why = "closed the connection while it was being asked";
    co_return out;
}

net::task<bool> health_checker::checks::send(subject& s, const health_question& q, talk& t) {
    std::string_view left = q.request.reveal();
    auto& sock = t.line.sock;
    while (!left.empty() && !s.ended()) {
        const iovec piece{const_cast<char*>(left.data()), left.size()};
        const auto r = sock.write({&piece, 1});
        if (r.what == net::io::ok) {
            left.remove_prefix(r.bytes);
            continue;
        }
        if (r.what != net::io::again) co_return false;
        const auto why = co_await s.sleeper.wait(t.deadline);
        if (why == net::woken::deadline) co_return false;
    }
    const bool all_sent = left.empty();
    co_return all_sent;
}

net::task<bool> health_checker::checks::read_more(subject& s, talk& t) {
    auto& sock = t.line.sock;
    while (!s.ended()) {
        if (sock.readable()) {
            const auto r = sock.read(t.in.free_begin(), t.in.free_size());
            if (r.what == net::io::ok) {
                t.in.commit(r.bytes);
                co_return true;
            }
            if (r.what != net::io::again) co_return false;
        }
        const auto why = co_await s.sleeper.wait(t.deadline);
        if (why == net::woken::deadline) co_return false;
    }
    co_return false;
}

net::task<finding> health_checker::checks::read_answer(subject& s, const health_question& q, talk& t) {
    finding out;
    for (bool done = false; !done;) {
        t.in.reserve(t.in.size() + net::slab_size);
        auto reading = read_more(s, t);
        const bool more = co_await std::move(reading);
        if (s.ended()) {
            out.cancelled = true;
            co_return out;
        }
        if (!more) {
            const bool late = loop_.tick() >= t.deadline;
            out.why = late ? "timeout: no answer within " + std::to_string(q.settings.timeout.count()) + " ms"
                           : std::string{"closed the connection without an answer"};
            co_return out;
        }
        done = take_head(q, t, out);
    }
    co_return out;
}

bool health_checker::checks::take_head(const health_question& q, talk& t, finding& out) {
    for (; t.interim <= max_interim_answers; ++t.interim) {
        const auto parsed = http::parse_response_head(t.in.view(), head_limit, false, head_);
        if (parsed.state == http::parse_state::need_more) return false;
        if (parsed.state == http::parse_state::failed) {
            out.why = "invalid answer: " + std::string{parsed.why};
            return true;
        }
        const int status = head_.status;
        const auto framing = head_.body;
        const auto length = head_.content_length;
        t.in.consume(parsed.consumed);
        if (status >= 100 && status < 200 && status != 101) continue;
        t.body_left = framing == http::framing::none ? 0 : framing == http::framing::length ? length : drained_at_most;
        out.status = status;
        out.passed = policy::check_passes(status, q.settings);
        if (!out.passed) out.why = why_failed(status, q);
        return true;
    }
    out.why = "invalid answer: too many interim answers";
    return true;
}

net::task<void> health_checker::checks::drain(subject& s, talk& t) {
    std::uint64_t left = std::min<std::uint64_t>(t.body_left, drained_at_most);
    t.deadline = std::min(loop_.tick() + drain_time, s.due);
    left -= std::min<std::uint64_t>(left, t.in.size());
    t.in.clear();
    while (left > 0 && t.line.sock.is_open()) {
        t.in.need_slab();
        auto reading = read_more(s, t);
        const bool more = co_await std::move(reading);
        if (!more) co_return;
        left -= std::min<std::uint64_t>(left, t.in.size());
        t.in.clear();
    }
    t.line.sock.shutdown_tls();
}

void health_checker::checks::record(subject& s, const health_question& q, const finding& f) {
    using telemetry::level;
    telemetry::log(level::debug, "health check of " + q.who + (f.passed ? " passed" : " failed: " + f.why));
    const auto before = s.state->verdict();
    const auto verdict = s.counter.check_finished(f.passed);
    if (!verdict) return;
    s.state->set_health(*verdict, loop_.tick());
    if (*verdict == policy::health::down) {
        const int in_a_row = std::max(q.settings.unhealthy_after, 1);
        const std::string after = in_a_row == 1 ? " after a failed health check" : " after " + std::to_string(in_a_row) + " failed health checks";
        telemetry::log(level::warn, q.who + " is down" + after + ": " + f.why);
    } else if (before == policy::health::down) {
        telemetry::log(level::info, q.who + " is up again");
    }
}

health_checker::health_checker() : checks_(std::make_unique<checks>()) {}
health_checker::~health_checker() = default;
void health_checker::use(std::shared_ptr<const pools::snapshot> s) { checks_->use(std::move(s)); }
void health_checker::look_at_doubts() { checks_->look_at_doubts(); }
void health_checker::stop() { checks_->stop(); }

}  // namespace weir::probe
