#include "dialect/endpoint.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/shown_text.hpp"
#include "dialect/canonical_path.hpp"
#include "dialect/endpoint_table.hpp"
#include "dialect/endpoint_traits.hpp"
#include "dialect/forwarded_query.hpp"
#include "dialect/lower_case.hpp"
#include "dialect/percent_encoding.hpp"

namespace weir::dialect {
namespace {

using core::code;

constexpr std::string_view known_prefixes =
    "weir serves paths under /v1/ (OpenAI and Anthropic) and /v1beta/ (Gemini), for example /v1/chat/completions, "
    "/v1/responses, "
    "/v1/embeddings, /v1/messages, /v1/models";

// What may stand before anything is understood. Escaped letters and dots are refused because an upstream would read
// them as the plain ones: `/v1/%63hat/completions` must not pass as an endpoint that nobody meters.
std::string_view fault_in(std::string_view path) {
    for (std::size_t i = 0; i < path.size(); ++i) {
        const char c = path[i];
        if (c <= ' ' || c >= '\x7F') return "has a byte that must be percent-encoded";
        if (c == '\\' || c == ';') return "has a character that servers read differently (\\ or ;)";
        if (c != '%') continue;
        const int high = i + 2 < path.size() ? hex_value(path[i + 1]) : -1;
        const int low = i + 2 < path.size() ? hex_value(path[i + 2]) : -1;
        if (high < 0 || low < 0) return "has a % that is no escape";
        const int byte = high * 16 + low;
        // Other escaped controls are legal and travel on as escapes.
        if (byte == 0 || byte == '\\') return "has an escaped NUL or backslash";
        if (byte < 0x80 && is_unreserved(static_cast<char>(byte))) return "escapes a character that needs no escape";
    }
    return {};
}

bool has_dot_segment(std::string_view path) {
    std::size_t from = 0;
    while (from <= path.size()) {
        const std::size_t to = std::min(path.find('/', from), path.size());
        const std::string_view segment = path.substr(from, to - from);
        if (segment == "." || segment == "..") return true;
        from = to + 1;
    }
    return false;
}

void refuse(target& out, code why, std::string message) { out.refusal = {why, std::move(message)}; }

void refuse_method(target& out, std::string_view method, std::string_view allow) {
    out.allow = allow;
    refuse(out, code::method_not_allowed, std::string{method} + " is not possible here: use " + std::string{allow.substr(0, allow.find(','))});
}

bool reads_only(std::string_view method) { return method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS"; }

body_form body_for(std::string_view method, body_form posted) { return reads_only(method) ? body_form::none : posted; }

void take_row(target& out, const endpoint_row& row, body_form body) {
    out.id = row.id;
    out.dialect = dialect_of(row.id);
    out.body = body;
}

// A view of `name` inside `path` (as received), so that it lives as long as the caller's bytes.
std::string_view same_in(std::string_view path, std::string_view name) {
    const std::size_t at = path.rfind(name);
    return at == std::string_view::npos ? std::string_view{} : path.substr(at, name.size());
}

// What stands in the path and not in what is sent could be checked as one model and served as another.
void refuse_slashes(target& out) { refuse(out, code::bad_request, "the model's name in the path must be written with single slashes"); }

void classify_gemini(target& out, std::string_view method, std::string_view path, const gemini_call& call) {
    out.dialect = kind::gemini;
    out.body = body_for(method, body_form::opaque);
    out.model = same_in(path, call.model);
    if (out.model.empty() && !call.model.empty()) return refuse_slashes(out);
    if (call.model.find('%') != std::string_view::npos)
        return refuse(out, code::bad_request, "the model's name in the path must be written without percent-escapes");
    if (call.known == nullptr) return;
    out.id = call.known->id;
    out.streams_by_path = call.known->streams;
    out.body = body_form::json;
    if (call.model.empty())
        return refuse(out, code::bad_request, "the model's name is missing: write /v1beta/models/{model}:" + std::string{call.verb});
    if (method != "POST") refuse_method(out, method, "POST");
}

// `model` of the query, as written. Two of them, or one in disguise, could be read as another name by the upstream.
void read_query_model(target& out, std::string_view query) {
    while (!query.empty()) {
        const std::string_view one = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), one.size() + 1));
        const std::string_view name = one.substr(0, one.find('='));
        if (decode_percent(name) != "model") continue;
        const std::string_view value = name.size() < one.size() ? one.substr(name.size() + 1) : std::string_view{};
        if (out.model.data() != nullptr) return refuse(out, code::bad_request, "`model` stands twice in the query: write it once");
        if (name != "model" || value.find_first_of("%+") != std::string_view::npos)
            return refuse(out, code::bad_request, "`model` in the query must be written without percent-escapes");
        out.model = value;
    }
}

