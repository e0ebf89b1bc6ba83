// state, responses_store, log and metrics: where weir keeps, writes and shows what happened.
#include <filesystem>

#include "config/sections.hpp"
#include "config/url.hpp"

namespace weir::config {

namespace {

/// A file that weir will write: its folder must be there.
void warn_without_folder(const value& at, const std::string& path) {
    std::error_code ignored;
    const std::filesystem::path folder = std::filesystem::path{path}.parent_path();
    if (!std::filesystem::is_directory(folder, ignored)) at.warn(at.name() + ": the folder " + in_quotes(folder.string()) + " does not exist");
}

void read_store(const value& from, fleet::settings& into) {
    const auto text = from.text();
    if (!text) return;
    auto url = parse_shared_url(*text);
    if (!url.value) return from.refuse_unseen(url.problem);
    into.store = std::move(*url.value);
    if (!into.store.password.empty() && from.raw().find("${") == std::string::npos) from.note_literal_secret();
}

/// The URL alone, or a map with the URL and how the limits are shared.
void read_shared(const value& from, state_conf& into) {
    fleet::settings shared;
    if (from.form() != node::form::map) {
        read_store(from, shared);
    } else {
        section s{from, tables::shared};
        if (const auto url = s.require("url")) read_store(*url, shared);
        if (const auto slice = s.find("slice"))
            if (const auto percent = slice->percent()) {
                shared.slice_percent = *percent;
                if (*percent < 1) slice->refuse("is less than 1%");
            }
        s.integer("weirs", shared.weirs);
        s.choice<policy::on_store_failure>("on_failure", shared.on_failure, {policy::on_store_failure::local, policy::on_store_failure::refuse});
        s.finish();
    }
    into.shared = std::move(shared);
}

}  // namespace

void read_state(const value& from, conf& into) {
    section s{from, tables::state};
    if (const auto ledger = s.find("ledger")) {
        const auto word = ledger->text();
        if (word && *word == "off") {
            into.state.ledger.clear();
        } else if (const auto path = word ? ledger->path() : std::nullopt) {
            into.state.ledger = *path;
            warn_without_folder(*ledger, *path);
        }
    }
    if (const auto shared = s.find("shared")) read_shared(*shared, into.state);
    s.choice<bool>("on_failure", into.state.refuse_on_failure, {false, true});
    if (const auto keep = s.find("keep"))
        if (const auto time = keep->duration()) {
            into.state.keep = std::chrono::duration_cast<std::chrono::hours>(*time);
            if (into.state.keep != *time) keep->refuse("is not a whole number of hours");
        }
    s.finish();
}

void read_responses_store(const value& from, conf& into) {
    const auto beside = into.state.ledger.empty() ? from.file().directory : std::filesystem::path{into.state.ledger}.parent_path();
    responses_store_conf made{.path = (beside / "responses.db").lexically_normal().string()};
    if (from.form() == node::form::scalar) {
        const auto on = from.flag();
        if (on && *on) into.responses_store = std::move(made);
        return;
    }
    section s{from, tables::responses_store};
    s.path("path", made.path);
    s.duration("ttl", made.ttl);
    s.finish();
    if (made.path == into.state.ledger) from.error("responses_store: " + in_quotes(made.path) + " is the ledger; it needs a file of its own");
    warn_without_folder(from, made.path);
    into.responses_store = std::move(made);
}

void read_log(const value& from, conf& into) {
    section s{from, tables::log};
    if (const auto access = s.find("access")) {
        const auto word = access->text();
        if (word && (*word == "stdout" || *word == "off"))
            into.log.access = *word;
        else if (const auto path = word ? access->path() : std::nullopt) {
            into.log.access = *path;
            if (*word == "stderr" || *word == "-" || *word == "none" || *word == "false")
                access->warn("access: " + in_quotes(*word) + " is taken as a file's name" +
                             did_you_mean(*word == "stderr" || *word == "-" ? "stdout" : "off"));
            warn_without_folder(*access, *path);
        }
    }
    upstream_conf collector;
    const auto url = s.find("otlp");
    read_collector(s, url, collector);
    if (url) into.log_collector = std::move(collector);
    for (const std::string_view only : {"headers", "tls"})
        if (const auto v = s.find(only); v && !url) v->warn_at_key(std::string{only} + ": is for the collector of log lines; name it in 'otlp'");
    s.percent("sample", into.log.sample_percent);
    s.choice<telemetry::level>("level", into.log.level,
                               {telemetry::level::debug, telemetry::level::info, telemetry::level::warn, telemetry::level::error});
    s.finish();
}

void read_metrics(const value& from, conf& into) {
    section s{from, tables::metrics};
    s.flag("otel_names", into.metrics.otel_names);
    s.finish();
}

}  // namespace weir::config
