#include "cli/top_picture.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <tuple>
#include <vector>

#include "cli/terminal_text.hpp"

namespace weir::cli {
namespace {

namespace dom = simdjson::dom;

/// A member as text: strings as they are, null as a dash.
std::string text(const dom::element& of, std::string_view name) {
    dom::element v;
    if (of[name].get(v) != simdjson::SUCCESS || v.is_null()) return "-";
    if (std::string_view s; v.get(s) == simdjson::SUCCESS) return std::string{s};
    return simdjson::minify(v);
}

/// Also of a text that holds a number; 0 where there is none.
double number(const dom::element& of, std::string_view name) { return std::strtod(text(of, name).c_str(), nullptr); }

std::string age(const dom::element& of, std::string_view name) {
    std::int64_t ms = 0;
    if (of[name].get(ms) != simdjson::SUCCESS) return "-";
    if (ms < 1000) return std::to_string(ms) + "ms";
    return std::to_string(ms / 1000) + "." + std::to_string(ms % 1000 / 100) + "s";
}

std::string dollars(double usd) {
    std::array<char, 32> out{};
    (void)std::snprintf(out.data(), out.size(), "%.4f", usd);
    return out.data();
}

/// The elements of a list; none where there is no such list.
std::vector<dom::element> list(const dom::element& of, std::string_view name) {
    dom::array all;
    if (of[name].get(all) != simdjson::SUCCESS) return {};
    return {all.begin(), all.end()};
}

/// One column of a table. The last one of a line is as wide as what is left.
struct column {
    std::string_view title;
    std::size_t width, least;  ///< where there is room, and where there is little
    bool right = false;
};

/// A table as lines. Where the screen is narrow, columns give way down to their least.
class table {
public:
    table(std::vector<column> columns, const screen& on) : columns_(std::move(columns)), room_(on.columns) {}

    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

    [[nodiscard]] std::vector<std::string> lines() const {
        const auto widths = fitted();
        std::vector<std::string> titles;
        for (const auto& c : columns_) titles.emplace_back(c.title);
        std::vector<std::string> out{line(titles, widths)};
        for (const auto& row : rows_) out.push_back(line(row, widths));
        return out;
    }

private:
    [[nodiscard]] std::vector<std::size_t> fitted() const {
        std::vector<std::size_t> widths;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            auto needed = columns_of(columns_[i].title);
            for (const auto& row : rows_) needed = std::max(needed, columns_of(row[i]));
            // Without a screen everything is shown whole.
            widths.push_back(room_ == 0 ? std::max(needed, columns_[i].width) : std::min(needed, std::max(columns_[i].width, columns_[i].least)));
        }
        if (room_ == 0) return widths;
        auto all = gap * (widths.size() - 1);
        for (const auto w : widths) all += w;
        // From the right: what a line begins with says what it is about.
        for (auto i = widths.size(); i-- > 0 && all > room_;) {
            const auto less = std::min(widths[i] - std::min(widths[i], columns_[i].least), all - room_);
            widths[i] -= less;
            all -= less;
        }
        return widths;
    }
    [[nodiscard]] std::string line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const {
        std::string out;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            if (widths[i] == 0) continue;
            if (!out.empty()) out.append(gap, ' ');
            out += in_columns(cells[i], widths[i], columns_[i].right);
        }
        out.erase(out.find_last_not_of(' ') + 1);
        return room_ > 0 && columns_of(out) > room_ ? in_columns(out, room_) : out;
    }

    static constexpr std::size_t gap = 2;
    std::vector<column> columns_;
    std::vector<std::vector<std::string>> rows_;
    std::size_t room_;
};

/// A pool, as far as its line tells of it.
struct pool_line {
    std::string name;
    std::vector<dom::element> upstreams;
    std::size_t usable = 0;
    std::int64_t in_flight = 0;
    std::string waiting, latency = "-", trouble;
};

bool is_usable(const dom::element& up) {
    const auto state = text(up, "state");
    return state == "open" || state == "half_open" || state == "probing";
}

