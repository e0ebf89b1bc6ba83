// What weir calls: the upstreams of one pool (URL, credentials, weight, TLS), and the collector of traces.
#include <algorithm>
#include <map>
#include <set>

#include "config/address.hpp"
#include "config/pem_files.hpp"
#include "config/safety.hpp"
#include "config/sections.hpp"
#include "config/url.hpp"

namespace weir::config {

namespace {

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.find(c) != std::string_view::npos;
    });
}

/// Fields that belong to one connection or frame the message: weir writes them itself.
bool is_own_field(const std::string& lower_name) {
    constexpr std::string_view own[] = {
        "host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive", "proxy-connection", "expect", "via"};
    return std::find(std::begin(own), std::end(own), lower_name) != std::end(own);
}

bool looks_secret(const std::string& lower_name) {
    constexpr std::string_view words[] = {"authorization", "key", "token", "secret", "cookie", "password"};
    return std::any_of(std::begin(words), std::end(words), [&](std::string_view word) { return lower_name.find(word) != std::string::npos; });
}

void read_headers(const value& from, upstream_conf& into) {
    std::vector<std::string> names;
    for (const value& entry : from.entries()) {
        const std::string name = lower(entry.name());
        const auto complain = [&](const std::string& problem) { entry.error_at_key("headers: " + in_quotes(entry.name()) + " " + problem); };
        if (!is_token(name))
            complain("is not a header name");
        else if (is_own_field(name))
            complain("is written by weir itself and cannot be set");
        else if (std::find(names.begin(), names.end(), name) != names.end())
            complain("is given twice (case does not matter)");
        names.push_back(name);
        // A header may be a credential or not; only those that look like one count as secrets in the file.
        auto content = looks_secret(name) ? entry.secret() : std::optional<core::secret>{};
        if (!looks_secret(name))
            if (auto text = entry.text_or_empty()) content = core::secret{std::move(*text)};
        if (content) into.headers.emplace_back(entry.name(), std::move(*content));
    }
}

void read_client_tls(const value& from, upstream_conf& into) {
    section s{from, tables::upstream_tls};
    if (const auto ca = s.find("ca"))
        if (const auto path = ca->path(); path && report_verdict(*ca, *path, check_ca_file(*path))) into.tls.ca = *path;
    if (const auto name = s.find("server_name"))
        if (const auto host = name->text()) {
            if (is_host(*host))
                into.tls.server_name = *host;
            else
                name->refuse("is not a host name");
        }
    s.flag("verify", into.tls.verify);
    if (!into.tls.verify && into.scheme == "https" && !is_this_machine(into.host + ":0"))
        s.find("verify")->warn("verify: whoever stands on the way to " + in_quotes(into.host) +
                               " can pretend to be it; set ca to the PEM file of who signed its "
                               "certificate instead");
    s.finish();
    if (into.scheme == "http") from.warn("tls: has no effect, the upstream's URL starts with http://");
}

void read_url(const value& from, upstream_conf& into) {
    const auto text = from.text();
    if (!text) return;
    auto url = parse_base_url(*text);
    if (!url.value) return from.refuse_unseen(url.problem, url.suggestion);
    into.url = url.value->url;
    into.scheme = url.value->scheme;
    into.host = url.value->host;
    into.port = url.value->port;
    into.base_path = url.value->base_path;
    if (!into.name.empty()) return;
    const std::string host = is_ipv6(into.host) ? "[" + into.host + "]" : into.host;
    into.name = url.value->port_is_default ? host : host + ":" + into.port;
}

upstream_conf read_upstream(const value& from) {
    upstream_conf upstream;
    section s{from, tables::upstream};
    s.text("name", upstream.name);
    if (const auto url = s.require("url")) read_url(*url, upstream);
    s.integer("weight", upstream.weight);
    if (const auto key = s.find("api_key"))
        if (auto secret = key->secret()) upstream.api_key = std::move(*secret);
    if (const auto headers = s.find("headers")) read_headers(*headers, upstream);
    s.integer("max_requests", upstream.max_requests);
    if (const auto tls = s.find("tls")) read_client_tls(*tls, upstream);
    if (const auto rename = s.find("rename")) {
        std::map<std::string, std::string> written;
        (void)read_rename(*rename, written);
        upstream.rename = policy::renaming{written};
    }
    read_body_rules(s, upstream.rules);
    if (const auto url = s.find("url")) warn_of_upstream(upstream, *url);
    s.finish();
    return upstream;
}

}  // namespace

void read_upstreams(const value& from, pool_conf& into) {
    std::set<std::string> names;
    for (const value& item : from.items()) {
        upstream_conf upstream = read_upstream(item);
        if (!upstream.name.empty() && !names.insert(upstream.name).second) {
            section s{item, tables::upstream};
            const auto name = s.find("name");
            const std::string what = " is already the name of another upstream of this pool";
            if (name)
                name->error("name: " + in_quotes(upstream.name) + what);
            else
                s.require("url")->error("url: " + in_quotes(upstream.name) + what + "; give this one a 'name'");
        }
        into.upstreams.push_back(std::move(upstream));
    }
}

// A collector is reached as an upstream is.
void read_collector(section& s, const std::optional<value>& url, upstream_conf& into) {
    if (url) read_url(*url, into);
    if (into.port == "4317") url->warn("otlp: 4317 is the port of OTLP over gRPC, and weir speaks OTLP over HTTP; collectors take that on 4318");
    if (const auto headers = s.find("headers")) read_headers(*headers, into);
    if (const auto tls = s.find("tls")) read_client_tls(*tls, into);
}

void read_tracing(const value& from, conf& into) {
    tracing_conf tracing;
    section s{from, tables::tracing};
    read_collector(s, s.require("otlp"), tracing.collector);
    s.percent("sample", tracing.sample_percent);
    s.duration("slow", tracing.slow);
    s.text("service_name", tracing.service_name);
    s.finish();
    into.tracing = std::move(tracing);
}

}  // namespace weir::config
