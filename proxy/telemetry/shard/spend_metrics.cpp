#include "telemetry/shard/spend_metrics.hpp"

#include <algorithm>

namespace weir::telemetry {

spend_metrics::spend_metrics(series_store& into)
    : store_(into),
      types_{.input = store_.intern("input"),
             .cached_input = store_.intern("cached_input"),
             .cache_write = store_.intern("cache_write"),
             .output = store_.intern("output"),
             .reasoning = store_.intern("reasoning"),
             .audio_input = store_.intern("audio_input"),
             .audio_output = store_.intern("audio_output"),
             .image_output = store_.intern("image_output")},
      from_{.upstream = store_.intern("upstream"), .counted = store_.intern("counted")} {}

void spend_metrics::count(const record::request_record& what, const spend_labels& of) {
    add_tokens(what.usage, what.estimated ? from_.counted : from_.upstream, of);
    if (what.cost != what.cost_shown) add_cost(what.cost - what.cost_shown, of);
    if (!what.priced) store_.find(family::unpriced, of.model, of.pool).cells->add(1);
}

void spend_metrics::show(record::request_record& what, usage::nanousd so_far) {
    if (so_far <= what.cost_shown) return;
    add_cost(so_far - what.cost_shown, {store_.intern(what.key), store_.intern(what.model_label), store_.intern(what.pool)});
    what.cost_shown = so_far;
}

void spend_metrics::late(std::string_view key, std::string_view model, std::string_view pool, const usage::counts& more, usage::nanousd cost) {
    const spend_labels of{store_.intern(key), store_.intern(model), store_.intern(pool)};
    add_tokens(more, from_.upstream, of);
    if (cost != 0) add_cost(cost, of);
}

void spend_metrics::add_tokens(const usage::counts& used, label_id source, const spend_labels& of) {
    const auto add = [&](label_id type, std::int64_t tokens) {
        if (tokens > 0) store_.find(family::tokens, of.key, of.model, of.pool, type, source).cells->add(tokens);
    };
    add(types_.input, used.input);
    add(types_.cached_input, used.cached_input);
    add(types_.cache_write, used.cache_write);
    add(types_.output, used.output);
    add(types_.reasoning, used.reasoning);
    add(types_.audio_input, used.audio_input);
    add(types_.audio_output, used.audio_output);
    add(types_.image_output, used.image_output);
}

void spend_metrics::add_cost(usage::nanousd more, const spend_labels& of) {
    cell& to = *store_.find(family::spend, of.key, of.model, of.pool).cells;
    if (more < 0 || !shown_too_much_.empty()) {
        auto& owed = shown_too_much_[&to];
        const auto due = more - owed;
        owed = due < 0 ? -due : 0;
        if (owed == 0) shown_too_much_.erase(&to);
        more = std::max<usage::nanousd>(due, 0);
    }
    if (more > 0) to.add(more);
}

}  // namespace weir::telemetry