std::string last_failure(const dom::element& up) {
    dom::element last;
    if (up["last_failure"].get(last) != simdjson::SUCCESS || last.is_null()) return {};
    return age(last, "ago_ms") + " ago: " + text(last, "reason");
}

pool_line read_pool(const dom::element& pool) {
    pool_line out{.name = text(pool, "name"), .upstreams = list(pool, "upstreams")};
    double slowest = -1;
    for (const auto& up : out.upstreams) {
        const bool usable = is_usable(up);
        out.usable += usable ? 1 : 0;
        out.in_flight += static_cast<std::int64_t>(number(up, "in_flight"));
        if (text(up, "latency_ms") != "-" && number(up, "latency_ms") > slowest) {
            slowest = number(up, "latency_ms");
            out.latency = text(up, "latency_ms") + "ms";
        }
        if (!usable && out.trouble.empty()) out.trouble = text(up, "name") + ": " + text(up, "standing");
    }
    // What broke lately is worth a word also where everything is up again.
    for (const auto& up : out.upstreams)
        if (const auto failure = last_failure(up); out.trouble.empty() && !failure.empty()) out.trouble = text(up, "name") + " " + failure;
    dom::element queue;
    out.waiting = pool["queue"].get(queue) == simdjson::SUCCESS ? text(queue, "waiting") : "-";
    return out;
}

std::vector<pool_line> read_pools(const dom::element& status) {
    std::vector<pool_line> out;
    for (const auto& pool : list(status, "pools")) out.push_back(read_pool(pool));
    const auto rank = [](const pool_line& p) { return std::make_tuple(p.upstreams.size() == p.usable, p.usable > 0, -p.in_flight); };
    std::vector<std::size_t> order(out.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const auto left = rank(out[a]), right = rank(out[b]);
        return left != right ? left < right : a < b;
    });
    std::vector<pool_line> sorted;
    for (const auto i : order) sorted.push_back(std::move(out[i]));
    return sorted;
}

std::vector<std::string> pool_lines(const std::vector<pool_line>& pools, const screen& on) {
    table t{{{"POOL", 24, 12}, {"UP", 7, 3, true}, {"IN FLIGHT", 9, 9, true}, {"QUEUE", 5, 5, true}, {"LATENCY", 9, 7, true}, {"TROUBLE", 90, 10}},
            on};
    for (const auto& p : pools)
        t.add({p.name, std::to_string(p.usable) + "/" + std::to_string(p.upstreams.size()), std::to_string(p.in_flight), p.waiting, p.latency,
               p.trouble});
    return t.lines();
}

/// What is not as it should be comes first.
std::vector<std::string> upstream_lines(const std::vector<pool_line>& pools, const screen& on) {
    table t{{{"UPSTREAM", 30, 12},
             {"POOL", 20, 8},
             {"WEIGHT", 6, 6, true},
             {"IN FLIGHT", 9, 9, true},
             {"LATENCY", 9, 7, true},
             {"STANDING", 60, 10},
             {"LAST FAILURE", 60, 0}},
            on};
    for (const bool usable : {false, true})
        for (const auto& p : pools)
            for (const auto& up : p.upstreams) {
                if (is_usable(up) != usable) continue;
                const auto latency = text(up, "latency_ms");
                t.add({text(up, "name"), p.name, text(up, "weight"), text(up, "in_flight"), latency == "-" ? latency : latency + "ms",
                       text(up, "standing"), last_failure(up)});
            }
    return t.lines();
}

std::vector<std::string> request_lines(const dom::element& live, const screen& on) {
    auto open = list(live, "open");
    const std::string_view by = on.order == top_order::tokens ? "output_tokens" : on.order == top_order::cost ? "cost_usd" : "age_ms";
    std::vector<std::pair<double, std::size_t>> order;
    for (std::size_t i = 0; i < open.size(); ++i) order.emplace_back(-number(open[i], by), i);
    std::sort(order.begin(), order.end());
    table t{{{"KEY", 20, 6},
             {"MODEL", 30, 12},
             {"UPSTREAM", 20, 8},
             {"AGE", 8, 6, true},
             {"TOKENS", 8, 6, true},
             {"USD", 10, 8, true},
             {"REQUEST", 40, 0}},
            on};
    for (const auto& [rank, i] : order) {
        const auto& r = open[i];
        t.add({text(r, "key"), text(r, "model"), text(r, "upstream"), age(r, "age_ms"), text(r, "output_tokens"), text(r, "cost_usd"),
               text(r, "request_id")});
    }
    return t.lines();
}

