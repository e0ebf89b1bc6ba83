#include "dialect/canonical_path.hpp"

#include <algorithm>
#include <utility>

#include "dialect/endpoint_table.hpp"
#include "dialect/lower_case.hpp"

namespace weir::dialect {
namespace {

constexpr std::string_view v1_is_missing = "the version /v1 is missing from the base URL";
constexpr std::string_view v1beta_is_missing = "the version /v1beta is missing from the base URL";

bool is_version(std::string_view segment) { return segment == "v1" || segment == "v1beta"; }

// "v1", "V1", "v4", "v1beta": what stands before the endpoint in the base URLs of other providers.
bool looks_like_version(std::string_view segment) {
    if (segment.size() < 2 || lower(segment[0]) != 'v' || segment[1] < '0' || segment[1] > '9') return false;
    const std::string_view rest = segment.substr(2);
    return rest.empty() || lowered(rest) == "beta" || lowered(rest) == "alpha";
}

std::string_view first_segment(std::string_view path) {
    if (path.empty()) return {};
    return path.substr(1, path.find('/', 1) - 1);
}

std::string_view behind_first_segment(std::string_view path) { return path.substr(std::min(path.size(), first_segment(path).size() + 1)); }

void collapse_slashes(std::string_view path, canonical_path& out) {
    out.suffix.reserve(path.size());
    for (const char c : path) {
        if (c == '/' && !out.suffix.empty() && out.suffix.back() == '/') {
            out.fix = "write single slashes";
            continue;
        }
        out.suffix.push_back(c);
    }
}

void cut_slash_at_end(canonical_path& out) {
    if (out.suffix.size() < 2 || out.suffix.back() != '/') return;
    out.suffix.pop_back();
    out.slash_at_end = true;
}

void strip_vendor(canonical_path& out) {
    for (const std::string_view vendor : {"/openai", "/anthropic"}) {
        if (!starts_as_path(out.suffix, vendor)) continue;
        const std::string_view after = std::string_view{out.suffix}.substr(vendor.size());
        if (!is_version(first_segment(after)) && row_for(after) == nullptr) continue;
        out.fix = vendor == "/openai" ? "remove /openai from the base URL" : "remove /anthropic from the base URL";
        out.suffix.erase(0, vendor.size());
    }
}

void take_versions(canonical_path& out) {
    while (is_version(first_segment(out.suffix))) {
        if (!out.version.empty()) out.fix = "the version stands twice: remove it from the base URL or from the path";
        out.version = first_segment(out.suffix);
        out.suffix.erase(0, 1 + out.version.size());
        out.known_prefix = true;
        strip_vendor(out);  // Google's OpenAI-compatible base URL ends with /v1beta/openai
    }
}

// Whether `suffix` is an endpoint of the table, or one model of the list.
bool is_whole_endpoint(std::string_view suffix) { return row_for(suffix) != nullptr || starts_as_path(suffix, "/models"); }

// The endpoint at the end of a path that is none of ours: behind some version (/api/v1, /compatible-mode/v1, /api/paas/v4, /V1), as `served`, or
// merely as the last words (/openai/deployments/x/chat/completions).
struct foreign_path {
    std::string_view served, meant;
};
foreign_path read_foreign(std::string_view path) {
    foreign_path out;
    for (std::size_t at = 0; at != std::string_view::npos; at = path.find('/', at + 1)) {
        const std::string_view from_here = path.substr(at);
        const std::string_view behind = behind_first_segment(from_here);
        if (out.served.empty() && looks_like_version(first_segment(from_here)) && is_whole_endpoint(behind)) out.served = behind;
        if (out.meant.empty() && row_for(from_here) != nullptr) out.meant = row_for(from_here)->path;
    }
    return out;
}

void strip_foreign_base(canonical_path& out) {
    // What says /v1 first is OpenAI's own, whatever follows: /v1/threads/x/messages is no /v1/messages.
    if (!out.version.empty() || row_for(out.suffix) != nullptr || gemini_call_of(out.suffix)) return;
    const auto [served, meant] = read_foreign(out.suffix);
    if (served.empty()) {
        out.meant = meant;
        return;
    }
    out.fix = "end the base URL with /v1 right behind the address";
    out.version = "v1";
    out.known_prefix = true;
    out.suffix = std::string{served};
}

// `/chat/completions/chat/completions`, `/chat/completions/v1/responses`: what stands behind an endpoint that was configured as the base URL.
// All of `suffix` where none was.
std::string_view after_doubled_endpoint(std::string_view suffix) {
    if (starts_as_path(suffix, "/messages/batches")) return suffix;  // Anthropic's, not a doubled one
    for (const endpoint_row& first : endpoint_rows) {
        if (first.id == endpoint::models || !starts_as_path(suffix, first.path)) continue;
        std::string_view rest = suffix.substr(first.path.size());
        while (is_version(first_segment(rest))) rest = behind_first_segment(rest);
        for (const endpoint_row& second : endpoint_rows) {
            if (rest == second.path) return rest;
        }
    }
    return suffix;
}

void strip_doubled_endpoint(canonical_path& out) {
    const std::string_view once = after_doubled_endpoint(out.suffix);
    if (once.size() == out.suffix.size()) return;
    out.fix = "the base URL ends with a whole endpoint: end it with /v1";
    out.suffix = std::string{once};
}

void strip_doubled_models(canonical_path& out) {
    if (!out.suffix.starts_with("/models/models/")) return;
    out.fix = "write models/ once";
    out.suffix.erase(0, std::string_view{"/models"}.size());
}

// Some upstreams compare paths without case; a call that they would serve must not go by unseen.
void lower_endpoint(canonical_path& out) {
    std::string small = lowered(out.suffix);
    const endpoint_row* const row = row_for(small);
    if (small == out.suffix || row == nullptr || row->path != small || row_for(out.suffix) != nullptr) return;
    out.fix = "write the path in lower case";
    out.suffix = std::move(small);
}

// Whether Google has something of that name under /v1beta.
bool is_googles_too(endpoint e) { return e == endpoint::models || e == endpoint::files || e == endpoint::batches; }

// The version that the endpoint really has, whatever stood in the request.
void settle_version(canonical_path& out) {
    if (const auto call = gemini_call_of(out.suffix); call && call->known != nullptr) {
        if (!out.version.empty()) return;
        out.known_prefix = true;
        out.fix = v1beta_is_missing;
        return;
    }
    const endpoint_row* const row = row_for(out.suffix);
    if (out.version.empty()) {
        // Also a sub-resource without its version: /responses/resp_1.
        out.known_prefix = std::any_of(endpoint_rows.begin(), endpoint_rows.end(), [&](const auto& r) { return starts_as_path(out.suffix, r.path); });
        if (out.known_prefix && (row == nullptr || out.fix.empty())) out.fix = v1_is_missing;
        return;
    }
    if (row == nullptr || out.version == "v1" || is_googles_too(row->id)) return;
    out.version = "v1";
    if (out.fix.empty()) out.fix = "this endpoint stands under /v1";
}

}  // namespace

canonical_path canonical_path_of(std::string_view path) {
    canonical_path out;
    collapse_slashes(path, out);
    cut_slash_at_end(out);
    strip_vendor(out);
    take_versions(out);
    strip_foreign_base(out);
    strip_doubled_endpoint(out);
    strip_doubled_models(out);
    lower_endpoint(out);
    settle_version(out);
    return out;
}

}  // namespace weir::dialect
