#include "admin/operations.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <condition_variable>

#include "admin/json_text.hpp"
#include "telemetry/event_log.hpp"
#include "telemetry/families.hpp"
#include "worker/worker.hpp"

namespace weir::admin {
namespace {

using namespace std::chrono_literals;

constexpr auto worker_patience = 500ms;  // a worker that is busy for longer is left out rather than waited for
constexpr auto sample_interval = 900ms;
constexpr auto rate_window = 10s;
constexpr auto percentile_window = 60s;
constexpr auto spend_interval = 5s;
constexpr int most_weight = 1000;

constexpr std::size_t longest_shown_id = 100;

// What an operator did, for whoever wonders later.
void say(const std::string& pool, const std::string& upstream, const std::string& what) {
    telemetry::log(telemetry::level::info, "upstream '" + upstream + "' of pool '" + pool + "' " + what);
}

core::wall_time midnight(core::wall_time now) { return std::chrono::floor<std::chrono::days>(now); }

void write_requests(json_text& out, const std::vector<exchange::open_request>& all) {
    out.open_array("open");
    for (const auto& r : all) {
        out.open_object();
        out.add("request_id", r.request_id);
        out.add("client", r.client);
        out.add_or_null("key", r.key);
        out.add("endpoint", r.endpoint);
        out.add_or_null("model", r.model);
        out.add_or_null("pool", r.pool);
        out.add_or_null("upstream", r.upstream);
        out.add("stream", r.stream);
        out.add("age_ms", r.age_ms);
        out.add("output_tokens", r.output_tokens);
        out.add("cost_usd", usage::usd_string(r.cost));
        out.close_object();
    }
    out.close_array();
}

void write_errors(json_text& out, const std::vector<exchange::recent_error>& all) {
    out.open_array("errors");
    for (const auto& e : all) {
        out.open_object();
        out.add_time("time", e.time);
        out.add("request_id", e.request_id);
        out.add("status", e.status);
        out.add_or_null("code", e.code);
        out.add_or_null("key", e.key);
        out.add_or_null("model", e.model);
        out.add_or_null("pool", e.pool);
        out.add_or_null("upstream", e.upstream);
        out.close_object();
    }
    out.close_array();
}

void write_spend(json_text& out, const ledger::spend_result& today) {
    out.open_array("spend_today");
    for (const auto& row : today.rows) {
        out.open_object();
        out.add_or_null("key", row.by.at(0));
        out.add_or_null("model", row.by.at(1));
        out.add("requests", row.requests);
        out.add("tokens", row.usage.prompt() + row.usage.completion());
        out.add("cost_usd", usage::usd_string(row.cost));
        out.close_object();
    }
    out.close_array();
}

// Where in the buckets (counts, then an overflow) the share lies, in seconds, linear within a bucket; the last bound is the most it says.
double quantile(double share, const std::vector<std::int64_t>& counts, std::span<const std::int64_t> bounds, std::int64_t total) {
    const double wanted = share * static_cast<double>(total);
    double below = 0;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        const auto here = static_cast<double>(counts[i]);
        if (below + here >= wanted && here > 0) {
            const double low = i == 0 ? 0 : static_cast<double>(bounds[i - 1]);
            return (low + (static_cast<double>(bounds[i]) - low) * (wanted - below) / here) / 1e9;
        }
        below += here;
    }
    return static_cast<double>(bounds.back()) / 1e9;
}

}  // namespace

