#include "dialect/endpoint_rights.hpp"

#include <algorithm>
#include <string>

#include "dialect/endpoint_table.hpp"
#include "dialect/endpoint_traits.hpp"
#include "dialect/lower_case.hpp"
#include "dialect/percent_encoding.hpp"

namespace weir::dialect {
namespace {

using core::access;

// As the freest upstream may read it: escapes decoded, without case, with single slashes and none at the end.
std::string plain(std::string_view suffix) {
    std::string out = lowered(decode_percent(suffix));
    out.erase(std::unique(out.begin(), out.end(), [](char a, char b) { return a == '/' && b == '/'; }), out.end());
    while (out.size() > 1 && out.back() == '/') out.pop_back();
    return out;
}

bool is_below(std::string_view path, std::string_view family) {
    return path.size() > family.size() && path.starts_with(family) && path[family.size()] == '/';
}

/// A folder of the provider's: asked for as a whole it shows what everybody made.
asked_right in_family(std::string_view word, bool whole_family, std::string_view method) {
    if (!whole_family || method == "POST") return {word, access::unread};
    return {word, access::account};
}

asked_right for_video(std::string_view path, std::string_view method) {
    if (path == "/video/query")
        return {"video", method == "GET" || method == "HEAD" ? access::read : access::unread};  // about one object, as its query says
    const bool collection = path == "/videos" || path == "/video/generations" || path == "/video/create";
    if (collection) return {"video", method == "POST" ? access::read : access::account};
    // A remix or an extension is a new film, of a model that nobody names.
    return {"video", method == "POST" ? access::unread : access::read};
}

asked_right for_fine_tuning(std::string_view path, std::string_view method) {
    return in_family("fine_tuning", path == "/fine_tuning" || path == "/fine_tuning/jobs", method);
}

// Below /models: a change of one, or a call that weir does not read.
asked_right for_model(std::string_view path, std::string_view method) {
    const std::string_view last = path.substr(path.rfind('/') + 1);
    const std::size_t colon = last.rfind(':');
    // `DELETE /models/ft:gpt-4o:org` has colons too.
    if (colon == std::string_view::npos || method != "POST") return {"models", access::unread};
    const std::string_view verb = last.substr(colon + 1);
    if (verb == "batchgeneratecontent" || verb == "asyncbatchembedcontent") return {"batches", access::unread};
    for (const verb_row& known : gemini_verbs)
        if (plain(known.name) == verb) return {traits_of(known.id).word, access::unread};
    return {"other", access::unread};
}

asked_right for_row(const endpoint_row& row, std::string_view path, std::string_view method);

// What classify() calls `other`: sub-paths of known endpoints, paths that only a generous upstream reads as known ones, verbs of Gemini's that weir
// does not read, and the rest.
asked_right for_other(const target& what, std::string_view method) {
    const std::string path = plain(what.suffix);
    // Spelled so that weir does not read it: the word is the same, and nothing is held.
    for (const endpoint_row& row : endpoint_rows)
        if (path == row.path || (row.rest == below::family && is_below(path, row.path))) {
            auto right = for_row(row, path, method);
            if (right.wanted != access::account) right.wanted = access::unread;
            return right;
        }
    if (is_below(path, "/responses")) return {"responses", what.suffix.starts_with("/responses/") ? access::read : access::unread};
    if (path == "/messages/batches" || is_below(path, "/messages/batches")) return in_family("batches", path == "/messages/batches", method);
    if (is_below(path, "/models")) return for_model(path, method);
    if (is_below(path, "/chat/deferred-completion")) return {"chat", access::read};  // an answer that was asked for earlier
    for (const std::string_view pages : {"/organization", "/organizations", "/dashboard", "/projects", "/usage"})
        if (path == pages || is_below(path, pages)) return {"other", access::account};
    return {"other", access::unread};
}

asked_right for_row(const endpoint_row& row, std::string_view path, std::string_view method) {
    const auto& traits = traits_of(row.id);
    switch (row.id) {
        case endpoint::videos: return for_video(path, method);
        case endpoint::files:
        case endpoint::batches:
        case endpoint::uploads: return in_family(traits.word, path == row.path, method);
        case endpoint::fine_tuning: return for_fine_tuning(plain(path), method);  // its list is a sub-path
        case endpoint::responses:
            return path == "/responses/input_tokens" ? asked_right{"count_tokens", access::free} : asked_right{traits.word, access::read};
        default: return {traits.word, traits.read == reading::whole ? access::read : access::unread};
    }
}

}  // namespace

asked_right right_for(const target& what, std::string_view method) {
    const auto& traits = traits_of(what.id);
    if (what.id == endpoint::other) return for_other(what, method);
    if (what.id == endpoint::models || what.id == endpoint::llms_txt || traits.word == "count_tokens") return {traits.word, access::free};
    for (const endpoint_row& row : endpoint_rows)
        if (row.id == what.id && (what.suffix == row.path || is_below(what.suffix, row.path))) return for_row(row, what.suffix, method);
    return {traits.word, traits.read == reading::whole ? access::read : access::unread};  // Gemini's
}

bool works_a_model(const target& what) {
    if (traits_of(what.id).read != reading::whole) return false;
    return what.body == body_form::json || what.body == body_form::multipart || what.id == endpoint::realtime;
}

std::vector<std::string_view> endpoint_words() {
    std::vector<std::string_view> all;
    for (const auto& row : endpoint_traits_table)
        if (std::find(all.begin(), all.end(), row.word) == all.end()) all.push_back(row.word);
    return all;
}

}  // namespace weir::dialect
