#include "dialect/object_path.hpp"

#include <algorithm>
#include <array>

#include "dialect/endpoint_table.hpp"
#include "dialect/lower_case.hpp"
#include "dialect/percent_encoding.hpp"

namespace weir::dialect {
namespace {

// One row per folder of objects; what stands behind it is an id.
struct folder {
    std::string_view path;
    object_kind kind;
};

constexpr std::array folders{
    folder{"/responses", object_kind::response},      folder{"/videos", object_kind::video},
    folder{"/video/generations", object_kind::video}, folder{"/video/create", object_kind::video},
    folder{"/video/query", object_kind::video},       folder{"/messages/batches", object_kind::message_batch},
    folder{"/batches", object_kind::batch},           folder{"/chat/deferred-completion", object_kind::deferred},
};

// `id` or `task_id` of the query. Upstreams differ in which one they take of several: together they are an id that nobody has.
std::string id_in_query(std::string_view query) {
    std::string ids;
    while (!query.empty()) {
        const auto one = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), one.size() + 1));
        const auto equals = one.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string name = lowered(decode_percent(one.substr(0, equals)));
        if (name != "id" && name != "task_id" && name != "video_id") continue;
        const std::string id = decode_percent(one.substr(equals + 1));
        if (ids.empty())
            ids = id;
        else if (ids != id)
            ids += " and " + id;
    }
    return ids;
}

bool is_making_verb(std::string_view small_path) {
    return small_path.starts_with("/models/") && (small_path.ends_with(":batchgeneratecontent") || small_path.ends_with(":asyncbatchembedcontent"));
}

object_ask in_folder(const folder& at, std::string_view method, std::string_view rest, std::string_view query, kind dialect) {
    object_ask out;
    out.kind = at.kind == object_kind::batch && dialect == kind::gemini ? object_kind::gemini_batch : at.kind;
    while (!rest.empty() && rest.front() == '/') rest.remove_prefix(1);
    while (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
    const auto id = rest.substr(0, rest.find('/'));
    const auto behind = rest.substr(std::min(rest.size(), id.size() + 1));
    const bool posts = method == "POST";
    if (at.path == "/video/query") {
        out.id = id.empty() ? id_in_query(query) : std::string{id};
        return out;
    }
    // POST /videos/edits: no object is called so, but one is made.
    if (posts && (id.empty() || (at.kind == object_kind::video && behind.empty()))) {
        out.makes = at.kind != object_kind::deferred;
        return out;
    }
    out.id = id;
    if (out.kind == object_kind::gemini_batch) out.id = out.id.substr(0, out.id.find(':'));  // batches/ID:cancel
    out.makes = posts && at.kind == object_kind::video && lowered(behind) == "remix";
    out.lines = at.kind == object_kind::message_batch && lowered(behind) == "results";
    return out;
}

}  // namespace

std::optional<object_ask> object_asked(const target& what, std::string_view method, std::string_view query) {
    switch (what.id) {
        case endpoint::responses:
            if (method != "POST" || what.suffix != "/responses") return std::nullopt;  // counting and compacting make nothing
            return object_ask{.kind = object_kind::response, .makes = true, .id = {}, .lines = false};
        case endpoint::videos:
        case endpoint::batches:
        case endpoint::other: break;
        default: return std::nullopt;
    }
    const std::string path = decode_percent(what.suffix);
    const std::string small_path = lowered(path);  // upstreams differ in what they make of case; an id keeps its own
    if (is_making_verb(small_path)) return object_ask{.kind = object_kind::gemini_batch, .makes = true, .id = {}, .lines = false};
    for (const folder& at : folders) {
        if (!starts_as_path(small_path, at.path)) continue;
        object_ask found = in_folder(at, method, std::string_view{path}.substr(at.path.size()), query, what.dialect);
        if (!found.makes && found.id.empty()) return std::nullopt;  // a list
        return found;
    }
    return std::nullopt;
}

endpoint form_of(object_kind kind) {
    switch (kind) {
        case object_kind::message_batch: return endpoint::messages;
        case object_kind::gemini_batch: return endpoint::gemini_generate;
        case object_kind::deferred: return endpoint::chat_completions;
        default: return endpoint::responses;
    }
}

std::string path_of(object_kind kind, std::string_view id) {
    // What an upstream named so could otherwise lead elsewhere.
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:~";
    if (kind != object_kind::response || id.empty() || id.find_first_not_of(plain) != std::string_view::npos ||
        id.find_first_not_of('.') == std::string_view::npos)
        return {};
    return "/responses/" + std::string{id};
}

}  // namespace weir::dialect
