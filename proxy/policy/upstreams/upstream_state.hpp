// What all workers know together about one upstream: requests in flight, latency, health, ejection.
// It does not choose between upstreams (balancer.hpp does) and runs no checks (health_verdict.hpp counts them).
//
// Shared by every worker thread. A request costs one fetch_add at its start and one fetch_sub at its end on the counter's
// own cache line; latency and the share of failures are a relaxed store and a compare-and-swap on others. The mutex is taken only when something
// changes that seldom does: a failure, an ejection, a recovery, a health verdict.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "policy/asker.hpp"
#include "policy/settings.hpp"
#include "policy/upstreams/credential_watch.hpp"
#include "policy/upstreams/culprit.hpp"
#include "policy/upstreams/failure_window.hpp"
#include "policy/upstreams/key_successes.hpp"
#include "policy/upstreams/peak_ewma.hpp"
#include "policy/upstreams/spent_models.hpp"
#include "policy/upstreams/wait_queue.hpp"

namespace weir::policy {

/// The active checks' verdict. `unknown` is usable; `down` is never used.
enum class health : std::uint8_t { unknown, up, down };

/// What one request says about its upstream. `neutral`: nothing (the client left, a 4xx that is the client's own).
enum class outcome : std::uint8_t { success, failure, neutral };

/// Whose doing a failure may be. An answer may be bad because of what was asked; that nobody connects is the upstream's own lack.
enum class blame : std::uint8_t { asker, upstream };

/// Something that operators want to hear of an upstream.
struct upstream_news {
    enum class kind : std::uint8_t { back, rests, refused };
    kind what;
    std::string words;  ///< behind the upstream's name: "rests for 10 s after 5 failures, the last: status 500"
};

class upstream_state {
public:
    enum class standing : std::uint8_t {
        open,       ///< takes requests
        half_open,  ///< its rest is over: one request may probe it
        probing,    ///< that request is under way
        ejected,    ///< resting after failures
        waiting,    ///< it asked for a pause (Retry-After)
        refused,    ///< it refuses our credentials or their quota is spent, maybe for one model only: panic uses it last
        down,       ///< by its active check
    };

    /// How a request was let in; decides what its outcome means for an ejection.
    enum class entry : std::uint8_t { normal, probe, panic };

    class lease;
    using listener = std::function<void(const upstream_news&)>;
    /// Why the last request that went wrong did, in words for people.
    struct last_failure {
        core::time_point at;
        int status = 0;  ///< 0: there was no answer
        std::string words;
    };

    /// `line`: where requests wait while the pool is full, told of every request that ends; may be null. `tell`: hears of rests and
    /// recoveries, on the thread that reported what led to them.
    explicit upstream_state(std::shared_ptr<wait_queue> line = nullptr, listener tell = nullptr) : line_(std::move(line)), tell_(std::move(tell)) {}
    upstream_state(const upstream_state&) = delete;
    upstream_state& operator=(const upstream_state&) = delete;

    // --- every request ---
    [[nodiscard]] std::int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
    void request_started() { in_flight_.fetch_add(1, std::memory_order_relaxed); }
    /// Counts a request in unless `max_requests` (0: no limit) are in flight already. Never lets one too many in.
    [[nodiscard]] bool try_start(std::int64_t max_requests);
    /// How it went; of a stream that is known long before request_ended(). `first_byte` zero: no sample. `random` in [0, 1).
    /// Failures that are one key's alone (`who`, unless `whose` says that they are the upstream's) eject nobody while another key is served.
    void report(outcome how_it_went, core::duration first_byte, core::time_point now, const ejection_settings& s, double random,
                entry how = entry::normal, const asker& who = {}, blame whose = blame::asker);
    /// A request that was reported as a success has failed after all: its stream broke.
    void broke_later(core::time_point now, const ejection_settings& s, double random, const asker& who = {});
    void request_ended() {
        in_flight_.fetch_sub(1, std::memory_order_seq_cst);  // not relaxed: see wait_queue::slot_freed
        if (line_) line_->slot_freed();
    }