void classify_models(target& out, std::string_view method, std::string_view path) {
    constexpr std::string_view models = "/models";
    out.dialect = out.version == "/v1beta" ? kind::gemini : kind::openai;
    const bool list = out.suffix.size() == models.size();
    if (!list) out.model = same_in(path, std::string_view{out.suffix}.substr(models.size() + 1));
    if (!list && out.model.empty()) return refuse_slashes(out);
    if (method == "GET" || method == "HEAD") {
        out.id = endpoint::models;
        out.body = body_form::none;
    } else if (list) {
        out.id = endpoint::models;
        out.body = body_form::none;
        refuse_method(out, method, "GET, HEAD");
    } else {
        out.body = body_for(method, body_form::opaque);  // DELETE of a fine-tuned model goes to the provider
    }
}

void classify_other(target& out, std::string_view method) {
    const bool anthropic = starts_as_path(out.suffix, "/messages") || starts_as_path(out.suffix, "/complete");
    out.dialect = anthropic ? kind::anthropic : out.version == "/v1beta" ? kind::gemini : kind::openai;
    out.body = body_for(method, body_form::opaque);
}

void classify_suffix(target& out, std::string_view method, std::string_view path, std::string_view query) {
    if (const auto call = gemini_call_of(out.suffix)) return classify_gemini(out, method, path, *call);
    if (starts_as_path(out.suffix, "/models")) return classify_models(out, method, path);
    const endpoint_row* row = row_for(out.suffix);
    // Google's own /v1beta/files and /v1beta/batches are not OpenAI's.
    if (row == nullptr || out.version == "/v1beta") return classify_other(out, method);
    const bool is_below = row->rest == below::family && out.suffix != row->path;
    take_row(out, *row, body_for(method, is_below ? body_form::opaque : row->body));
    if (!row->allow.empty() && method != row->allow) return refuse_method(out, method, row->allow);
    if (row->id == endpoint::realtime) read_query_model(out, query);
}

// An escaped slash may become a real one behind us: what it would then mean must be what it means here.
bool changes_meaning_when_decoded(std::string_view suffix) {
    if (suffix.find('%') == std::string_view::npos) return false;
    const std::string plain = decode_percent(suffix);
    // Slashes that others merge or drop: a list would pass as an object, an endpoint that is read as one that is not.
    const auto loose = [](std::string_view s) { return s.find("//") != std::string_view::npos || (s.size() > 1 && s.back() == '/'); };
    if (has_dot_segment(plain) || (loose(plain) && !loose(suffix))) return true;
    const auto id = [](std::string_view s) {
        const endpoint_row* row = row_for(s);
        return row != nullptr ? row->id : endpoint::other;
    };
    const auto call = gemini_call_of(plain);
    return id(plain) != id(suffix) || (call && call->known != nullptr && !gemini_call_of(suffix));
}

// Nearly every request: an endpoint of the table, written exactly as it is there, with its own method.
bool classify_at_once(target& out, std::string_view method, std::string_view path) {
    constexpr std::string_view version = "/v1";
    if (method != "POST" || !path.starts_with(version)) return false;
    const std::string_view suffix = path.substr(version.size());
    for (const endpoint_row& row : endpoint_rows) {
        if (row.path.size() != suffix.size() || row.path != suffix || row.allow != method) continue;
        take_row(out, row, row.body);
        out.version = version;
        out.suffix = suffix;
        return true;
    }
    return false;
}

// Not part of any API: where coding agents look for what a site offers, at its root or below the base URL that they were given.
bool classify_llms_txt(target& out, std::string_view method, std::string_view path) {
    if (path != "/llms.txt" && path != "/v1/llms.txt") return false;
    out.id = endpoint::llms_txt;
    out.body = body_form::none;
    out.suffix = "/llms.txt";
    if (method != "GET" && method != "HEAD") refuse_method(out, method, "GET, HEAD");
    return true;
}

bool has_only_trackers(std::string_view query) {
    while (!query.empty()) {
        const std::string_view one = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), one.size() + 1));
        if (!one.empty() && !is_tracker(one)) return false;
    }
    return true;
}

