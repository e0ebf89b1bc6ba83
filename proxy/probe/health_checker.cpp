#include "probe/health_checker.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "core/request_id.hpp"
#include "net/reactor.hpp"
#include "net/upstream.hpp"
#include "policy/upstreams/health_verdict.hpp"
#include "probe/health_question.hpp"
#include "telemetry/event_log.hpp"
#include "wire/one_call.hpp"

namespace weir::probe {
namespace {

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

wire::call_limits limits_of(const health_question& q) {
    return {.connect = q.settings.timeout, .total = q.settings.timeout, .body = drained_at_most};
}

std::string why_unanswered(const wire::one_call& call, const health_question& q) {
    using end = wire::call_answer::end;
    switch (call.out.how) {
        case end::not_connected: return why_failed(call.out.dialled, q);
        case end::timed_out: return "timeout: no answer within " + std::to_string(q.settings.timeout.count()) + " ms";
        case end::not_http: return "invalid answer: " + call.out.why;
        default: return call.sent_whole() ? "closed the connection without an answer" : "closed the connection while it was being asked";
    }
}

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
            : state(std::move(s)), ask(std::move(q)), counter(counter_at(state->availability().verdict(), ask->settings)), sleeper(loop) {}

        std::shared_ptr<policy::upstream_state> state;
        question_ptr ask;
        policy::health_verdict counter;
        net::waiter sleeper;
        wire::one_call* running = nullptr;
        core::time_point due{};
        unsigned version = 0;  ///< grows when a reload asks something else: what the old question found no longer counts
        bool ended = false;    ///< it is not to be checked any more
    };
    using subject_ptr = std::shared_ptr<subject>;

    void replace(const pools::snapshot& s);
    void change(subject& known, question_ptr now);
    static void end(const subject_ptr& s);

    net::detached watch(subject_ptr s);
    void ask_the_doubted();
    net::detached ask_once(subject_ptr s, policy::ejection_settings ejection);
    net::task<finding> check(subject& s, const health_question& q, wire::one_call& call);
    net::task<void> drain(subject& s, wire::one_call& call);
    void record(subject& s, const health_question& q, const finding& f);

    net::reactor loop_;
    core::fast_random random_;
    std::map<const policy::upstream_state*, subject_ptr> subjects_;
    std::vector<subject_ptr> asked_once_;  ///< because of a doubt, now
    std::shared_ptr<const pools::snapshot> shown_;
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
            if (!pool.conf->health_check && up.state->availability().verdict() != policy::health::unknown)
                up.state->set_health(policy::health::unknown, loop_.tick());
    for (auto& one : fresh) watch(std::move(one));
}

void health_checker::checks::change(subject& known, question_ptr now) {
    const auto was = std::exchange(known.ask, std::move(now));
    if (asks_alike(*was, *known.ask)) return;
    if (!counts_alike(was->settings, known.ask->settings)) known.counter = counter_at(known.state->availability().verdict(), known.ask->settings);
    ++known.version;
    known.due = loop_.tick();
    known.sleeper.interrupt();
}

void health_checker::checks::end(const subject_ptr& s) {
    s->ended = true;
    if (s->running) s->running->end();
    s->sleeper.interrupt();
}

net::detached health_checker::checks::watch(subject_ptr s) {
    auto& self = *s;
    while (!self.ended) {
        const auto q = self.ask;
        const auto version = self.version;
        const double spread = 1.0 + jitter_share * (random_.unit() - 0.5);
        const auto pause = std::chrono::duration_cast<core::duration>(core::duration{std::max(q->settings.interval, shortest_interval)} * spread);
        self.due = loop_.tick() + pause;
        {
            wire::one_call call{loop_, q->target, q->request, limits_of(*q)};
            auto asking = check(self, *q, call);
            const finding found = co_await std::move(asking);
            if (!found.cancelled && !self.ended) {
                if (version == self.version) record(self, *q, found);
                auto draining = drain(self, call);
                co_await std::move(draining);
            }
        }
        while (!self.ended && loop_.tick() < self.due) (void)co_await self.sleeper.wait(self.due);
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
        wire::one_call call{loop_, q->target, q->request, limits_of(*q)};
        auto asking = check(self, *q, call);
        const finding found = co_await std::move(asking);
        const int status = found.cancelled ? 0 : found.status;
        if (status != 0)
            telemetry::log(telemetry::level::info,
                           q->who + " refused a request's credential; asked by weir itself it says " + std::to_string(status));
        if (status == 401 || status == 403)
            self.state->itself_refused("credentials refused (" + std::to_string(status) + ", to weir's own question too). Check its api_key",
                                       loop_.tick(), ejection);
        self.due = loop_.tick() + drain_time;
        auto draining = drain(self, call);
        co_await std::move(draining);
    }
    std::erase(asked_once_, s);
}

net::task<finding> health_checker::checks::check(subject& s, const health_question& q, wire::one_call& call) {
    finding out;
    s.running = &call;
    auto asking = call.ask();
    const bool answered = co_await std::move(asking);
    s.running = nullptr;
    const auto dialled = call.out.dialled.why;
    out.cancelled = s.ended || dialled == net::dial_failure::cancelled || dialled == net::dial_failure::local;
    if (answered) {
        out.status = call.out.status;
        out.passed = policy::check_passes(out.status, q.settings);
        if (!out.passed) out.why = why_failed(out.status, q);
    } else if (!out.cancelled) {
        out.why = why_unanswered(call, q);
    }
    co_return out;
}

net::task<void> health_checker::checks::drain(subject& s, wire::one_call& call) {
    if (call.out.status == 0) co_return;
    s.running = &call;
    call.until(std::min(loop_.tick() + drain_time, s.due));
    auto draining = call.read_body();
    co_await std::move(draining);
    s.running = nullptr;
}

void health_checker::checks::record(subject& s, const health_question& q, const finding& f) {
    using telemetry::level;
    telemetry::log(level::debug, "health check of " + q.who + (f.passed ? " passed" : " failed: " + f.why));
    const auto before = s.state->availability().verdict();
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
