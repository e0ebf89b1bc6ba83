// What all workers know together about one upstream, each part in its own class, and what changes several of them at once: an outcome, a refusal,
// a verdict of its checks. It does not choose between upstreams (balancer.hpp does) and runs no checks (health_verdict.hpp counts them).
//
// Shared by every worker thread. A request costs one fetch_add at its start and one fetch_sub at its end on the counter's
// own cache line; latency and the share of failures are a relaxed store and a compare-and-swap on others. The mutex is taken only when something
// changes that seldom does: a failure, an ejection, a recovery, a health verdict.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/clock.hpp"
#include "policy/asker.hpp"
#include "policy/settings.hpp"
#include "policy/upstreams/failure_notice.hpp"
#include "policy/upstreams/outlier_detector.hpp"
#include "policy/upstreams/peak_ewma.hpp"
#include "policy/upstreams/refusal_watch.hpp"
#include "policy/upstreams/spent_models.hpp"
#include "policy/upstreams/upstream_availability.hpp"
#include "policy/upstreams/upstream_load.hpp"

namespace weir::policy {

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
    /// How a request was let in; decides what its outcome means for an ejection.
    enum class entry : std::uint8_t { normal, probe, panic };

    class lease;
    using listener = std::function<void(const upstream_news&)>;

    /// `line`: where requests wait while the pool is full, told of every request that ends; may be null. `tell`: hears of rests and
    /// recoveries, on the thread that reported what led to them.
    explicit upstream_state(std::shared_ptr<wait_queue> line = nullptr, listener tell = nullptr) : load(std::move(line)), tell_(std::move(tell)) {}
    upstream_state(const upstream_state&) = delete;
    upstream_state& operator=(const upstream_state&) = delete;

    // --- every request: who is counted in by `load` reports what became of it ---
    /// How it went; of a stream that is known long before it ends. `first_byte` zero: no sample. `random` in [0, 1).
    /// Failures that are one key's alone (`who`, unless `whose` says that they are the upstream's) eject nobody while another key is served.
    void report(outcome how_it_went, core::duration first_byte, core::time_point now, const ejection_settings& s, double random,
                entry how = entry::normal, const asker& who = {}, blame whose = blame::asker);
    /// A request that was reported as a success has failed after all: its stream broke.
    void broke_later(core::time_point now, const ejection_settings& s, double random, const asker& who = {});
    /// As upstream_availability says.
    [[nodiscard]] bool try_probe(core::time_point now) { return availability_.try_probe(now); }
    /// Gives the probe back without a verdict.
    void probe_abandoned() { availability_.rest().probe_ended(); }

    // --- what happened to it ---
    /// The verdict of its active checks. An upstream that was down and is up again warms up, unless it refuses.
    void set_health(health verdict, core::time_point now);
    /// A 429 that is not about quota, or a failure with Retry-After: no requests before `now + pause` (1 s when the answer names none; at most an
    /// hour, so that a wrong header does not take an upstream away for a day).
    void rate_limited(std::optional<core::duration> pause, core::time_point now);
    /// It answered a request 401, or what means the same. It rests for `s.max` once that is known to be its credential's fault: by weir's own
    /// question (itself_refused), or by three in a row from different keys or models; and never by one key's alone while another is served.
    /// True: weir should ask it itself now (take_doubt).
    [[nodiscard]] bool credentials_refused(const asker& who, std::string_view reason, core::time_point now, const ejection_settings& s);
    /// As refusal_watch says.
    [[nodiscard]] bool take_doubt() { return refusals_.take_doubt(); }
    /// weir's own question was refused too.
    void itself_refused(std::string_view reason, core::time_point now, const ejection_settings& s);
    /// The quota or money is spent. The model that was asked rests for `s.max`; the whole upstream does when a second one gets that too without a
    /// success in between, and it is not one key's alone while another is served. `model`: for people.
    void quota_spent(const asker& who, std::string_view model, std::string_view reason, core::time_point now, const ejection_settings& s);

    // --- how it stands ---
    [[nodiscard]] const upstream_availability& availability() const { return availability_; }
    [[nodiscard]] const outlier_detector& outcomes() const { return outliers_; }
    /// Whether what this asker provokes is nobody else's concern: another key is being served, and no other one failed lately.
    [[nodiscard]] bool is_one_keys_alone(const asker& who, core::time_point now, const ejection_settings& s) const;
    /// For people: "up", "resting 12 s more after 5 failures", "resting 12 s more after 55% of 40 requests failed", ...
    [[nodiscard]] std::string describe(core::time_point now, const ejection_settings& s) const;

    // Parts that need no other; each is for any thread.
    upstream_load load;
    failure_notice last_failure;
    alignas(64) peak_ewma latency;  ///< to the first byte

private:
    struct report_of;
    /// What to tell, once the lock is free.
    using maybe_news = std::optional<upstream_news>;

    [[nodiscard]] maybe_news failed(const report_of& what, bool counted_before);
    [[nodiscard]] maybe_news succeeded(core::time_point now, entry how, const asker& who);
    [[nodiscard]] maybe_news refuse(std::uint32_t only_key, std::string_view reason, core::time_point now, const ejection_settings& s);
    [[nodiscard]] upstream_news rests_for(core::duration so_long) const;
    void come_back(core::time_point now);
    void tell(const maybe_news& news) const {
        if (news && tell_) tell_(*news);
    }

    outlier_detector outliers_;  // beside `latency`: both are written by every request that is reported
    alignas(64) upstream_availability availability_;
    refusal_watch refusals_;
    alignas(64) mutable std::mutex changing_;  // for every change of what the parts say goes under their owner's mutex, and for:
    spent_model_names spent_names_;
    const listener tell_;
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
        std::exchange(of_, nullptr)->load.request_ended();
    }

private:
    upstream_state* of_ = nullptr;
    asker who_;
    entry how_ = entry::normal;
    bool succeeded_ = false;  // so it was reported, for now
};

}  // namespace weir::policy
