#include "dialect/hub/reading.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <utility>

#include "dialect/hub/envelope.hpp"

namespace weir::dialect::hub {

const json::index* index_of(std::string_view text) {
    auto& where = json::thread_index();
    return where.build(text) == json::fault::none && where.escapes_are_legal() ? &where : nullptr;
}

std::string_view written(json::cursor& at) {
    const auto begin = at.offset();
    return at.skip() ? at.since(begin) : std::string_view{};
}

raw_text text_at(json::cursor& at) {
    json::raw_string found;
    if (at.string(found)) return raw_text{found.text};
    (void)at.skip();
    return {};
}

std::optional<bool> boolean_at(json::cursor& at) {
    bool found = false;
    if (at.boolean(found)) return found;
    (void)at.skip();
    return std::nullopt;
}

std::optional<std::int64_t> integer_at(json::cursor& at) {
    std::int64_t found = 0;
    if (at.integer(found)) return found;
    (void)at.skip();
    return std::nullopt;
}

embedded_json embedded_at(json::cursor& at) {
    json::raw_string found;
    if (at.string(found)) return {found.text, true};
    return {written(at), false};
}

raw_text look_for_text(json::cursor at, std::string_view name) {
    raw_text out;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == name) out = text_at(value);
    });
    return out;
}

bool has_member(json::cursor at, std::string_view name) {
    bool found = false;
    at.members([&](std::string_view key, json::cursor&) { found = found || key == name; });
    return found;
}

cache_mark cache_control_at(json::cursor& at) {
    cache_mark out;
    out.set = at.peek() == '{';
    const bool is_object = at.members([&](std::string_view key, json::cursor& value) {
        if (key == "ttl") out.ttl = text_at(value).json;
    });
    if (!is_object) (void)at.skip();
    return out;
}

// Chat has the place one level deeper than the others.
void search_settings_at(json::cursor at, tool& into) {
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "filters") search_settings_at(value, into);
        if (key == "allowed_domains" && value.peek() == '[') into.allowed = written(value);
        if (key == "blocked_domains" && value.peek() == '[') into.blocked = written(value);
        if (key != "user_location" || value.peek() != '{') return;
        auto look = value;
        into.location = written(value);
        look.members([&](std::string_view name, json::cursor& inner) {
            if (name == "approximate" && inner.peek() == '{') into.location = written(inner);
        });
    });
}

media media_of_file(raw_text data) {
    auto out = media_of_url(data);
    if (out.is == media::from::url && !data.json.starts_with("http")) out.is = media::from::base64;
    return out;
}

media media_of_url(raw_text url) {
    constexpr std::string_view scheme = "data:", coding = ";base64,";
    media out;
    const auto comma = url.json.find(coding);
    if (!url.json.starts_with(scheme) || comma == std::string_view::npos) {
        out.is = media::from::url;
        out.data = url;
        return out;
    }
    // Parameters may stand between the type and the coding; they mean nothing to a provider.
    const auto type = url.json.substr(scheme.size(), comma - scheme.size());
    out.type = raw_text{type.substr(0, type.find(';'))};
    out.data = raw_text{url.json.substr(comma + coding.size())};
    return out;
}

void stop_texts_at(json::cursor& at, conversation& into) {
    into.stops.name = "stop";
    if (at.peek() == '"') {
        into.stops.texts.push_back(text_at(at));
        return;
    }
    at.elements([&](json::cursor& each) {
        if (each.peek() == '"') into.stops.texts.push_back(text_at(each));
    });
}

thinking::effort effort_named(raw_text name) {
    using enum thinking::effort;
    constexpr std::array<std::pair<std::string_view, thinking::effort>, 7> all{
        {{"none", none}, {"minimal", minimal}, {"low", low}, {"medium", medium}, {"high", high}, {"xhigh", xhigh}, {"max", max}}};
    for (const auto& [word, effort] : all)
        if (name.is(word)) return effort;
    return unsaid;
}

namespace {

void append_readable(json::cursor at, std::string& out) {
    constexpr std::array<std::string_view, 7> words{"text", "stdout", "stderr", "output", "logs", "title", "url"};
    const auto inside = [&](json::cursor& one) {
        if (one.peek() == '{' || one.peek() == '[') append_readable(one, out);
    };
    if (at.peek() == '[') return void(at.elements(inside));
    // Of a document that was fetched: its text, never its bytes.
    const bool plain = look_for_text(at, "type").is("text");
    at.members([&](std::string_view key, json::cursor& value) {
        if (value.peek() != '"') return inside(value);
        const bool says = std::find(words.begin(), words.end(), key) != words.end() || (plain && key == "data");
        const auto text = says ? text_at(value) : raw_text{};
        if (!text.blank()) out.append("\\n").append(text.json);
    });
}

}  // namespace

raw_text readable(json::cursor result, arena& kept) {
    std::string out;
    append_readable(result, out);
    return out.empty() ? raw_text{} : raw_text{kept.keep(out.append("\\n"))};
}

namespace {

// A setting that says what holds anyway is as good as none.
bool is_default(field f, std::string_view json) {
    switch (f) {
        case field::frequency_penalty:
        case field::presence_penalty: return json == "0" || json == "0.0";
        case field::choices: return json == "1";
        case field::top_logprobs: return json == "0";
        case field::logprobs:
        case field::background: return json == "false";
        case field::logit_bias: return json == "{}";
        case field::truncation: return json == R"("disabled")";
        case field::modalities: return json == R"(["text"])" || json == R"(["TEXT"])";
        case field::context_management: return json == "[]";
        default: return false;
    }
}

}  // namespace

void keep_setting(json::cursor& at, std::string_view path, conversation& into) {
    const auto f = field_named(path, into.from);
    if (f == field::count_) {
        if (!at.is_null()) into.unknown.push_back(into.kept.keep(std::string{path}));
        (void)at.skip();
        return;
    }
    if (at.is_null()) return (void)at.skip();
    const auto value = written(at);
    if (!is_default(f, value)) into.setting(f) = {value, true};
}

bool read_request(spoke from, json::cursor body, conversation& into, notes& told) {
    const auto read = from == spoke::chat        ? read_chat
                      : from == spoke::responses ? read_responses
                      : from == spoke::messages  ? read_messages
                      : from == spoke::gemini    ? read_gemini
                                                 : read_completions;
    refuse_broken(from, body, told);
    if (!read(body, into, told)) return false;
    open_envelopes(into);
    return true;
}

void conversation::clear() {
    // Vectors keep their memory; everything else is as new.
    auto reused = std::tie(turns, parts, inner, tools, stops.texts, unknown);
    std::apply([](auto&... each) { (each.clear(), ...); }, reused);
    choice = {};
    format = {};
    thinks = {};
    settings = {};
    kept.clear();
    from = spoke::chat;
    model = {};
    stream = false;
    cap = {};
    stops.name = {};
}

}  // namespace weir::dialect::hub
