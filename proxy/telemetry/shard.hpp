// One worker's view of the metrics: it counts what its requests did. Single writer, no locks.
// It does not collect or show anything (metrics.hpp does).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>

#include "record/request_record.hpp"
#include "telemetry/series_store.hpp"

namespace weir::telemetry {

/// A value that goes up and down; one per worker and listener, summed when scraped. `add` from the shard's own thread only.
using gauge = cell;

/// A histogram whose labels were resolved once. Valid as long as the shard; a default one observes nothing.
class histogram_ref {
public:
    histogram_ref() = default;
    histogram_ref(cell* cells, std::span<const std::int64_t> bounds, double scale) : cells_(cells), bounds_(bounds), scale_(scale) {}

    /// `value` in the family's base unit (seconds). Negative and NaN count as 0.
    void observe(double value) {
        if (cells_ == nullptr) return;
        const double scaled = value * scale_;
        observe_scaled(scaled > 0 ? (scaled < 9e18 ? static_cast<std::int64_t>(scaled) : INT64_MAX / 2) : 0);
    }

    /// `value` in cell units (nanoseconds for times).
    void observe_scaled(std::int64_t value) {
        if (cells_ == nullptr) return;
        cells_[bucket_of(value)].add(1);
        cells_[bounds_.size() + 1].add(value);
    }

    // The number of bounds below `value`: halving without branches, since the values follow no pattern.
    [[nodiscard]] std::size_t bucket_of(std::int64_t value) const {
        const std::int64_t* at = bounds_.data();
        std::size_t left = bounds_.size();
        while (left > 1) {
            const std::size_t half = left / 2;
            at += at[half - 1] < value ? half : 0;
            left -= half;
        }
        return static_cast<std::size_t>(at - bounds_.data()) + (*at < value);
    }

private:
    cell* cells_ = nullptr;
    std::span<const std::int64_t> bounds_;
    double scale_ = 1;
};

/// All label values must be bounded by the conf. Every function is for the one thread that owns the shard.
class shard {
public:
    explicit shard(std::size_t series_limit);

    /// Counts everything that follows from a finished request. Call it once per request.
    void publish(const record::request_record& what);

    /// From now on what is published is shown under OpenTelemetry's names too, or no longer.
    void show_otel_names(bool show) { otel_names_ = show; }

    [[nodiscard]] histogram_ref inter_token(std::string_view pool, std::string_view model);
    /// Shows what a running stream has cost so far, at least; publish() counts the rest.
    void show_spend(record::request_record& what, usage::nanousd so_far);
    /// Usage that was reported after its request was published: so much more than what was counted then.
    void late_spend(std::string_view key, std::string_view model, std::string_view pool, const usage::counts& more, usage::nanousd cost);
    /// The upstream reported `reported` output tokens where weir counted `counted` (0: nothing is observed).
    void meter_divergence(std::string_view pool, std::string_view upstream, std::string_view model, std::int64_t reported, std::int64_t counted);
    void retry(std::string_view pool, std::string_view reason);
    void fallback(std::string_view pool, std::string_view reason);
    void hedge(std::string_view pool, std::string_view outcome);
    void tunnel_unread(std::string_view pool);
    void other_model(std::string_view pool);
    void queued(std::string_view pool, core::duration how_long);

    [[nodiscard]] gauge& connections(std::string_view listener);
    [[nodiscard]] gauge& active_streams(std::string_view listener);
    [[nodiscard]] gauge& buffered_body_bytes(std::string_view listener);

    /// Shows at 0 what is counted of a listener and of a pool, from before the first request: rates begin with a first sample.
    void show_listener(std::string_view listener);
    void show_pool(std::string_view pool);

    [[nodiscard]] const series_store& store() const { return store_; }

private:
    struct request_ids;
    template <class... Ids>
    cell* find(family of, Ids... ids);
    template <class... Ids>
    histogram_ref histogram(family of, Ids... ids);
    /// `example`: the request that shows it; may be null.
    template <class... Ids>
    void observe(family of, std::int64_t value, const record::request_record* example, Ids... ids);
    void keep_example(series& in, std::int64_t value, const record::request_record& what);
    void publish_otel(const record::request_record& what);
    label_id status_id(int status);
    void count_attempts(const record::request_record& what);
    void count_usage(const record::request_record& what, const request_ids& ids);
    void count_tokens(const request_ids& ids, label_id type, label_id source, std::int64_t tokens);
    void count_endings(const record::request_record& what, const request_ids& ids);

    void count_spend(cell& of, usage::nanousd more);

    series_store store_;
    bool otel_names_ = false;
    std::unordered_map<cell*, usage::nanousd> shown_too_much_;  ///< a counter never falls: the next costs pay for it
    struct well_known {
        label_id yes, no, from_upstream, from_count;
        label_id input, cached_input, cache_write, output, reasoning, audio_input, audio_output, image_output;
    } known_;
};

}  // namespace weir::telemetry
