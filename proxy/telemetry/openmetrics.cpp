#include "telemetry/openmetrics.hpp"

#include <charconv>
#include <cmath>

#include "telemetry/text.hpp"

namespace weir::telemetry {
namespace {

using prometheus::MetricType;

constexpr std::string_view units[] = {"seconds", "bytes", "usd", "ratio"};

std::string_view without(std::string_view name, std::string_view suffix) {
    return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : name;
}

std::string_view unit_of(std::string_view family) {
    for (const auto unit : units)
        if (family.size() > unit.size() && family.ends_with(unit) && family[family.size() - unit.size() - 1] == '_') return unit;
    return {};
}

void append_escaped(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
}

void append_number(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
    } else if (std::isinf(value)) {
        out += value > 0 ? "+Inf" : "-Inf";
    } else {
        char digits[32];
        out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    }
}

}  // namespace

void openmetrics_head(std::string& out, std::string_view name, std::string_view help, std::string_view type) {
    const bool is_info = type == "gauge" && name.ends_with("_info");
    const auto family = type == "counter" ? without(name, "_total") : is_info ? without(name, "_info") : name;
    out.append("# TYPE ").append(family).append(" ").append(is_info ? "info" : type) += '\n';
    if (const auto unit = unit_of(family); !unit.empty()) out.append("# UNIT ").append(family).append(" ").append(unit) += '\n';
    out.append("# HELP ").append(family) += ' ';
    append_escaped(out, help);
    out += '\n';
}

// The shortest digits, with an exponent below 1e-4 and from 1e6 on, and always with a point or an exponent.
std::string canonical_number(std::int64_t value, int decimals) {
    std::string digits = std::to_string(value < 0 ? -value : value);
    int exponent = static_cast<int>(digits.size()) - 1 - decimals;
    while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
    std::string out = value < 0 ? "-" : "";
    if (value == 0) return "0.0";
    if (exponent < -4 || exponent >= 6) {
        out += digits[0];
        if (digits.size() > 1) out.append(".").append(digits, 1);
        const int size = std::abs(exponent);
        out.append(exponent < 0 ? "e-" : "e+").append(size < 10 ? "0" : "").append(std::to_string(size));
        return out;
    }
    if (exponent < 0) return out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() <= whole) return out.append(digits).append(whole - digits.size(), '0').append(".0");
    return out.append(digits, 0, whole).append(".").append(digits, whole);
}

void append_openmetrics(std::string& out, const prometheus::MetricFamily& family) {
    const bool counts = family.type == MetricType::Counter;
    openmetrics_head(out, family.name, family.help, counts ? "counter" : "gauge");
    for (const auto& metric : family.metric) {
        out += family.name;
        for (std::size_t i = 0; i < metric.label.size(); ++i) {
            out.append(i == 0 ? "{" : ",").append(metric.label[i].name).append("=\"");
            append_label_value(out, metric.label[i].value);
            out += '"';
        }
        out += metric.label.empty() ? " " : "} ";
        append_number(out, counts ? metric.counter.value : metric.gauge.value);
        out += '\n';
    }
}

}  // namespace weir::telemetry