// A base URL that was copied with a tracker's query (https://host/v1?utm_source=x): SDKs append the endpoint to it, and that makes the endpoint a
// part of the query. Served where nothing else is in the query and nothing but the endpoint's row depends on the path.
bool classify_behind_query(target& out, std::string_view method, std::string_view path, std::string_view query, bool normalize) {
    const std::size_t slash = query.find('/');
    if (slash == std::string_view::npos || slash == 0) return false;
    const std::string_view base = path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
    if (!base.empty() && base != "/v1" && base != "/v1beta") return false;
    const std::string_view suffix = query.substr(slash);
    const endpoint_row* row = row_for(suffix);
    if (row == nullptr && !gemini_call_of(suffix.substr(0, suffix.find('?')))) return false;
    const std::string canonical = row != nullptr ? "/v1" + std::string{row->path} : "/v1beta/models/{model}:{verb}";
    const std::string fix = "the base URL has a query (what stands behind its ?): take it out";
    if (row == nullptr || row->path != suffix || row->allow != method || !has_only_trackers(query.substr(0, slash)) || !normalize) {
        refuse(out, code::unknown_endpoint, "unknown path: it should be " + canonical + " (" + fix + ")");
        return true;
    }
    take_row(out, *row, row->body);
    out.version = "/v1";
    out.suffix = row->path;
    out.hint = "served as " + canonical + ": " + fix;
    return true;
}

// Version and suffix as messages show them.
std::string shown_path(const target& what) {
    const std::string_view version = !what.version.empty() ? std::string_view{what.version} : what.dialect == kind::gemini ? "/v1beta" : "/v1";
    // The longest version and /models/ stand before what may be a model's name.
    constexpr std::size_t longest_shown = std::string_view{"/v1beta/models/"}.size() + core::longest_shown_name;
    const std::string whole = std::string{version} + what.suffix;
    return std::string{core::shown(whole, longest_shown)};
}

// Served with a hint, or, where nothing is put right, refused with what it should have been.
void tell_fix(target& out, std::string_view fix, bool normalize) {
    const std::string canonical = shown_path(out);
    if (normalize) {
        out.hint = "served as " + canonical + ": " + std::string{fix};
    } else if (!out.refusal) {
        refuse(out, code::unknown_endpoint, "unknown path: it should be " + canonical + " (" + std::string{fix} + ")");
    }
}

}  // namespace

body_form form_of(body_form declared, std::string_view content_type) {
    if (declared != body_form::json && declared != body_form::multipart) return declared;
    const auto starts = [&](std::string_view with) {
        return content_type.size() >= with.size() &&
               std::equal(with.begin(), with.end(), content_type.begin(), [](char a, char b) { return a == lower(b); });
    };
    if (starts("multipart/form-data")) return body_form::multipart;
    if (starts("application/json")) return body_form::json;
    return declared;
}

std::string model_in_query(std::string_view query) {
    while (!query.empty()) {
        const std::string_view one = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), one.size() + 1));
        if (one.starts_with("model=")) return decode_percent(one.substr(std::string_view{"model="}.size()));
    }
    return {};
}

bool open_websocket(target& what, std::string_view method) {
    if (what.id == endpoint::realtime) return true;
    if (what.id != endpoint::responses || what.suffix != "/responses" || method != "GET") return false;
    if (what.refusal.what == code::method_not_allowed) {
        what.refusal = {};
        what.allow = {};
    }
    what.body = body_form::none;
    return true;
}

std::string_view label_of(endpoint e) { return traits_of(e).label; }

kind dialect_of(endpoint e) { return traits_of(e).dialect; }

target classify(std::string_view method, std::string_view path, std::string_view query, bool normalize) {
    target out;
    if (classify_at_once(out, method, path) || classify_llms_txt(out, method, path)) return out;
    if (path.empty() || path.front() != '/') return refuse(out, code::bad_request, "the path must start with a slash"), out;
    if (const std::string_view fault = fault_in(path); !fault.empty()) return refuse(out, code::bad_request, "the path " + std::string{fault}), out;
    if (has_dot_segment(path)) return refuse(out, code::bad_request, "the path must not have . or .. segments"), out;
    if (classify_behind_query(out, method, path, query, normalize)) return out;

    canonical_path p = canonical_path_of(path);
    if (!p.known_prefix) {
        std::string message = "there is nothing at this path: ";
        if (!p.meant.empty()) message += "did you mean /v1" + std::string{p.meant} + ", with the model's name in the body? ";
        return refuse(out, code::unknown_endpoint, message + std::string{known_prefixes}), out;
    }
    if (changes_meaning_when_decoded(p.suffix))
        return refuse(out, code::bad_request, "the path escapes a slash that belongs to it: write / plainly"), out;
    if (p.suffix.empty() || p.suffix == "/")
        return refuse(out, code::unknown_endpoint, "the endpoint is missing after the version: " + std::string{known_prefixes}), out;

    if (!p.version.empty()) out.version = "/" + p.version;
    out.suffix = std::move(p.suffix);
    classify_suffix(out, method, path, query);
    if (p.slash_at_end && out.id == endpoint::other) {
        out.suffix += '/';  // what is not understood may need it
    } else if (p.slash_at_end && p.fix.empty()) {
        p.fix = "remove the slash at the end";
    }
    if (!p.fix.empty()) tell_fix(out, p.fix, normalize);
    return out;
}

}  // namespace weir::dialect
