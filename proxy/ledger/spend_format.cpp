// How the sums of spend.hpp look: for people, for programs, for spreadsheets.
#include <algorithm>
#include <array>
#include <charconv>

#include "ledger/spend.hpp"
#include "ledger/utf8.hpp"

namespace weir::ledger {
namespace {

struct number_column {
    std::string_view name;
    std::int64_t (*value)(const spend_row&);
};

constexpr number_column number_columns[] = {
    {"requests", [](const spend_row& r) { return r.requests; }},
    {"input_tokens", [](const spend_row& r) { return r.usage.input; }},
    {"cached_input_tokens", [](const spend_row& r) { return r.usage.cached_input; }},
    {"cache_write_tokens", [](const spend_row& r) { return r.usage.cache_write; }},
    {"output_tokens", [](const spend_row& r) { return r.usage.output; }},
    {"reasoning_tokens", [](const spend_row& r) { return r.usage.reasoning; }},
    {"audio_input_tokens", [](const spend_row& r) { return r.usage.audio_input; }},
    {"audio_output_tokens", [](const spend_row& r) { return r.usage.audio_output; }},
    {"image_output_tokens", [](const spend_row& r) { return r.usage.image_output; }},
    {"prompt_tokens", [](const spend_row& r) { return r.usage.prompt(); }},
    {"completion_tokens", [](const spend_row& r) { return r.usage.completion(); }},
};

// Columns of the table for people: the sums, and the money.
constexpr std::string_view shown_to_people[] = {"requests", "prompt_tokens", "cached_input_tokens", "completion_tokens"};

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const auto c = static_cast<unsigned char>(text[0]);
        if (length == 0) {
            out += "\xef\xbf\xbd";
        } else if (c < 0x20 || c == 0x7f) {
            constexpr char hex[] = "0123456789abcdef";
            out.append("\\u00").append({hex[c >> 4], hex[c & 15]});
        } else {
            if (c == '"' || c == '\\') out += '\\';
            out += text.substr(0, length);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    out += '"';
}

bool is_bare(std::string_view field, std::string_view value) {
    return (field == "status" && !value.empty()) || field == "stream" || field == "estimated" || field == "recovered";
}

std::string as_json(const spend_result& result) {
    std::string out = "[";
    for (const spend_row& r : result.rows) {
        out += &r == result.rows.data() ? "\n  {" : ",\n  {";
        for (std::size_t i = 0; i < result.by.size(); ++i) {
            append_json_string(out, result.by[i]);
            out += ": ";
            if (is_bare(result.by[i], r.by[i])) {
                out += r.by[i];
            } else {
                append_json_string(out, r.by[i]);
            }
            out += ", ";
        }
        for (const number_column& c : number_columns) out.append("\"").append(c.name).append("\": ").append(std::to_string(c.value(r))).append(", ");
        out.append("\"cost_usd\": \"").append(usage::usd_string(r.cost)).append("\", ");
        out.append("\"cost_nanousd\": ").append(std::to_string(r.cost)).append("}");
    }
    out += result.rows.empty() ? "]\n" : "\n]\n";
    return out;
}

// RFC 4180: quoted where needed, lines end with CRLF.
void append_csv_field(std::string& out, std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

std::string as_csv(const spend_result& result) {
    std::string out;
    for (const std::string& name : result.by) out.append(name).append(",");
    for (const number_column& c : number_columns) out.append(c.name).append(",");
    out += "cost_usd,cost_nanousd\r\n";
    for (const spend_row& r : result.rows) {
        for (const std::string& value : r.by) {
            append_csv_field(out, value);
            out += ',';
        }
        for (const number_column& c : number_columns) out.append(std::to_string(c.value(r))).append(",");
        out.append(usage::usd_string(r.cost)).append(",").append(std::to_string(r.cost)).append("\r\n");
    }
    return out;
}

// Nothing that a client sent may steer the terminal.
std::string for_terminal(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const auto c = static_cast<unsigned char>(text[0]);
        const bool control = c < 0x20 || c == 0x7f || (c == 0xc2 && length == 2 && static_cast<unsigned char>(text[1]) < 0xa0);
        out += length == 0 || control ? std::string_view("?") : text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out.empty() ? "-" : out;
}

std::size_t width(std::string_view text) {  // characters, near enough to columns
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// Money with its points under each other: at least cents, and as many digits as are there.
std::vector<std::string> money_cells(const spend_result& result) {
    std::vector<std::string> cells;
    std::size_t most = 2;
    const auto digits = [](const std::string& s) { return s.find('.') == std::string::npos ? 0 : s.size() - s.find('.') - 1; };
    for (const spend_row& r : result.rows) {
        cells.push_back(usage::usd_string(r.cost));
        most = std::max(most, digits(cells.back()));
    }
    for (std::string& cell : cells) {
        const std::size_t there = digits(cell);
        if (there == 0) cell += '.';
        cell.append(most - there, '0');
    }
    return cells;
}

std::string as_table(const spend_result& result) {
    std::vector<std::vector<std::string>> lines(1);
    lines[0] = result.by;
    for (const std::string_view name : shown_to_people) lines[0].emplace_back(name);
    lines[0].emplace_back("cost_usd");
    const std::vector<std::string> money = money_cells(result);
    for (std::size_t i = 0; i < result.rows.size(); ++i) {
        std::vector<std::string>& line = lines.emplace_back();
        for (const std::string& value : result.rows[i].by) line.push_back(for_terminal(value));
        for (const std::string_view name : shown_to_people)
            for (const number_column& c : number_columns)
                if (c.name == name) line.push_back(std::to_string(c.value(result.rows[i])));
        line.push_back(money[i]);
    }
    std::vector<std::size_t> widths(lines[0].size(), 0);
    for (const auto& line : lines)
        for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
    std::string out;
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            const std::string padding(widths[i] - width(line[i]), ' ');
            const bool text = i < result.by.size();
            out += text ? line[i] + padding : padding + line[i];
            out += i + 1 < line.size() ? "  " : "\n";
        }
    }
    return out;
}

// ---- times

struct scanner {
    std::string_view rest;
    bool literal(char c) {
        if (rest.empty() || rest[0] != c) return false;
        rest.remove_prefix(1);
        return true;
    }
    bool digits(std::size_t count, int& out) {
        if (rest.size() < count) return false;
        const auto end = std::from_chars(rest.data(), rest.data() + count, out);
        if (end.ec != std::errc() || end.ptr != rest.data() + count || rest[0] == '-') return false;
        rest.remove_prefix(count);
        return true;
    }
};

std::optional<core::wall_time> back_from(std::string_view text, core::wall_time now) {
    std::int64_t count = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), count);
    if (end.ec != std::errc() || count < 0) return std::nullopt;
    const std::string_view unit = text.substr(static_cast<std::size_t>(end.ptr - text.data()));
    constexpr std::pair<std::string_view, std::int64_t> units[] = {{"ms", 1},        {"s", 1'000},      {"m", 60'000},
                                                                   {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}};
    constexpr std::int64_t longest_ms = 200LL * 365 * 86'400'000;
    for (const auto& [name, ms] : units)
        if (unit == name && count <= longest_ms / ms) return now - std::chrono::milliseconds(count * ms);
    return std::nullopt;
}

