#include "dialect/endpoint_rights.hpp"

#include <algorithm>
#include <string>

#include "dialect/endpoint_traits.hpp"

namespace weir::dialect {
namespace {

using core::access;


// As the freest upstream may read it: escapes decoded, without case, without a slash at the end.
std::string plain(std::string_view suffix) {
    std::string out = decode_percent(suffix);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
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

asked_right for_video(const target& what, std::string_view method) {
    if (what.suffix == "/video/query") return {"video", access::unread};  // the object's id stands in the query
    const bool collection = what.suffix == "/videos" || what.suffix == "/video/generations" || what.suffix == "/video/create";
    return {"video", collection && method != "POST" ? access::account : access::read};
}

asked_right for_fine_tuning(std::string_view path, std::string_view method) {
    return in_family("fine_tuning", path == "/fine_tuning" || path == "/fine_tuning/jobs", method);
}

// What classify() calls `other`: sub-paths of known endpoints, verbs of Gemini's that weir does not read, and the rest.
asked_right for_other(const target& what, std::string_view method) {
    const std::string path = plain(what.suffix);
    if (is_below(path, "/responses")) return {"responses", access::read};
    for (const std::string_view batches : {"/messages/batches", "/batches"})
        if (path == batches || is_below(path, batches)) return in_family("batches", path == batches, method);
    if (path == "/files" || is_below(path, "/files")) return in_family("files", path == "/files", method);
    if (path == "/uploads" || is_below(path, "/uploads")) return in_family("uploads", path == "/uploads", method);
    if (path == "/fine_tuning" || is_below(path, "/fine_tuning")) return for_fine_tuning(path, method);
    if (is_below(path, "/models")) {
        const std::string_view last = std::string_view{path}.substr(path.rfind('/') + 1);
        const std::size_t colon = last.rfind(':');
        const std::string_view verb = colon == std::string_view::npos ? std::string_view{} : last.substr(colon + 1);
        if (verb == "batchgeneratecontent" || verb == "asyncbatchembedcontent") return {"batches", access::unread};
        const bool is_call = method == "POST" && !verb.empty();  // `DELETE /models/ft:gpt-4o:org` has colons too
        return {is_call ? "other" : "models", access::unread};
    }
    for (const std::string_view pages : {"/organization", "/organizations", "/dashboard", "/projects", "/usage"})
        if (path == pages || is_below(path, pages)) return {"other", access::account};
    return {"other", access::unread};
}

}  // namespace

asked_right right_for(const target& what, std::string_view method) {
    const auto& row = traits_of(what.id);
    if (row.word == "count_tokens") return {row.word, access::free};
    switch (what.id) {
        case endpoint::models:
        case endpoint::llms_txt:
            return {row.word, access::free};
        case endpoint::responses:
            if (what.suffix == "/responses/input_tokens") return {"count_tokens", access::free};
            return {row.word, access::read};
        case endpoint::videos:
            return for_video(what, method);
        case endpoint::files:
        case endpoint::batches:
        case endpoint::uploads:
            return in_family(row.word, what.suffix == row.label.substr(std::string_view{"/v1"}.size()), method);
        case endpoint::fine_tuning:
            return for_fine_tuning(what.suffix, method);
        case endpoint::other:
            return for_other(what, method);
        default:
            return {row.word, row.read == reading::whole ? access::read : access::unread};
    }
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
