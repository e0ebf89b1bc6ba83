#include "import/source_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "config/safety.hpp"
#include "config/text_file.hpp"
#include "config/url.hpp"
#include "import/foreign.hpp"

namespace weir::import {
namespace {

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string upper(std::string_view text) {
    std::string out{text};
    for (char& c : out)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return out;
}

bool is_variable(std::string_view text) { return !text.empty() && variable_name(text) == text && text.front() != '_'; }

bool looks_secret(std::string_view header) {
    constexpr std::array<std::string_view, 7> words{"auth", "key", "token", "secret", "cookie", "password", "credential"};
    const auto name = lower(header);
    return std::any_of(words.begin(), words.end(), [&](auto word) { return name.find(word) != std::string::npos; });
}

/// What weir writes itself, and what is no name of a field (RFC 9110 section 5.6.2).
bool may_be_set(std::string_view header) {
    constexpr std::array<std::string_view, 11> own{"host",    "connection", "content-length", "transfer-encoding", "te", "trailer",
                                                   "upgrade", "keep-alive", "expect",         "proxy-connection",  "via"};
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    const auto name = lower(header);
    return !name.empty() && std::find(own.begin(), own.end(), name) == own.end() && std::all_of(name.begin(), name.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || marks.find(c) != std::string_view::npos;
    });
}

/// An address with something for each variable in it, so that its form can be judged: a URL at its beginning, a port behind a colon.
std::string with_examples(std::string_view text) {
    std::string out;
    while (true) {
        const auto open = text.find("${");
        const auto close = open == std::string_view::npos ? open : text.find('}', open);
        if (close == std::string_view::npos || text.substr(0, open).ends_with('$')) return out + std::string{text};
        out += text.substr(0, open);
        out += out.empty() ? "http://h" : out.ends_with(':') ? "80" : "h";
        text.remove_prefix(close + 1);
    }
}

bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

parsed_source parse_source(std::string_view text, const std::string& name, remarks& notes) {
    parsed_source out;
    const auto at = [&](config::position where, const std::string& what) {
        return name + ":" + std::to_string(where.line) + ":" + std::to_string(where.column) + ": " + what;
    };
    if (text.size() > largest_source) {
        out.problem = at({}, "the file is larger than 16 MiB");
        return out;
    }
    std::vector<std::pair<config::position, std::string>> faults;
    const auto keep = [&](config::position where, std::string what) { faults.emplace_back(where, std::move(what)); };
    if (config::check_text(text, keep)) out.tree = config::parse_document(text, keep);
    if (!out.tree) out.problem = faults.empty() ? at({}, "it cannot be read") : at(faults.front().first, faults.front().second);
    // What remains are keys that stand there twice.
    if (out.tree)
        for (const auto& [where, what] : faults) notes.add(where.line, what, "the later one counts");
    return out;
}

std::string_view variable_in(std::string_view text) {
    constexpr std::string_view prefix = "os.environ/";
    if (text.starts_with(prefix)) return text.substr(prefix.size());
    if (!text.starts_with("${") || !text.ends_with('}')) return {};
    const auto inside = text.substr(2, text.size() - 3);
    const auto name = inside.substr(0, inside.find_first_of(":-?"));
    return is_variable(name) ? name : std::string_view{};
}

std::string with_variables(std::string_view text, variables& into) {
    if (const auto alone = variable_in(text); !alone.empty()) return into.from_environment(alone);
    std::string out;
    while (true) {
        const auto open = text.find("${");
        const auto close = open == std::string_view::npos ? open : text.find('}', open);
        if (close == std::string_view::npos) return out + literal(text);
        const auto name = variable_in(text.substr(open, close + 1 - open));
        out += literal(text.substr(0, open));
        out += name.empty() ? literal(text.substr(open, close + 1 - open)) : into.from_environment(name);
        text.remove_prefix(close + 1);
    }
}

bool is_no_key(std::string_view text) {
    constexpr std::array<std::string_view, 24> words{"",
                                                     "none",
                                                     "null",
                                                     "dummy",
                                                     "fake",
                                                     "fake-key",
                                                     "dummy-key",
                                                     "na",
                                                     "n/a",
                                                     "not-needed",
                                                     "not-required",
                                                     "no-key",
                                                     "sk-fake",
                                                     "sk-xxx",
                                                     "sk-none",
                                                     "sk-dummy",
                                                     "anything",
                                                     "any",
                                                     "empty",
                                                     "xxx",
                                                     "ollama",
                                                     "lm-studio",
                                                     "sk-no-key-required",
                                                     "nokey"};
    return std::find(words.begin(), words.end(), lower(text)) != words.end();
}

bool is_near(std::string_view url) {
    const auto parsed = config::parse_base_url(url);
    return parsed.value && !config::is_public(parsed.value->host);
}

base_address base_address_of(std::string_view text, std::string_view behind) {
    std::string url{text};
    if (text.find("${") != std::string_view::npos) {
        const auto example = with_examples(text);
        const bool has_scheme = example.starts_with("http://") || example.starts_with("https://");
        const auto parsed = config::parse_base_url(example);
        if (!has_scheme || example.find_first_of("${}") != std::string::npos || (!parsed.value && parsed.suggestion.empty()))
            return {{}, "its address is no base URL"};
        if (url.find_first_of("?#") != std::string::npos) return {{}, "its address has a query, which would be sent nowhere"};
    } else {
        auto parsed = config::parse_base_url(url);
        if (!parsed.value && !parsed.suggestion.empty()) parsed = config::parse_base_url(parsed.suggestion);
        if (!parsed.value) return {{}, parsed.problem};
        url = parsed.value->url;
    }
    while (url.ends_with('/')) url.pop_back();
    // Azure's older paths: the resource is what stands before.
    if (behind == "/openai/v1")
        if (const auto path = url.find("/openai"); path != std::string::npos) url.resize(path);
    if (!behind.empty() && !url.ends_with(behind)) url += behind;
    return {url, {}};
}

std::optional<std::string> per_million(std::string_view text) {
    constexpr int shift = 6;
    constexpr int furthest = 30;
    int exponent = 0;
    if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
        auto written = text.substr(e + 1);
        if (written.starts_with('+')) written.remove_prefix(1);
        const auto [end, fault] = std::from_chars(written.data(), written.data() + written.size(), exponent);
        if (fault != std::errc{} || end != written.data() + written.size() || exponent < -furthest || exponent > furthest) return std::nullopt;
        text = text.substr(0, e);
    }
    const auto point = std::min(text.find('.'), text.size());
    std::string digits{text.substr(0, point)};
    const auto fraction = point < text.size() ? text.substr(point + 1) : std::string_view{};
    digits += fraction;
    if (digits.empty() || digits.size() > furthest || digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    int places = static_cast<int>(fraction.size()) - exponent - shift;  // behind the point, once it is per million
    for (; places < 0; ++places) digits += '0';
    if (digits.size() <= static_cast<std::size_t>(places)) digits.insert(0, static_cast<std::size_t>(places) + 1 - digits.size(), '0');
    std::string whole = digits.substr(0, digits.size() - static_cast<std::size_t>(places));
    std::string rest = digits.substr(whole.size());
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
    while (rest.ends_with('0')) rest.pop_back();
    return rest.empty() ? whole : whole + "." + rest;
}

bool can_be_set(std::string_view name, std::string_view json) {
    constexpr std::array<std::string_view, 6> secrets{"api_key", "apikey", "secret", "password", "authorization", "access_token"};
    const auto all = lower(std::string{name} + std::string{json});
    return !name.empty() && name.find_first_of(".[]${} \\\"'") == std::string_view::npos && !has_control_character(name) &&
           json.find("${") == std::string_view::npos &&
           std::none_of(secrets.begin(), secrets.end(), [&](auto word) { return all.find(word) != std::string::npos; });
}

void add_header(place& to, const std::string& name, const foreign& value, std::string_view owner, draft& into) {
    const auto is_same = [&](const auto& header) { return lower(header.first) == lower(name); };
    const bool known = std::any_of(to.headers.begin(), to.headers.end(), is_same);
    const auto text = value.text();
    if (text.empty() || known || !may_be_set(name) || has_control_character(text)) {
        into.left_out.add(value.line(), "header " + name, "weir cannot send it");
        return;
    }
    const bool is_secret = looks_secret(name) && text.find("${") == std::string::npos && variable_in(text).empty();
    const auto wanted = upper(variable_name(std::string{owner} + "_" + name));
    to.headers.emplace_back(name, is_secret ? into.secrets.for_secret(text, wanted, value.line()) : with_variables(text, into.secrets));
}

void add_headers(place& to, const foreign& from, std::string_view owner, draft& into) {
    for (const auto& [name, value] : from.members()) add_header(to, name, value, owner, into);
}

}  // namespace weir::import