bool read_zone(scanner& in, std::chrono::minutes& offset) {
    if (in.rest.empty() || in.literal('Z')) return in.rest.empty();
    const int sign = in.literal('+') ? 1 : in.literal('-') ? -1 : 0;
    int hours = 0, minutes = 0;
    if (sign == 0 || !in.digits(2, hours)) return false;
    in.literal(':');
    if (!in.digits(2, minutes) || hours > 23 || minutes > 59) return false;
    offset = std::chrono::minutes(sign * (hours * 60 + minutes));
    return in.rest.empty();
}

}  // namespace

std::optional<spend_format> spend_format_of(std::string_view name) {
    if (name == "table") return spend_format::table;
    if (name == "json") return spend_format::json;
    if (name == "csv") return spend_format::csv;
    return std::nullopt;
}

std::string format(const spend_result& result, spend_format how) {
    switch (how) {
        case spend_format::table: return as_table(result);
        case spend_format::json: return as_json(result);
        case spend_format::csv: return as_csv(result);
    }
    return {};
}

std::optional<core::wall_time> parse_when(std::string_view text, core::wall_time now) {
    using namespace std::chrono;
    scanner in{text};
    int year_number = 0, month_number = 0, day_number = 0;
    if (!in.digits(4, year_number) || !in.literal('-')) return back_from(text, now);
    if (!in.digits(2, month_number) || !in.literal('-') || !in.digits(2, day_number)) return std::nullopt;
    const year_month_day date{year(year_number), month(static_cast<unsigned>(month_number)), day(static_cast<unsigned>(day_number))};
    // The range of nanoseconds in 64 bits ends in 2262.
    if (!date.ok() || year_number < 1970 || year_number > 2200) return std::nullopt;
    core::wall_time when = sys_days(date);
    if (in.rest.empty()) return when;
    int hour = 0, minute = 0, second = 0;
    if (!in.literal('T') && !in.literal(' ')) return std::nullopt;
    if (!in.digits(2, hour) || !in.literal(':') || !in.digits(2, minute)) return std::nullopt;
    if (in.literal(':') && !in.digits(2, second)) return std::nullopt;
    if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
    when += hours(hour) + minutes(minute) + seconds(second);
    if (in.literal('.')) {
        int ms = 0, digit = 0, places = 0;
        for (; in.digits(1, digit); ++places)
            if (places < 3) ms = ms * 10 + digit;
        if (places == 0) return std::nullopt;
        for (; places < 3; ++places) ms *= 10;
        when += milliseconds(ms);
    }
    minutes offset{0};
    if (!read_zone(in, offset)) return std::nullopt;
    return when - offset;
}

}  // namespace weir::ledger
