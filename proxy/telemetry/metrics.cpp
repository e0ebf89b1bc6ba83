#include "telemetry/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include "core/version.hpp"
#include "telemetry/families.hpp"
#include "telemetry/merged_family.hpp"
#include "telemetry/openmetrics.hpp"
#include "telemetry/process_stats.hpp"
#include "telemetry/text.hpp"

namespace weir::telemetry {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily single(std::string_view name, std::string_view help, MetricType type, double value) {
    MetricFamily family = make_family(name, help, type);
    add_value(family, {}, value);
    return family;
}

void append_process(std::vector<MetricFamily>& out) {
    const process_stats now = read_process_stats();
    const auto gauge = [&](std::string_view name, std::string_view help, double value) {
        out.push_back(single(name, help, MetricType::Gauge, value));
    };
    out.push_back(single("process_cpu_seconds_total", "User and system CPU time spent in seconds.", MetricType::Counter, now.cpu_seconds));
    gauge("process_resident_memory_bytes", "Resident memory size in bytes.", static_cast<double>(now.resident_bytes));
    gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", static_cast<double>(now.virtual_bytes));
    gauge("process_open_fds", "Number of open file descriptors.", static_cast<double>(now.open_fds));
    gauge("process_max_fds", "Maximum number of open file descriptors.", static_cast<double>(now.max_fds));
    gauge("process_threads", "Number of threads.", static_cast<double>(now.threads));
    gauge("process_start_time_seconds", "Start time of the process since the Unix epoch in seconds.", now.start_time_seconds);
}

// A family may be named by several sources, and by none; the text format allows each name once.
std::vector<MetricFamily> by_name(std::vector<MetricFamily> given) {
    std::vector<MetricFamily> out;
    std::map<std::string, std::size_t, std::less<>> place;
    const auto slot = [&](const std::string& name) -> MetricFamily* {
        const auto [at, fresh] = place.try_emplace(name, out.size());
        if (fresh) out.emplace_back();
        return &out[at->second];
    };
    for (const outside_family& known : outside_families()) *slot(std::string(known.name)) = make_family(known.name);
    for (MetricFamily& family : given) {
        MetricFamily* const into = slot(family.name);
        if (into->name.empty()) {
            *into = std::move(family);
        } else {
            std::move(family.metric.begin(), family.metric.end(), std::back_inserter(into->metric));
        }
    }
    return out;
}

}  // namespace

MetricFamily make_family(std::string_view name, std::string_view help, MetricType type) {
    MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = type;
    for (const outside_family& known : outside_families()) {
        if (known.name != name) continue;
        if (help.empty()) family.help = known.help;
        family.type = type_of(known.kind);
    }
    return family;
}

void add_value(MetricFamily& family, std::initializer_list<std::pair<std::string_view, std::string_view>> labels, double value) {
    prometheus::ClientMetric metric;
    for (const auto& [name, text] : labels) metric.label.push_back({std::string(name), std::string(text)});
    if (family.type == MetricType::Counter) {
        metric.counter.value = value;
    } else {
        metric.gauge.value = value;
    }
    family.metric.push_back(std::move(metric));
}

struct metrics::shard_slot {
    struct source_of {
        const series* from;
        const cell* cells;
        std::uint32_t of;
        std::uint32_t count;
        std::size_t first_value;
    };
    explicit shard_slot(std::size_t limit) : cells(limit) {}
    shard cells;
    std::vector<source_of> seen;
};

metrics::metrics(std::size_t series_limit) : series_limit_(series_limit) {
    merged_.reserve(family_count);
    for (std::size_t i = 0; i < family_count; ++i) merged_.emplace_back(static_cast<family>(i));
}

metrics::~metrics() = default;

shard& metrics::worker_shard(int index) {
    const std::lock_guard lock(shards_lock_);
    const auto at = static_cast<std::size_t>(index);
    while (shards_.size() <= at) shards_.push_back(std::make_unique<shard_slot>(series_limit_));
    return shards_[at]->cells;
}

void metrics::visit(family of, const std::function<void(std::span<const std::string_view>, const cell*)>& each) const {
    const std::lock_guard lock(shards_lock_);
    for (const auto& slot : shards_) {
        const series_store& store = slot->cells.store();
        for (std::size_t i = 0, n = store.size(); i < n; ++i) {
            const series& s = store.at(i);
            if (s.of != of) continue;
            std::array<std::string_view, max_labels> labels;
            const std::size_t count = info_of(of).labels.size();
            for (std::size_t k = 0; k < count; ++k) labels[k] = store.label(s.labels[k]);
            each({labels.data(), count}, s.cells);
        }
    }
}

void metrics::add_source(source from) {
    const std::lock_guard lock(scrape_);
    sources_.push_back(std::move(from));
}

