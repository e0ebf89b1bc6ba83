// One family as a scrape shows it: the series of all shards with the same labels added up, and written in either format.
// It does not read the shards (metrics.cpp does). For one thread at a time.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "telemetry/families.hpp"
#include "telemetry/shard/exemplar.hpp"
#include "telemetry/shard/series_store.hpp"

namespace weir::telemetry {

// The series of all shards with the same labels, and the text before each of their values, written once.
struct merged_family {
    explicit merged_family(family which);

    struct line {
        std::size_t text = 0;  ///< offset into `texts`
        std::uint32_t length = 0;
        std::uint32_t value = 0;  ///< index into `values`; of a histogram's bucket lines its first cell
    };
    struct entry {
        std::size_t first_line = 0;
        std::size_t first_value = 0;
        const series_store* store = nullptr;  ///< of the shard that had it first, for its labels
        const series* like = nullptr;
    };

    /// The labels of `like` for the first time, as they are written between the braces; returns the index of their first value in `values`.
    std::size_t add_entry(const series_store& store, const series& like, const std::string& label_text);
    /// The classic text format.
    void render(std::string& out) const;
    /// OpenMetrics, with `examples` behind the buckets.
    void render_openmetrics(std::string& out) const;
    /// For prometheus-cpp, in the base unit.
    [[nodiscard]] prometheus::MetricFamily collect() const;
    /// A family of OpenTelemetry's names that nobody asked for.
    [[nodiscard]] bool hidden() const { return optional && entries.empty(); }

    void forget_examples();
    /// Of each bucket of a series the example that is newer: the one that is kept, or that of `from`. `first_value` as add_entry() said it.
    void keep_newest(std::size_t first_value, const series& from);

    const family_info* info;
    bool optional;
    std::vector<std::string> bounds;            ///< as the classic format writes them; of a histogram
    std::vector<std::string> canonical_bounds;  ///< as OpenMetrics does
    std::string texts;
    std::vector<line> lines;
    std::vector<entry> entries;
    std::vector<std::int64_t> values;
    std::vector<exemplar> examples;  ///< parallel to values; of a histogram, while it is rendered for OpenMetrics
    std::unordered_map<std::string, std::size_t> by_labels;

private:
    void add_line(std::string_view suffix, const std::string& labels, std::string_view le, std::size_t value);
    void append_example(std::string& out, const exemplar& e) const;
};

[[nodiscard]] prometheus::MetricType type_of(metric_kind kind);

}  // namespace weir::telemetry
