// What requests used and cost: tokens, spend, requests without a price. A counter of spend never falls, also where a running stream has shown
// more than its request costs in the end.
#pragma once

#include <string_view>
#include <unordered_map>

#include "record/request_record.hpp"
#include "telemetry/shard/series_store.hpp"

namespace weir::telemetry {

/// Whose spend it is.
struct spend_labels {
    label_id key, model, pool;
};

/// For the one thread that owns the shard.
class spend_metrics {
public:
    explicit spend_metrics(series_store& into);

    /// What a finished request used and cost, less what show() has shown of it. Call it once per request.
    void count(const record::request_record& what, const spend_labels& of);
    /// Shows what a running stream has cost so far, at least; count() adds the rest. Noted in `what.cost_shown`.
    void show(record::request_record& what, usage::nanousd so_far);
    /// Usage that was reported after its request was counted: so much more than what was counted then.
    void late(std::string_view key, std::string_view model, std::string_view pool, const usage::counts& more, usage::nanousd cost);

private:
    void add_tokens(const usage::counts& used, label_id source, const spend_labels& of);
    void add_cost(usage::nanousd more, const spend_labels& of);

    series_store& store_;
    std::unordered_map<cell*, usage::nanousd> shown_too_much_;  ///< a counter never falls: the next costs pay for it
    struct token_types {
        label_id input, cached_input, cache_write, output, reasoning, audio_input, audio_output, image_output;
    } types_;
    struct sources {
        label_id upstream, counted;
    } from_;
};

}  // namespace weir::telemetry