void metrics::merge_series(shard_slot& slot, const series& s) const {
    const series_store& store = slot.cells.store();
    merged_family& into = merged_[static_cast<std::size_t>(s.of)];
    const auto names = into.info->labels;
    std::string label_text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        label_text.append(i == 0 ? "" : ",").append(names[i]).append("=\"");
        append_label_value(label_text, store.label(s.labels[i]));
        label_text += '"';
    }
    const auto [place, fresh] = into.by_labels.try_emplace(label_text, 0);
    if (fresh) place->second = into.add_entry(store, s, label_text);
    slot.seen.push_back({&s, s.cells, static_cast<std::uint32_t>(s.of), static_cast<std::uint32_t>(cells_of(*into.info)), place->second});
}

void metrics::merge() const {
    for (merged_family& family : merged_) std::fill(family.values.begin(), family.values.end(), 0);
    const std::lock_guard lock(shards_lock_);
    for (const auto& slot : shards_) {
        const std::size_t size = slot->cells.store().size();
        while (slot->seen.size() < size) merge_series(*slot, slot->cells.store().at(slot->seen.size()));
        for (const shard_slot::source_of& from : slot->seen) {
            std::int64_t* const into = &merged_[from.of].values[from.first_value];
            for (std::uint32_t i = 0; i < from.count; ++i) into[i] += from.cells[i].read();
        }
    }
}

std::vector<MetricFamily> metrics::outside() const {
    std::vector<MetricFamily> given;
    std::int64_t dropped = 0;
    {
        const std::lock_guard lock(shards_lock_);
        for (const auto& slot : shards_) dropped += slot->cells.store().dropped();
    }
    given.push_back(single("weir_metric_series_dropped_total", "Updates counted under the label value other because the limit of series was reached.",
                           MetricType::Counter, static_cast<double>(dropped)));
    given.push_back(make_family("weir_build_info", "The version that runs; always 1.", MetricType::Gauge));
    add_value(given.back(), {{"version", core::version}}, 1);
    append_process(given);
    for (const source& from : sources_) from(given);
    return by_name(std::move(given));
}

std::string metrics::render() {
    std::string out;
    render(out);
    return out;
}

void metrics::render(std::string& out) {
    out.clear();
    const std::lock_guard lock(scrape_);
    merge();
    std::size_t expected = 1 << 14;
    for (const merged_family& family : merged_) expected += family.texts.size() + family.lines.size() * 12 + 256;
    out.reserve(expected);
    for (const merged_family& family : merged_)
        if (!family.hidden()) family.render(out);
    std::ostringstream rest;
    prometheus::TextSerializer{}.Serialize(rest, outside());
    out += rest.str();
}

void metrics::collect_examples() const {
    for (merged_family& family : merged_) family.forget_examples();
    const std::lock_guard lock(shards_lock_);
    for (const auto& slot : shards_)
        for (const shard_slot::source_of& of : slot->seen)
            if (merged_[of.of].info->kind == metric_kind::histogram) merged_[of.of].keep_newest(of.first_value, *of.from);
}

std::string metrics::render_openmetrics() {
    std::string out;
    render_openmetrics(out);
    return out;
}

void metrics::render_openmetrics(std::string& out) {
    out.clear();
    const std::lock_guard lock(scrape_);
    merge();
    collect_examples();
    std::size_t expected = 1 << 14;
    for (const merged_family& family : merged_) expected += family.texts.size() + family.lines.size() * 12 + 256;
    out.reserve(expected);
    for (const merged_family& family : merged_)
        if (!family.hidden()) family.render_openmetrics(out);
    for (const MetricFamily& family : outside()) append_openmetrics(out, family);
    out += "# EOF\n";
}

std::string metrics::render(exposition format) { return format == exposition::text ? render() : render_openmetrics(); }

std::vector<std::int64_t> metrics::totals(family of) const {
    std::vector<std::int64_t> out(cells_of(info_of(of)), 0);
    const std::lock_guard lock(shards_lock_);
    for (const auto& slot : shards_) {
        const series_store& store = slot->cells.store();
        for (std::size_t s = 0, size = store.size(); s < size; ++s) {
            const series& one = store.at(s);
            for (std::size_t i = 0; one.of == of && i < out.size(); ++i) out[i] += one.cells[i].read();
        }
    }
    return out;
}

std::vector<MetricFamily> metrics::Collect() const {
    const std::lock_guard lock(scrape_);
    merge();
    std::vector<MetricFamily> all;
    for (const merged_family& family : merged_)
        if (!family.hidden()) all.push_back(family.collect());
    std::vector<MetricFamily> rest = outside();
    std::move(rest.begin(), rest.end(), std::back_inserter(all));
    return all;
}

}  // namespace weir::telemetry
