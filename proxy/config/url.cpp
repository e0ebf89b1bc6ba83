// Splits URLs by hand (RFC 3986), because what is refused here needs its own words.
#include "config/url.hpp"

#include <algorithm>
#include <array>

#include "config/address.hpp"

namespace weir::config {

namespace {

std::string lower(std::string_view text) {
    std::string result{text};
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

struct parts {
    std::string_view scheme, authority, path;
    bool has_query = false, has_fragment = false;
};

parts split(std::string_view text) {
    parts result;
    const std::size_t colon = text.find("://");
    if (colon != std::string_view::npos) {
        result.scheme = text.substr(0, colon);
        text.remove_prefix(colon + 3);
    }
    if (const auto hash = text.find('#'); hash != std::string_view::npos) {
        result.has_fragment = true;
        text = text.substr(0, hash);
    }
    if (const auto query = text.find('?'); query != std::string_view::npos) {
        result.has_query = true;
        text = text.substr(0, query);
    }
    const std::size_t slash = std::min(text.find('/'), text.size());
    result.authority = text.substr(0, slash);
    result.path = text.substr(slash);
    return result;
}

struct endpoint_address {
    std::string host, port;
    std::string problem;
};

endpoint_address split_authority(std::string_view authority) {
    endpoint_address result;
    std::string_view host = authority, port;
    const std::size_t colon = authority.rfind(':');
    if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
        host = authority.substr(0, colon);
        port = authority.substr(colon + 1);
        if (!is_port(port) || port == "0") result.problem = "the port is not 1 to 65535";
    }
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (host.empty())
        result.problem = "the host is missing";
    else if (bracketed ? !is_ipv6(host) : !is_host(host) || is_ipv6(host))
        result.problem = "the host is not a valid name or address";
    result.host = lower(host);
    result.port = std::string{port};
    return result;
}

// The ends of paths that are one endpoint and not the place where all of them are.
constexpr std::string_view endpoints[] = {"/chat/completions",
                                          "/completions",
                                          "/responses",
                                          "/embeddings",
                                          "/messages/count_tokens",
                                          "/messages",
                                          "/models",
                                          "/moderations",
                                          "/rerank",
                                          "/images/generations",
                                          "/images/edits",
                                          "/audio/speech",
                                          "/audio/transcriptions",
                                          "/audio/translations"};

std::string_view without_endpoint(std::string_view path) {
    // Gemini's endpoints: …/models/NAME:generateContent
    if (const auto models = path.find("/models/"); models != std::string_view::npos && path.find(':', models) != std::string_view::npos)
        return path.substr(0, models);
    for (const std::string_view endpoint : endpoints)
        if (path.ends_with(endpoint)) return path.substr(0, path.size() - endpoint.size());
    return path;
}

bool is_path(std::string_view path) {
    constexpr std::string_view allowed = "-._~!$&'()*+,;=:@/%";
    return std::all_of(path.begin(), path.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || allowed.find(c) != std::string_view::npos;
    });
}

std::string_view without_trailing_slashes(std::string_view path) {
    while (path.ends_with('/')) path.remove_suffix(1);
    return path;
}

std::optional<std::string> decoded(std::string_view text) {
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        const char low = static_cast<char>(c | 0x20);
        return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
    };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = digit(text[i + 1]), low = digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

parsed<base_url> wrong(std::string problem, std::string suggestion = {}) {
    return {.problem = std::move(problem), .suggestion = std::move(suggestion)};
}

}  // namespace

