// A draft as a conf: first what a person must know and do, then the keys in the order of conf/weir.yaml.
#include <algorithm>
#include <string_view>

#include "import/draft.hpp"
#include "import/foreign.hpp"

namespace weir::import {
namespace {

/// What YAML reads as it stands, in lists and maps of one line too.
std::string written(std::string_view text) {
    constexpr std::string_view words[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || std::string_view{"_-./@+"}.find(c) != std::string_view::npos; };
    std::string lower{text};
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool plain = !text.empty() && letter(text.front()) && std::all_of(text.begin(), text.end(), fits) &&
                       std::find(std::begin(words), std::end(words), lower) == std::end(words);
    return plain ? std::string{text} : in_json_quotes(text);
}

/// The same for a line of its own, where a reference needs no quotes.
std::string on_its_line(std::string_view text) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{"_-./@+:${}"}.find(c) != std::string_view::npos;
    };
    const bool plain = (text.starts_with("${") || text.starts_with("http")) && text.back() != ':' && std::all_of(text.begin(), text.end(), fits);
    return plain ? std::string{text} : written(text);
}

std::string list(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const auto& each : texts) out += (out.size() > 1 ? ", " : "") + written(each);
    return out + "]";
}

std::string duration(std::int64_t ms) { return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s" : std::to_string(ms) + "ms"; }

class conf_writer {
public:
    explicit conf_writer(const draft& from) : from_(from) {}

    std::string text() && {
        head();
        out_ += "\nlisteners:\n  - address: " + from_.address + "\n";
        if (!from_.address_comment.empty()) out_ += comment(from_.address_comment, 0, "    ");
        defaults();
        pools();
        routes();
        keys();
        prices();
        for (const auto& each : from_.advice) out_ += "\n" + comment(each);
        return std::move(out_);
    }

private:
    void head() {
        out_ += comment("Made by `weir import` from " + shown(from_.source) + " of " + from_.program + ". Read it, then: weir check FILE") + "#\n";
        if (const auto all = from_.secrets.text(shown(from_.source)); !all.empty())
            out_ += "# Variables: put them into weir.env beside this file (NAME=value; chmod 600), or into the environment.\n" + all + "#\n";
        if (const auto all = from_.left_out.text(); !all.empty())
            out_ += "# Left out, or otherwise than it was, by the lines of " + shown(from_.source) + ":\n" + all;
        else
            out_ += "# Nothing was left out.\n";
    }

    void defaults() {
        const auto& all = from_.defaults;
        if (all.empty()) return;
        out_ += "\ndefaults:\n  pools:\n";
        if (!all.balance.empty()) out_ += "    balance: " + all.balance + "\n";
        retry(all.attempts, all.backoff_ms);
        timeouts(all.first_byte_ms, all.first_token_ms);
        std::string ejection;
        const auto add = [&](const std::string& one) { ejection += (ejection.empty() ? "" : ", ") + one; };
        if (all.failures > 0) add("consecutive_failures: " + std::to_string(all.failures));
        if (all.rest_ms > 0) add("base: " + duration(all.rest_ms));
        if (constexpr std::int64_t usual_max = 300'000; all.rest_ms > usual_max) add("max: " + duration(all.rest_ms));
        if (!ejection.empty()) out_ += "    ejection: {" + ejection + "}\n";
    }

    void retry(std::int64_t attempts, std::int64_t backoff_ms) {
        std::string inside = attempts > 0 ? "attempts: " + std::to_string(attempts) : "";
        if (backoff_ms > 0) inside += (inside.empty() ? "" : ", ") + ("backoff: " + duration(backoff_ms));
        if (constexpr std::int64_t usual_max = 2000; backoff_ms > usual_max) inside += ", max_backoff: " + duration(backoff_ms);
        if (!inside.empty()) out_ += "    retry: {" + inside + "}\n";
    }

    void timeouts(std::int64_t first_byte_ms, std::int64_t first_token_ms) {
        std::string inside = first_byte_ms > 0 ? "first_byte: " + duration(first_byte_ms) : "";
        if (first_token_ms > 0) inside += (inside.empty() ? "" : ", ") + ("first_token: " + duration(first_token_ms));
        if (!inside.empty()) out_ += "    timeouts: {" + inside + "}\n";
    }

    void pools() {
        out_ += "\npools:\n";
        for (const auto& pool : from_.pools) one_pool(pool);
        if (from_.pools.empty())
            out_ +=
                "  # Nothing was left that weir can serve: put a provider here.\n  placeholder:\n    upstreams:\n"
                "      - url: https://provider.example/v1\n";
    }

    void one_pool(const draft_pool& pool) {
        out_ += "  " + written(pool.name) + ":\n";
        std::int64_t attempts = 0, first_byte = 0, first_token = 0;
        bool ask_usage = true;
        for (const auto& each : pool.upstreams) {
            const auto& at = from_.places[each.place];
            attempts = std::max(attempts, at.attempts);
            first_byte = std::max(first_byte, at.first_byte_ms);
            first_token = std::max(first_token, at.first_token_ms);
            ask_usage = ask_usage && at.ask_usage;
        }
        if (const auto& dialect = from_.places[pool.upstreams.front().place].dialect; dialect != "openai") out_ += "    dialect: " + dialect + "\n";
        if (!ask_usage) out_ += "    ask_usage: off\n";
        retry(attempts, 0);
        timeouts(first_byte, first_token);
        out_ += "    upstreams:\n";
        for (const auto& each : pool.upstreams) upstream(each, pool.upstreams.size() > 1);
    }

    void upstream(const draft_upstream& each, bool has_others) {
        const auto& at = from_.places[each.place];
        const std::string indent(8, ' ');
        out_ += "      - name: " + written(each.name) + (at.origin.empty() ? "" : "  # " + shown(at.origin)) + "\n";
        out_ += indent + "url: " + on_its_line(at.url) + "\n";
        if (!at.api_key.empty()) out_ += indent + "api_key: " + on_its_line(at.api_key) + "\n";
        if (at.weight > 0 && has_others) out_ += indent + "weight: " + std::to_string(at.weight) + "\n";
        if (at.max_requests > 0) out_ += indent + "max_requests: " + std::to_string(at.max_requests) + "\n";
        if (!at.headers.empty()) out_ += indent + "headers:\n";
        for (const auto& [name, value] : at.headers) out_ += indent + "  " + written(name) + ": " + in_json_quotes(value) + "\n";
        if (!each.rename.empty()) out_ += indent + "rename:\n";
        for (const auto& [name, sent] : each.rename) out_ += indent + "  " + written(name) + ": " + written(sent) + "\n";
        if (!at.drop.empty()) out_ += indent + "drop: " + list(at.drop) + "\n";
        if (!at.set.empty()) out_ += indent + "set:\n";
        for (const auto& [path, json] : at.set) out_ += indent + "  " + written(path) + ": " + json + "\n";
    }

    void routes() {
        if (from_.routes.empty()) return;
        out_ += "\nroutes:\n";
        for (const auto& route : from_.routes) {
            out_ += "  - models: " + list(route.models) + "\n    pool: " + written(route.pool) + "\n";
            if (!route.fallbacks.empty()) out_ += "    fallback:\n";
            for (const auto& each : route.fallbacks) {
                out_ += "      - {pool: " + written(each.pool);
                if (!each.model.empty()) out_ += ", model: " + written(each.model);
                if (each.larger_context) out_ += ", larger_context: on";
                out_ += "}\n";
            }
        }
    }

    void keys() {
        if (from_.keys.empty()) return;
        out_ += "\nkeys:\n";
        for (const auto& key : from_.keys) {
            out_ += "  - name: " + written(key.name) + "\n    secret: " + on_its_line(key.secret) + "\n";
            if (!key.comment.empty()) out_ += comment(key.comment, 0, "    ");
        }
    }

    /// Prices have a file of their own.
    void prices() {
        if (from_.prices.empty()) return;
        out_ +=
            "\n# Prices have a file of their own. Write this to prices.yaml, and here `prices: prices.yaml` (USD per million tokens):\n# "
            "upstreams:\n";
        std::map<std::string, std::map<std::string, std::string>> by_upstream;
        for (const auto& each : from_.prices) {
            std::string rates;
            for (const auto& [name, value] : each.rates) rates += (rates.empty() ? "" : ", ") + name + ": " + value;
            by_upstream[from_.places[each.place].name][each.model] = rates;
        }
        for (const auto& [name, models] : by_upstream) {
            out_ += "#   " + written(name) + ":\n";
            for (const auto& [model, rates] : models) out_ += "#     " + written(model) + ": {" + rates + "}\n";
        }
    }

    const draft& from_;
    std::string out_;
};

}  // namespace

std::string write_conf(const draft& from) { return conf_writer{from}.text(); }

std::string literal(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        out += text[i];
        if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') out += "$";
    }
    return out;
}

}  // namespace weir::import
