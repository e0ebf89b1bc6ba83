// All metrics of the process: the workers' shards, values that live elsewhere, and their exposition.
// It does not serve HTTP (app/ does) and never runs on a worker's hot path: scrape from the admin thread.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "telemetry/exposition.hpp"
#include "telemetry/shard/shard.hpp"

namespace weir::telemetry {

struct merged_family;

/// Appends the families that its owner keeps. Called on the scraping thread, one scrape at a time.
using source = std::function<void(std::vector<prometheus::MetricFamily>&)>;

/// A family named in families.hpp with its help and type, or a gauge of your own.
[[nodiscard]] prometheus::MetricFamily make_family(std::string_view name, std::string_view help = {},
                                                   prometheus::MetricType type = prometheus::MetricType::Gauge);

/// One counter or gauge value, by the family's type.
void add_value(prometheus::MetricFamily& family, std::initializer_list<std::pair<std::string_view, std::string_view>> labels, double value);

/// Everything is thread-safe; what `worker_shard` returns belongs to one thread.
class metrics final : public prometheus::Collectable {
public:
    static constexpr std::size_t default_series_limit = 100'000;  ///< per shard; about 130 bytes each

    /// `series_limit`: of each shard; what comes after is counted in the families' `other` and in weir_metric_series_dropped_total.
    explicit metrics(std::size_t series_limit = default_series_limit);
    ~metrics() override;

    /// The shard of worker `index` (0, 1, …), made at first use; the reference stays valid.
    [[nodiscard]] shard& worker_shard(int index);

    /// Values that live elsewhere. Families of one name from several sources are shown as one. What the source refers to
    /// must outlive this object.
    void add_source(source from);

    /// Every series of a family, shard by shard: its label values in the family's order and its cells. Off the hot path.
    void visit(family of, const std::function<void(std::span<const std::string_view> labels, const cell* cells)>& each) const;

    /// The text exposition format 0.0.4 of everything. The first scrape after new series appeared costs about a microsecond for
    /// each of them; later ones some 20 ns.
    [[nodiscard]] std::string render();
    void render(std::string& out);  ///< reuses the string's memory

    /// OpenMetrics 1.0.0 of everything, with exemplars: the latest request in each bucket of the histograms of times, by trace and request id.
    [[nodiscard]] std::string render_openmetrics();
    void render_openmetrics(std::string& out);  ///< reuses the string's memory

    /// In the format that a scraper asked for.
    [[nodiscard]] std::string render(exposition format);

    /// The cells of all series of a family, added up, in cell units (families.hpp): what a histogram or a counter says as a whole.
    [[nodiscard]] std::vector<std::int64_t> totals(family of) const;

    /// The same for a prometheus-cpp registry or serializer; several times slower than `render`.
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

private:
    struct shard_slot;

    void merge() const;
    void collect_examples() const;
    void merge_series(shard_slot& slot, const series& s) const;
    [[nodiscard]] std::vector<prometheus::MetricFamily> outside() const;

    std::size_t series_limit_;
    mutable std::mutex scrape_;  ///< orders scrapes; workers never take it
    mutable std::mutex shards_lock_;
    mutable std::vector<std::unique_ptr<shard_slot>> shards_;
    mutable std::vector<merged_family> merged_;
    std::vector<source> sources_;
};

}  // namespace weir::telemetry