template <class Result>
std::vector<Result> operations::ask_workers(const std::function<std::vector<Result>(worker::worker&)>& question) {
    // Answers may still come when nobody waits any more, so they own the place that they go to.
    struct answers {
        std::mutex lock;
        std::condition_variable came;
        std::size_t missing = 0;
        std::vector<Result> all;
    };
    const auto state = std::make_shared<answers>();
    state->missing = of_.workers.size();
    for (auto* w : of_.workers)
        w->post([state, question, w] {
            auto part = question(*w);
            const std::scoped_lock hold(state->lock);
            state->all.insert(state->all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
            --state->missing;
            state->came.notify_all();
        });
    std::unique_lock hold(state->lock);
    state->came.wait_for(hold, worker_patience, [&] { return state->missing == 0; });
    return std::move(state->all);
}

bool operations::end_request(const std::string& request_id) {
    const auto found =
        ask_workers<char>([request_id](worker::worker& w) { return w.lends().open.end(request_id) ? std::vector<char>{1} : std::vector<char>{}; });
    if (found.empty()) return false;
    telemetry::log(telemetry::level::info, "an operator ended the request " + request_id.substr(0, longest_shown_id));
    return true;
}

std::string operations::tell(const std::string& pool, const std::string& upstream, const std::function<void(told&)>& change) {
    const auto now = of_.current();
    const auto& pools = now->pools;
    const auto p = std::find_if(pools.begin(), pools.end(), [&](const auto& one) { return one.conf->name == pool; });
    if (p == pools.end()) return "no pool is called '" + pool + "'";
    const auto has = [&](const auto& one) { return one.conf->name == upstream; };
    if (std::none_of(p->upstreams.begin(), p->upstreams.end(), has)) return "pool '" + pool + "' has no upstream '" + upstream + "'";
    {
        const std::scoped_lock hold(lock_);
        if (handed_over_) return std::string{handing_over};
        change(told_[{pool, upstream}]);
    }
    tell_workers();
    // Who hears that it is done may rely on it: the workers take what is posted in order.
    (void)ask_workers<char>([](worker::worker&) { return std::vector<char>{}; });
    return {};
}

std::string operations::set_drained(const std::string& pool, const std::string& upstream, bool drained) {
    auto why = tell(pool, upstream, [drained](told& t) { t.drained = drained; });
    if (why.empty())
        say(pool, upstream, drained ? "takes no new requests: an operator drained it" : "takes requests again: an operator undrained it");
    return why;
}

std::string operations::set_weight(const std::string& pool, const std::string& upstream, int weight) {
    if (weight < -1 || weight > most_weight) return "a weight is 0 to " + std::to_string(most_weight) + ", or null for the conf's own";
    auto why = tell(pool, upstream, [weight](told& t) { t.weight = weight; });
    if (why.empty())
        say(pool, upstream,
            weight < 0 ? "has the conf's own weight again, by an operator" : "has the weight " + std::to_string(weight) + " now, by an operator");
    return why;
}

// A line for each upstream: its pool, its name, drained or not, its weight. A name with one of the separators in it is left out.
std::string operations::hand_over() {
    const std::scoped_lock hold(lock_);
    handed_over_ = true;
    std::string out;
    for (const auto& [which, t] : told_) {
        const auto& [pool, upstream] = which;
        if ((pool + upstream).find_first_of("\t\n") != std::string::npos) continue;
        if (t.drained || t.weight >= 0)
            out += pool + "\t" + upstream + "\t" + (t.drained ? "drained" : "open") + "\t" + std::to_string(t.weight) + "\n";
    }
    return out;
}

void operations::keep_on() {
    const std::scoped_lock hold(lock_);
    handed_over_ = false;
}

void operations::take_over(std::string_view said) {
    const std::scoped_lock hold(lock_);
    while (!said.empty()) {
        const auto end = std::min(said.find('\n'), said.size());
        std::array<std::string_view, 4> fields;
        std::string_view line = said.substr(0, end);
        for (auto& field : fields) {
            const auto tab = std::min(line.find('\t'), line.size());
            field = line.substr(0, tab);
            line.remove_prefix(std::min(tab + 1, line.size()));
        }
        said.remove_prefix(std::min(end + 1, said.size()));
        int weight = -1;
        const auto read = std::from_chars(fields[3].data(), fields[3].data() + fields[3].size(), weight);
        if (read.ec == std::errc{} && weight >= -1 && weight <= most_weight)
            told_[{std::string{fields[0]}, std::string{fields[1]}}] = {fields[2] == "drained", weight};
    }
}

void operations::tell_workers() {
    const auto now = of_.current();
    const std::scoped_lock hold(lock_);
    for (const auto& pool : now->pools)
        for (const auto& up : pool.upstreams) {
            const auto found = told_.find({pool.conf->name, up.conf->name});
            if (found == told_.end()) continue;
            const int own = up.conf->weight;
            const int weight = found->second.drained ? 0 : found->second.weight < 0 ? own : found->second.weight;
            for (auto* w : of_.workers) w->post([w, p = pool.conf->name, u = up.conf->name, weight] { w->set_weight(p, u, weight); });
        }
}

std::map<std::pair<std::string, std::string>, int> operations::weights() const {
    const std::scoped_lock hold(lock_);
    std::map<std::pair<std::string, std::string>, int> out;
    for (const auto& [which, t] : told_)
        if (t.drained || t.weight >= 0) out[which] = t.drained ? 0 : t.weight;
    return out;
}

bool operations::drained(const std::string& pool, const std::string& upstream) const {
    const std::scoped_lock hold(lock_);
    const auto found = told_.find({pool, upstream});
    return found != told_.end() && (found->second.drained || found->second.weight == 0);
}

std::string operations::status() {
    auto facts = of_.facts();
    facts.weights = weights();
    return status_json(*of_.current(), core::clock::now(), facts);
}

ledger::spend_result operations::spend(const ledger::spend_query& what) const {
    if (!of_.ledger.empty()) return ledger::spend(of_.ledger, what);
    ledger::spend_result none;
    none.error = "this weir keeps no ledger (state.ledger is off)";
    return none;
}

const ledger::spend_result& operations::spend_of_today() {
    const auto now = core::clock::now();
    if (today_read_ == core::time_point{} || now - today_read_ >= spend_interval) {
        ledger::spend_query query;
        query.by = {"key", "model"};
        query.since = midnight(core::wall_clock::now());
        today_ = spend(query);
        today_read_ = now;
    }
    return today_;
}

std::string operations::requests() {
    json_text out;
    out.open_object();
    write_requests(out, ask_workers<exchange::open_request>([](worker::worker& w) { return w.lends().open.described(); }));
    out.close_object();
    return out.take();
}

std::string operations::keys() {
    std::map<std::string, key_usage> today;
    for (const auto& row : spend_of_today().rows) {
        auto& sum = today[row.by.at(0)];
        sum.requests += row.requests;
        sum.tokens += row.usage.prompt() + row.usage.completion();
        sum.cost += row.cost;
    }
    return keys_json(*of_.current(), core::wall_clock::now(), today);
}

void operations::take_sample(core::time_point now) {
    if (!history_.empty() && now - history_.back().at < sample_interval) return;
    history_.push_back({now, of_.metrics->totals(telemetry::family::requests)[0], of_.metrics->totals(telemetry::family::first_token)});
    while (history_.size() > 2 && now - history_[1].at >= percentile_window) history_.pop_front();
}

std::string operations::live() {
    const auto now = core::clock::now();
    take_sample(now);
    auto open = ask_workers<exchange::open_request>([](worker::worker& w) { return w.lends().open.described(); });
    std::sort(open.begin(), open.end(), [](const auto& a, const auto& b) { return a.age_ms > b.age_ms; });
    auto errors = ask_workers<exchange::recent_error>([](worker::worker& w) {
        const auto& all = w.lends().open.errors();
        return std::vector<exchange::recent_error>{all.begin(), all.end()};
    });
    std::sort(errors.begin(), errors.end(), [](const auto& a, const auto& b) { return a.time > b.time; });
    if (errors.size() > 20) errors.resize(20);

    json_text out;
    out.open_object();
    const auto& last = history_.back();
    const auto since = std::find_if(history_.begin(), history_.end(), [&](const sample& s) { return last.at - s.at <= rate_window; });
    const double seconds = std::chrono::duration<double>(last.at - since->at).count();
    if (seconds > 0)
        out.add("requests_per_second", std::round(static_cast<double>(last.requests - since->requests) / seconds * 100) / 100);
    else
        out.add_null("requests_per_second");
    // Of the last minute; since the start when nobody has looked for so long.
    auto counts = last.first_token;
    if (history_.size() > 1)
        for (std::size_t i = 0; i < counts.size(); ++i) counts[i] -= history_.front().first_token[i];
    const auto bounds = telemetry::info_of(telemetry::family::first_token).bounds;
    std::int64_t total = 0;
    for (std::size_t i = 0; i <= bounds.size(); ++i) total += counts[i];
    out.open_object("first_token_ms");
    for (const auto& [name, share] : {std::pair{"p50", 0.5}, std::pair{"p95", 0.95}, std::pair{"p99", 0.99}}) {
        if (total > 0)
            out.add(name, std::round(quantile(share, counts, bounds, total) * 1e4) / 10);
        else
            out.add_null(name);
    }
    out.close_object();
    write_requests(out, open);
    write_errors(out, errors);
    write_spend(out, spend_of_today());
    out.add_json("status", status());
    out.close_object();
    return out.take();
}

}  // namespace weir::admin