    // --- standing ---
    /// `model` (asker::model): `refused` as well where the quota for that one is spent.
    [[nodiscard]] standing standing_at(core::time_point now, std::uint64_t model = 0) const;
    /// Claims the one probe of a half-open upstream; false: it is not half-open, or another request was first.
    [[nodiscard]] bool try_probe(core::time_point now);
    /// Gives the probe back without a verdict.
    void probe_abandoned() { probing_.store(false, std::memory_order_relaxed); }
    /// When its rest or wait is over; time_point::min(): it has none.
    [[nodiscard]] core::time_point rests_until(std::uint64_t model = 0, core::time_point now = {}) const;
    /// Share of its weight while it warms up after a recovery: max(10 %, t/T); 1 otherwise.
    [[nodiscard]] double slow_start(core::time_point now, const ejection_settings& s) const;
    [[nodiscard]] const peak_ewma& latency() const { return latency_; }
    [[nodiscard]] health verdict() const { return health_.load(std::memory_order_relaxed); }
    [[nodiscard]] bool ejected(core::time_point now) const;
    /// Requests and failures of the last `s.window`, or since it came back.
    [[nodiscard]] failure_window::counts lately(core::time_point now, const ejection_settings& s) const { return recent_.over(s.window, now); }

    // --- what happened to it ---
    void set_health(health verdict, core::time_point now);
    /// A second attempt elsewhere had its first token while this one took `so_long` and more: no failure, but slow.
    void overtaken(core::duration so_long, core::time_point now) { latency_.sample_if_slower(so_long, now); }
    /// A 429 that is not about quota, or a failure with Retry-After: no requests before `now + pause` (1 s when the answer names none; at most an
    /// hour, so that a wrong header does not take an upstream away for a day).
    void rate_limited(std::optional<core::duration> pause, core::time_point now);
    /// It answered a request 401, or what means the same. It rests for `s.max` once that is known to be its credential's fault: by weir's own
    /// question (itself_refused), or by three in a row from different keys or models; and never by one key's alone while another is served.
    /// True: weir should ask it itself now (take_doubt).
    [[nodiscard]] bool credentials_refused(const asker& who, std::string_view reason, core::time_point now, const ejection_settings& s);
    /// Whether somebody should ask; whoever is told so does. At most one per probe_interval.
    [[nodiscard]] bool take_doubt() { return doubted_.load(std::memory_order_relaxed) && doubted_.exchange(false, std::memory_order_relaxed); }
    /// weir's own question was refused too.
    void itself_refused(std::string_view reason, core::time_point now, const ejection_settings& s);
    /// The quota or money is spent. The model that was asked rests for `s.max`; the whole upstream does when a second one gets that too without a
    /// success in between, and it is not one key's alone while another is served. `model`: for people.
    void quota_spent(const asker& who, std::string_view model, std::string_view reason, core::time_point now, const ejection_settings& s);
    /// Whether what this asker provokes is nobody else's concern: another key is being served, and no other one failed lately.
    [[nodiscard]] bool is_one_keys_alone(const asker& who, core::time_point now, const ejection_settings& s) const;
    /// Before the report of a failure, so that what follows from it can say why.
    void note_failure(int status, std::string words, core::time_point now);
    [[nodiscard]] std::optional<last_failure> failed_last() const;

    static constexpr std::chrono::seconds probe_interval{10};

    /// For people: "up", "resting 12 s more after 5 failures", "resting 12 s more after 55% of 40 requests failed", ...
    [[nodiscard]] std::string describe(core::time_point now, const ejection_settings& s) const;

private:
    static constexpr std::int64_t unset = std::numeric_limits<std::int64_t>::min();

    struct report_of;
    /// What to tell, once the lock is free.
    using maybe_news = std::optional<upstream_news>;

