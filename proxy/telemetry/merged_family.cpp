#include "telemetry/merged_family.hpp"

#include <charconv>
#include <limits>

#include "telemetry/openmetrics.hpp"
#include "telemetry/text.hpp"

namespace weir::telemetry {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

double scaled(std::int64_t value, int decimals) {
    double unit = 1;
    for (int i = 0; i < decimals; ++i) unit *= 10;
    return static_cast<double>(value) / unit;
}

void append_head(std::string& out, std::string_view name, std::string_view help, std::string_view type) {
    out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name).append(" ").append(type) += '\n';
}

void append_value(std::string& out, std::int64_t value, int decimals) {
    char digits[32];
    char* const end = decimals == 0 ? std::to_chars(digits, digits + sizeof digits, value).ptr : write_decimal(digits, value, decimals);
    *end = '\n';
    out.append(digits, static_cast<std::size_t>(end + 1 - digits));
}

std::string decimal(std::int64_t value, int decimals) {
    char digits[32];
    return {digits, write_decimal(digits, value, decimals)};
}

}  // namespace

MetricType type_of(metric_kind kind) {
    switch (kind) {
        case metric_kind::counter: return MetricType::Counter;
        case metric_kind::gauge: return MetricType::Gauge;
        case metric_kind::histogram: return MetricType::Histogram;
    }
    return MetricType::Untyped;
}

merged_family::merged_family(family which) : info(&info_of(which)), optional(which >= first_otel_family) {
    for (const std::int64_t bound : info->bounds) {
        bounds.push_back(decimal(bound, info->decimals));
        canonical_bounds.push_back(canonical_number(bound, info->decimals));
    }
}

void merged_family::add_line(std::string_view suffix, const std::string& labels, std::string_view le, std::size_t value) {
    const std::size_t start = texts.size();
    texts.append(info->name).append(suffix);
    if (!labels.empty() || !le.empty()) {
        texts.append("{").append(labels);
        if (!le.empty()) texts.append(labels.empty() ? "" : ",").append("le=\"").append(le).append("\"");
        texts.append("}");
    }
    texts += ' ';
    lines.push_back({start, static_cast<std::uint32_t>(texts.size() - start), static_cast<std::uint32_t>(value)});
}

std::size_t merged_family::add_entry(const series_store& store, const series& like, const std::string& label_text) {
    const std::size_t first_value = values.size();
    values.resize(first_value + cells_of(*info));
    entries.push_back({lines.size(), first_value, &store, &like});
    if (info->kind != metric_kind::histogram) {
        add_line("", label_text, "", first_value);
        return first_value;
    }
    for (const std::string& bound : bounds) add_line("_bucket", label_text, bound, first_value);
    add_line("_bucket", label_text, "+Inf", first_value);
    add_line("_sum", label_text, "", first_value);
    add_line("_count", label_text, "", first_value);
    return first_value;
}

void merged_family::render(std::string& out) const {
    append_head(out, info->name, info->help, name_of(info->kind));
    const auto put = [&](const line& l, std::int64_t value, int decimals) {
        out.append(texts, l.text, l.length);
        append_value(out, value, decimals);
    };
    if (info->kind != metric_kind::histogram) {
        for (const line& l : lines) put(l, values[l.value], info->decimals);
        return;
    }
    const std::size_t buckets = info->bounds.size() + 1;
    for (const entry& e : entries) {
        std::int64_t count = 0;
        for (std::size_t b = 0; b < buckets; ++b) {
            count += values[e.first_value + b];
            put(lines[e.first_line + b], count, 0);
        }
        put(lines[e.first_line + buckets], values[e.first_value + buckets], info->decimals);
        put(lines[e.first_line + buckets + 1], count, 0);
    }
}

MetricFamily merged_family::collect() const {
    MetricFamily family{std::string(info->name), std::string(info->help), type_of(info->kind), {}};
    family.metric.reserve(entries.size());
    for (const entry& e : entries) {
        prometheus::ClientMetric metric;
        for (std::size_t i = 0; i < info->labels.size(); ++i)
            metric.label.push_back({std::string(info->labels[i]), std::string(e.store->label(e.like->labels[i]))});
        const std::int64_t* const cells = &values[e.first_value];
        if (info->kind == metric_kind::counter) metric.counter.value = scaled(cells[0], info->decimals);
        if (info->kind == metric_kind::gauge) metric.gauge.value = scaled(cells[0], info->decimals);
        if (info->kind == metric_kind::histogram) {
            std::uint64_t count = 0;
            const std::size_t buckets = info->bounds.size() + 1;
            for (std::size_t b = 0; b < buckets; ++b) {
                count += static_cast<std::uint64_t>(cells[b]);
                const double bound = b + 1 < buckets ? scaled(info->bounds[b], info->decimals) : std::numeric_limits<double>::infinity();
                metric.histogram.bucket.push_back({count, bound});
            }
            metric.histogram.sample_count = count;
            metric.histogram.sample_sum = scaled(cells[buckets], info->decimals);
        }
        family.metric.push_back(std::move(metric));
    }
    return family;
}

void merged_family::forget_examples() {
    if (info->kind == metric_kind::histogram) examples.assign(values.size(), {});
}

void merged_family::keep_newest(std::size_t first_value, const series& from) {
    const auto* slots = from.exemplars.load(std::memory_order_acquire);
    if (slots == nullptr) return;
    for (std::size_t b = 0; b <= info->bounds.size(); ++b) {
        const auto found = slots[b].read();
        if (found && found->time_ms >= examples[first_value + b].time_ms) examples[first_value + b] = *found;
    }
}

void merged_family::render_openmetrics(std::string& out) const {
    openmetrics_head(out, info->name, info->help, name_of(info->kind));
    if (info->kind != metric_kind::histogram) {
        for (const line& l : lines) {
            out.append(texts, l.text, l.length);
            append_value(out, values[l.value], info->decimals);
        }
        return;
    }
    const std::size_t buckets = info->bounds.size() + 1;
    for (const entry& e : entries) {
        std::int64_t count = 0;
        for (std::size_t b = 0; b < buckets; ++b) {
            const line& l = lines[e.first_line + b];
            count += values[e.first_value + b];
            if (b + 1 < buckets) {
                // The text ends with the bound as the classic format has it, a quote, a brace and a blank.
                out.append(texts, l.text, l.length - bounds[b].size() - 3).append(canonical_bounds[b]).append("\"} ");
            } else {
                out.append(texts, l.text, l.length);
            }
            append_value(out, count, 0);
            if (const exemplar& example = examples[e.first_value + b]; !example.empty()) {
                out.pop_back();
                append_example(out, example);
            }
        }
        const line& sum = lines[e.first_line + buckets];
        out.append(texts, sum.text, sum.length);
        append_value(out, values[e.first_value + buckets], info->decimals);
        const line& total = lines[e.first_line + buckets + 1];
        out.append(texts, total.text, total.length);
        append_value(out, count, 0);
    }
}

void merged_family::append_example(std::string& out, const exemplar& e) const {
    out += " # {";
    if (!e.trace.empty()) {
        char digits[32];
        out.append("trace_id=\"").append(digits, core::write_trace_id(digits, e.trace)) += '"';
    }
    if (e.id_size > 0) {
        out.append(e.trace.empty() ? "request_id=\"" : ",request_id=\"");
        append_label_value(out, e.request_id());
        out += '"';
    }
    out.append("} ").append(decimal(e.value, info->decimals)).append(" ").append(decimal(e.time_ms, 3)) += '\n';
}

}  // namespace weir::telemetry