parsed<base_url> parse_base_url(std::string_view text) {
    const parts url = split(text);
    if (url.authority.find('@') != std::string_view::npos) return wrong("the URL must not contain credentials; put them into api_key or headers");
    const std::string scheme = lower(url.scheme);
    if (scheme.empty()) {
        const bool looks_right = is_host(url.authority.substr(0, url.authority.find(':'))) && is_path(url.path);
        return wrong("the URL needs http:// or https://", looks_right ? "https://" + std::string{url.authority} + std::string{url.path} : "");
    }
    if (scheme != "http" && scheme != "https") return wrong("the URL must start with http:// or https://");
    const endpoint_address at = split_authority(url.authority);
    if (!at.problem.empty()) return wrong("in the URL " + at.problem);
    if (!is_path(url.path)) return wrong("the URL's path has characters that must be percent-encoded");
    const std::string start = scheme + "://" + std::string{url.authority};
    const std::string_view written = without_trailing_slashes(url.path);
    std::string_view path = without_trailing_slashes(without_endpoint(written));
    const bool is_endpoint = path.size() != written.size();
    const bool doubled = path.ends_with("/v1/v1");
    if (doubled) path.remove_suffix(3);
    const std::string better = start + std::string{path};
    if (url.has_query) return wrong("the URL must not have a query: what stands behind '?' would be sent nowhere", better);
    if (url.has_fragment) return wrong("the URL must not have a fragment", better);
    if (is_endpoint) return wrong("the URL is that of one endpoint; a base URL ends before it", better);
    if (doubled) return wrong("the URL's path repeats /v1", better);
    if (path.find("//") != std::string_view::npos) return wrong("the URL's path has an empty part");
    const std::string standard_port = scheme == "https" ? "443" : "80";
    return {.value = base_url{better, scheme, at.host, at.port.empty() ? standard_port : at.port, std::string{path},
                              at.port.empty() || at.port == standard_port}};
}

parsed<fleet::store_address> parse_shared_url(std::string_view text) {
    fleet::store_address store;
    parts url = split(text);
    const std::string scheme = lower(url.scheme);
    if (scheme == "unix") {
        if (!url.authority.empty() || url.path.size() < 2) return {.problem = "the URL needs an absolute path: unix:///run/redis.sock"};
        store.unix_path = std::string{url.path};
        store.shown = "unix://" + store.unix_path;
        return {.value = std::move(store)};
    }
    if (scheme != "redis" && scheme != "rediss") return {.problem = "the URL must start with redis://, rediss:// (TLS) or unix://"};
    if (url.has_query || url.has_fragment)
        return {.problem = "the URL must not have a query or fragment; '?' and '#' in a password are written %3F and %23"};
    store.tls = scheme == "rediss";
    if (const auto at = url.authority.rfind('@'); at != std::string_view::npos) {
        const std::string_view who = url.authority.substr(0, at);
        url.authority.remove_prefix(at + 1);
        const auto colon = who.find(':');
        if (colon == std::string_view::npos) return {.problem = "the URL's credentials are written USER:PASSWORD@ or :PASSWORD@"};
        auto user = decoded(who.substr(0, colon)), password = decoded(who.substr(colon + 1));
        if (!user || !password) return {.problem = "the URL's credentials have a '%' that no two hexadecimal digits follow"};
        store.user = std::move(*user);
        store.password = core::secret{std::move(*password)};
        if (store.password.empty()) return {.problem = "the URL's password is empty"};
    }
    const endpoint_address at = split_authority(url.authority);
    if (!at.problem.empty()) return {.problem = "in the URL " + at.problem};
    store.host = at.host;
    if (!at.port.empty()) store.port = at.port;
    std::string_view database = url.path.empty() ? url.path : url.path.substr(1);
    if (!database.empty()) {
        const auto number = parse_integer(database, 0, 1'000'000);
        if (!number.value) return {.problem = "the URL's path is not a database number, as in redis://127.0.0.1:6379/0"};
        store.database = static_cast<int>(*number.value);
    }
    const bool v6 = store.host.find(':') != std::string::npos;
    store.shown = scheme + "://" + (v6 ? "[" + store.host + "]" : store.host) + ":" + store.port + "/" + std::to_string(store.database);
    return {.value = std::move(store)};
}

}  // namespace weir::config