    [[nodiscard]] maybe_news failed(const report_of& what, bool counted_before);
    [[nodiscard]] maybe_news succeeded(core::time_point now, entry how, const asker& who);
    [[nodiscard]] maybe_news judge(const report_of& what);
    [[nodiscard]] bool too_many_in_a_row(const report_of& what) const;
    [[nodiscard]] bool too_great_a_share(const report_of& what);
    [[nodiscard]] maybe_news eject(const report_of& what);
    [[nodiscard]] maybe_news refuse(std::string_view reason, core::time_point now, const ejection_settings& s);
    [[nodiscard]] maybe_news rest_if_sure(std::string_view reason, core::time_point now, const ejection_settings& s);
    void recover(core::time_point now);
    void count_in_a_row(const report_of& what);
    [[nodiscard]] std::string why_it_rests() const;
    [[nodiscard]] std::string last_words() const;
    [[nodiscard]] std::string spent_words(core::time_point now) const;
    void tell(const maybe_news& news) const {
        if (news && tell_) tell_(*news);
    }

    alignas(64) std::atomic<std::int64_t> in_flight_{0};
    const std::shared_ptr<wait_queue> line_;
    const listener tell_;
    alignas(64) peak_ewma latency_;
    failure_window recent_;
    key_successes served_;
    culprit culprit_;
    // Read by every pick, written seldom. Times are nanoseconds of core::clock.
    alignas(64) std::atomic<health> health_{health::unknown};
    std::atomic<bool> probing_{false};
    std::atomic<bool> refused_{false};
    std::atomic<int> failures_{0};  // in a row
    std::atomic<std::int64_t> ejected_until_{unset};
    std::atomic<std::int64_t> not_before_{unset};
    std::atomic<std::int64_t> warm_since_{unset};
    std::atomic<bool> watched_{false};  // a refusal was seen since the last success
    std::atomic<bool> doubted_{false};  // weir should ask what it says to itself
    spent_models spent_;
    alignas(64) mutable std::mutex changing_;  // guards what follows and every change of ejected_until_
    int ejections_ = 0;                        // in a row: the exponent of the next rest
    std::int64_t last_rest_ = 0;
    std::int64_t back_since_ = unset;
    std::string reason_;             // of a rest, in words; empty: failures in a row
    std::uint32_t failing_key_ = 0;  // of the failures in a row; 0: several keys', or the upstream's own
    credential_watch credentials_;
    refusals_in_a_row out_of_quota_;
    std::int64_t may_probe_at_ = unset;
    std::optional<last_failure> last_failure_;
    struct spent_model {
        std::uint64_t model;
        std::string name;
        std::int64_t until;
    };
    std::vector<spent_model> spent_names_;  // for people
};

/// One request's place on an upstream; counts it out however the request ends.
class upstream_state::lease {
public:
    lease() = default;
    /// Takes over a request that was already counted in.
    lease(upstream_state& of, entry how, const asker& who = {}) : of_(&of), who_(who), how_(how) {}
    lease(lease&& other) noexcept : of_(std::exchange(other.of_, nullptr)), who_(other.who_), how_(other.how_), succeeded_(other.succeeded_) {}
    lease& operator=(lease&& other) noexcept {
        if (this != &other) {
            end();
            of_ = std::exchange(other.of_, nullptr);
            who_ = other.who_;
            how_ = other.how_;
            succeeded_ = other.succeeded_;
        }
        return *this;
    }
    ~lease() { end(); }

    [[nodiscard]] explicit operator bool() const { return of_ != nullptr; }
    [[nodiscard]] entry how() const { return how_; }
    [[nodiscard]] const asker& who() const { return who_; }

    /// As soon as the verdict is known; may be called again when a stream breaks later. The request stays in flight.
    void report(outcome how_it_went, core::duration first_byte, core::time_point now, const ejection_settings& s, double random,
                blame whose = blame::asker) {
        if (of_ == nullptr) return;
        if (succeeded_ && how_it_went == outcome::failure)
            of_->broke_later(now, s, random, who_);
        else
            of_->report(how_it_went, first_byte, now, s, random, how_, who_, whose);
        succeeded_ = how_it_went == outcome::success;
        how_ = entry::normal;  // a probe gives its verdict once
    }

    /// Counts the request out now; a probe without a verdict lets the next one probe.
    void end() {
        if (of_ == nullptr) return;
        if (how_ == entry::probe) of_->probe_abandoned();
        std::exchange(of_, nullptr)->request_ended();
    }

private:
    upstream_state* of_ = nullptr;
    asker who_;
    entry how_ = entry::normal;
    bool succeeded_ = false;  // so it was reported, for now
};

}  // namespace weir::policy