std::vector<std::string> summary(const dom::element& live, const dom::element& status, const dom::element& tokens) {
    double spent = 0;
    for (const auto& row : list(live, "spend_today")) spent += number(row, "cost_usd");
    std::vector<std::string> out{"weir " + text(status, "version") + "  " + text(live, "requests_per_second") + " requests/s  first token " +
                                 text(tokens, "p50") + "/" + text(tokens, "p95") + "/" + text(tokens, "p99") + " ms  today " + dollars(spent) +
                                 " USD" + (text(status, "draining") == "true" ? "  DRAINING" : "")};
    const auto errors = list(live, "errors");
    if (!errors.empty()) {
        const auto& last = errors.front();
        out.push_back("last error " + text(last, "time") + "  " + text(last, "status") + " " + text(last, "code") + "  " + text(last, "model") +
                      "  " + text(last, "request_id"));
    }
    return out;
}

class picture {
public:
    explicit picture(const screen& on) : on_(on) {}

    [[nodiscard]] std::size_t left() const { return on_.rows == 0 ? unlimited : on_.rows - std::min(on_.rows, lines_.size() + (on_.keys ? 1 : 0)); }
    void add(std::string line) {
        if (left() > 0) lines_.push_back(on_.columns > 0 && columns_of(line) > on_.columns ? in_columns(line, on_.columns) : std::move(line));
    }
    /// A title and what stands below it, in at most `most` lines: the last one says how many are missing.
    void add(const std::vector<std::string>& table, std::size_t most) {
        most = std::min(most, left());
        if (most < 2) return;
        const bool all = table.size() <= most;
        const auto shown = all ? table.size() : most - 1;
        for (std::size_t i = 0; i < shown; ++i) lines_.push_back(table[i]);
        if (!all) lines_.push_back("… and " + std::to_string(table.size() - shown) + " more");
    }
    [[nodiscard]] std::string take() {
        if (on_.keys) lines_.emplace_back(in_columns("q quit   a by age   t by tokens   c by cost", on_.columns));
        std::string out;
        for (const auto& line : lines_) out.append(line).append("\n");
        return out;
    }
    static constexpr std::size_t unlimited = std::size_t{1} << 30;

private:
    const screen& on_;
    std::vector<std::string> lines_;
};

}  // namespace

std::string top_picture(std::string_view live_json, const screen& on) {
    dom::parser parser;
    dom::element live, status, tokens;
    if (parser.parse(simdjson::padded_string{live_json}).get(live) != simdjson::SUCCESS) return {};
    if (live["status"].get(status) != simdjson::SUCCESS || live["first_token_ms"].get(tokens) != simdjson::SUCCESS) return {};
    picture out{on};
    for (auto& line : summary(live, status, tokens)) out.add(std::move(line));
    out.add("");
    const auto pools = read_pools(status);
    out.add(pool_lines(pools, on), picture::unlimited);
    const auto requests = request_lines(live, on);
    const auto upstreams = upstream_lines(pools, on);
    // A few requests are always seen; upstreams have what is left then, and requests what upstreams leave.
    constexpr std::size_t fewest = 5, apart = 2;
    const auto for_requests = std::min(requests.size(), fewest) + apart;
    if (out.left() > for_requests + fewest || out.left() == picture::unlimited) {
        out.add("");
        out.add(upstreams, out.left() - for_requests + 1);
    }
    if (out.left() > apart) {
        out.add("");
        out.add(requests, picture::unlimited);
    }
    return out.take();
}

}  // namespace weir::cli
