#include "probe/probe_reply.hpp"

#include <algorithm>
#include <unordered_set>

#include "dialect/json/json_index.hpp"

namespace weir::probe {
namespace {

using dialect::kind;
namespace json = dialect::json;

constexpr std::size_t longest_word = 40;
constexpr std::string_view gemini_prefix = "models/";

/// Members of the answer that tell whose it is.
struct traits {
    std::string type;    ///< top-level "type"
    bool error = false;  ///< an object
    std::string error_type, error_code, error_status;
    bool error_message = false, code_is_number = false;
    bool named = false;  ///< a top-level "id" or "name"
    std::unordered_set<std::string> listed;
    bool gemini_list = false, anthropic_list = false, openai_list = false;
};

bool text(json::cursor& c, std::string& out) {
    json::raw_string raw;
    if (!c.string(raw)) return false;
    out.clear();
    (void)json::unescape(raw.text, out);
    return true;
}

bool is_word(std::string_view s) {
    return !s.empty() && s.size() <= longest_word && std::all_of(s.begin(), s.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

void read_error(json::cursor& c, traits& t) {
    std::string ignored;
    std::int64_t number = 0;
    t.error = c.members([&](std::string_view key, json::cursor& value) {
        if (key == "type") text(value, t.error_type);
        if (key == "status") text(value, t.error_status);
        if (key == "message") t.error_message = text(value, ignored);
        if (key == "code" && !text(value, t.error_code)) t.code_is_number = value.integer(number);
    });
}

void read_model(json::cursor& c, traits& t, std::vector<std::string>& into) {
    std::string id, name, type, object;
    c.members([&](std::string_view key, json::cursor& value) {
        if (key == "id") text(value, id);
        if (key == "name") text(value, name);
        if (key == "type") text(value, type);
        if (key == "object") text(value, object);
    });
    if (object == "model") t.openai_list = true;
    if (type == "model" && object.empty()) t.anthropic_list = true;
    if (id.empty()) id = name;
    if (id.starts_with(gemini_prefix)) id.erase(0, gemini_prefix.size());
    // Some give one list twice, as OpenAI's `data` and as their own `models`.
    if (!id.empty() && t.listed.insert(id).second) into.push_back(std::move(id));
}

bool read_models(json::cursor& c, traits& t, probe_reply& out) {
    return c.elements([&](json::cursor& each) { read_model(each, t, out.models); });
}

void read_object(json::cursor& c, traits& t, probe_reply& out) {
    c.members([&](std::string_view key, json::cursor& value) {
        std::string name;
        if (key == "type") text(value, t.type);
        if (key == "id" || key == "name") t.named |= text(value, name) && !name.empty();
        if (key == "error") read_error(value, t);
        if (key == "data") out.is_list |= read_models(value, t, out);
        if (key == "models" && read_models(value, t, out)) out.is_list = t.gemini_list = true;
        if (key == "has_more") value.boolean(out.has_more);
        if (key == "nextPageToken") out.has_more |= text(value, name) && !name.empty();
    });
}

std::optional<kind> whose(const traits& t, const probe_reply& r) {
    if (t.error) {
        if (t.type == "error" && !t.error_type.empty()) return kind::anthropic;
        if (t.code_is_number && !t.error_status.empty()) return kind::gemini;
        // Many say less than OpenAI does; only its `type` or a code in words tells it from home-made errors.
        if (t.error_message && (!t.error_type.empty() || !t.error_code.empty())) return kind::openai;
        return std::nullopt;
    }
    if (!r.is_list || r.models.empty()) return std::nullopt;
    if (t.gemini_list && !t.openai_list && !t.anthropic_list) return kind::gemini;
    if (t.anthropic_list && !t.openai_list) return kind::anthropic;
    if (t.openai_list && !t.anthropic_list) return kind::openai;
    return std::nullopt;
}

bool looks_like_html(std::string_view content_type, std::string_view body) {
    const auto start = body.find_first_not_of(" \t\r\n");
    const bool tag = start != std::string_view::npos && body[start] == '<';
    return tag || content_type.starts_with("text/html");
}

}  // namespace

probe_reply read_probe_reply(std::string_view content_type, std::string_view body) {
    probe_reply out;
    out.is_html = looks_like_html(content_type, body);
    auto& where = json::thread_index();
    if (out.is_html || where.build(body) != json::fault::none) return out;
    json::cursor c{where};
    traits t;
    if (c.peek() == '[')
        out.is_list = read_models(c, t, out);
    else if (c.peek() == '{')
        read_object(c, t, out);
    out.is_json = c.why() == json::fault::none && c.at_end();
    if (!out.is_json) return probe_reply{};
    out.is_error = t.error;
    out.is_model = t.named && !t.error;
    out.speaks = whose(t, out);
    out.error_code = is_word(t.error_code) ? t.error_code : is_word(t.error_type) ? t.error_type : std::string{};
    // Gemini's word; and LiteLLM's when it has no database to look a key up in, in OpenAI's shape whatever was asked.
    out.bad_key = body.find("\"API_KEY_INVALID\"") != std::string_view::npos || out.error_code == "no_db_connection";
    return out;
}

}  // namespace weir::probe
