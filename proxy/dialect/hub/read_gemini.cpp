// Requests to Gemini's generateContent. Its SDKs mix camelCase and snake_case in one body: every name is taken in both.
#include <array>
#include <string>
#include <utility>

#include "dialect/hub/reading.hpp"
#include "dialect/hub/schema.hpp"

namespace weir::dialect::hub {
namespace {

using role = turn::role;

/// Whether a name means this one, which is in camelCase.
bool is(std::string_view name, std::string_view camel) {
    std::size_t at = 0;
    for (const char c : camel) {
        if (at < name.size() && name[at] == c) {
            ++at;
            continue;
        }
        const bool upper = c >= 'A' && c <= 'Z';
        if (!upper || at + 1 >= name.size() || name[at] != '_' || name[at + 1] != static_cast<char>(c | 0x20)) return false;
        at += 2;
    }
    return at == name.size();
}

/// A list, or its one element without the brackets, as Google's own examples have it.
template <class F>
void each_of(json::cursor& at, F&& f) {
    if (at.peek() == '{') return f(at);
    at.elements(f);
}

/// Whether anybody can get what is there. Google's own files are asked for with a key.
bool is_public(std::string_view uri) { return uri.starts_with("http") && uri.find("//generativelanguage.googleapis.com/") == std::string_view::npos; }

class gemini_reader {
public:
    gemini_reader(conversation& into, notes& told) : into_(into), told_(told) {}

    bool read(json::cursor body);

private:
    void member(std::string_view key, json::cursor& at);
    void system(json::cursor& at);
    void content(json::cursor& at);
    void one_part(json::cursor& at, bool of_model);
    void call(json::cursor& at);
    void result(json::cursor& at);
    void shown_with_result(json::cursor& at);
    void media_at(json::cursor& at, bool is_file);
    void tools(json::cursor& at);
    void declaration(json::cursor& at);
    void choice(json::cursor& at);
    void generation(json::cursor& at);
    void generation_member(std::string_view key, json::cursor& at);
    void thoughts(json::cursor& at);

    conversation& into_;
    notes& told_;
    bool in_result_ = false;  ///< media go among the parts of a result
};

bool gemini_reader::read(json::cursor body) {
    into_.from = spoke::gemini;
    auto look = body;
    look.members([this](std::string_view key, json::cursor& at) {
        if (is(key, "systemInstruction")) system(at);
    });
    const bool is_object = body.members([this](std::string_view key, json::cursor& at) {
        if (!is(key, "systemInstruction")) member(key, at);
    });
    if (!is_object) told_.refuse("", "it is no JSON object");
    return is_object;
}

void gemini_reader::member(std::string_view key, json::cursor& at) {
    if (key == "contents") {
        each_of(at, [this](json::cursor& each) { content(each); });
    } else if (key == "tools") {
        each_of(at, [this](json::cursor& each) { tools(each); });
    } else if (is(key, "toolConfig")) {
        choice(at);
    } else if (is(key, "generationConfig")) {
        generation(at);
    } else if (is(key, "safetySettings")) {
        keep_setting(at, "safetySettings", into_);
    } else if (is(key, "cachedContent")) {
        keep_setting(at, "cachedContent", into_);
    } else if (is(key, "serviceTier")) {
        keep_setting(at, "serviceTier", into_);
    } else if (key == "model") {
        (void)at.skip();  // it stands in the path
    } else {
        keep_setting(at, key, into_);
    }
}

void gemini_reader::system(json::cursor& at) {
    at.members([this](std::string_view key, json::cursor& value) {
        if (key != "parts") return;
        each_of(value, [this](json::cursor& each) {
            into_.begin_turn(role::system);
            into_.add(part::kind::text).text = look_for_text(each, "text");
        });
    });
}

void gemini_reader::content(json::cursor& at) {
    const bool of_model = look_for_text(at, "role").is("model");
    bool begun = false;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "parts") return;
        each_of(value, [&](json::cursor& each) {
            const bool is_result = has_member(each, "functionResponse") || has_member(each, "function_response");
            const auto due = of_model ? role::assistant : is_result ? role::results : role::user;
            // Neighbouring turns of the model are one: its SDKs give back a stream chunk by chunk.
            const bool goes_on = !into_.turns.empty() && into_.turns.back().who == due && (begun || of_model || is_result);
            if (!goes_on) into_.begin_turn(due);
            begun = true;
            one_part(each, of_model);
        });
    });
}

void gemini_reader::one_part(json::cursor& at, bool of_model) {
    raw_text text, signature;
    bool thought = false;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "text") text = text_at(value);
        if (key == "thought") thought = boolean_at(value).value_or(false);
        if (is(key, "thoughtSignature")) signature = text_at(value);
        if (is(key, "inlineData")) media_at(value, false);
        if (is(key, "fileData")) media_at(value, true);
        if (is(key, "functionCall")) call(value);
        if (is(key, "functionResponse")) result(value);
        if (is(key, "toolCall") || is(key, "toolResponse")) into_.unknown.push_back("contents.parts");
        if (is(key, "codeExecutionResult")) into_.add(part::kind::hosted).text = readable(value, into_.kept);
        if (is(key, "executableCode")) into_.add(part::kind::hosted).written = written(value);
    });
    if (text.said) {
        const auto due = thought ? part::kind::reasoning : part::kind::text;
        const bool joins = of_model && !into_.parts.empty() && into_.turns.back().count > 0 && into_.parts.back().is == due &&
                           into_.parts.back().opaque.data.json.empty();
        if (joins) {
            auto& last = into_.parts.back().text;
            last = raw_text{into_.kept.keep(std::string{last.json}.append(text.json))};
        } else {
            into_.add(due).text = text;
        }
    }
    if (signature.said && into_.turns.back().count > 0) into_.parts.back().opaque = {carrier::family::gemini, signature};
}

void gemini_reader::call(json::cursor& at) {
    auto& made = into_.add(part::kind::call);
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "id") made.id = text_at(value);
        if (key == "name") made.name = text_at(value);
        if (key == "args" && value.peek() == '{') made.arguments = {written(value), false};
    });
}

void gemini_reader::result(json::cursor& at) {
    part made;
    made.is = part::kind::result;
    made.first = static_cast<std::uint32_t>(into_.inner.size());
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "id") made.id = text_at(value);
        if (key == "name") made.name = text_at(value);
        if (key == "parts") value.elements([this](json::cursor& each) { shown_with_result(each); });
        if (key != "response") return;
        // The text under `output` is what was said; anything else is said as it is written.
        const bool failed = has_member(value, "error");
        const auto said = look_for_text(value, failed ? "error" : "output");
        made.failed = failed;
        auto& inner = into_.inner.emplace_back();
        if (said.said) {
            inner.text = said;
            return;
        }
        std::string text;
        append_escaped(text, written(value));
        inner.text = raw_text{into_.kept.keep(std::move(text))};
    });
    made.count = static_cast<std::uint32_t>(into_.inner.size()) - made.first;
    into_.add(part::kind::result) = made;
}

void gemini_reader::media_at(json::cursor& at, bool is_file) {
    part made;
    made.source.is = is_file ? media::from::file : media::from::base64;
    at.members([&](std::string_view key, json::cursor& value) {
        if (is(key, "mimeType")) made.source.type = text_at(value);
        if (key == "data" || is(key, "fileUri")) made.source.data = text_at(value);
        if (is(key, "displayName")) made.name = text_at(value);
    });
    const auto type = made.source.type.decoded();
    made.is = type.starts_with("image/")   ? part::kind::image
              : type.starts_with("audio/") ? part::kind::audio
              : type.starts_with("video/") ? part::kind::video
                                           : part::kind::document;
    if (is_file && is_public(made.source.data.json)) made.source.is = media::from::url;
    // Google's SDKs write bytes in the alphabet of URLs; nobody else reads that.
    if (!is_file && made.source.data.json.find_first_of("-_") != std::string_view::npos) {
        std::string usual{made.source.data.json};
        for (auto& c : usual) c = c == '-' ? '+' : c == '_' ? '/' : c;
        made.source.data = raw_text{into_.kept.keep(std::move(usual))};
    }
    if (!in_result_) return (void)(into_.add(made.is) = made);
    into_.inner.push_back(made);
}

void gemini_reader::shown_with_result(json::cursor& at) {
    in_result_ = true;
    at.members([this](std::string_view key, json::cursor& value) {
        if (is(key, "inlineData")) media_at(value, false);
        if (is(key, "fileData")) media_at(value, true);
    });
    in_result_ = false;
}

void gemini_reader::tools(json::cursor& at) {
    at.members([this](std::string_view key, json::cursor& value) {
        if (is(key, "functionDeclarations")) {
            value.elements([this](json::cursor& each) { declaration(each); });
            return;
        }
        auto& made = into_.tools.emplace_back();
        made.is = is(key, "googleSearch") ? tool::kind::web_search : tool::kind::hosted;
        made.written = written(value);
    });
}

void gemini_reader::declaration(json::cursor& at) {
    auto& made = into_.tools.emplace_back();
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "name") made.name = text_at(value);
        if (key == "description") made.description = text_at(value);
        if (is(key, "parametersJsonSchema")) made.schema = written(value);
        if (key == "parameters" && value.peek() == '{') made.schema = into_.kept.keep(schema_from_gemini(value));
    });
}

void gemini_reader::choice(json::cursor& at) {
    using kind = tool_choice::kind;
    at.members([this](std::string_view key, json::cursor& value) {
        if (!is(key, "functionCallingConfig")) return;
        auto& made = into_.choice;
        value.members([&](std::string_view inside, json::cursor& of) {
            if (inside == "mode") {
                const auto mode = text_at(of);
                made.is = mode.is("ANY") ? kind::any : mode.is("NONE") ? kind::none : kind::automatic;
            }
            if (is(inside, "allowedFunctionNames")) of.elements([&](json::cursor& each) { made.names.push_back(text_at(each)); });
        });
        if (made.is == kind::any && made.names.size() == 1) made.is = kind::one;
        if (made.names.size() > 1) made.mode = made.is, made.is = kind::subset;
    });
}

void gemini_reader::generation(json::cursor& at) {
    at.members([this](std::string_view key, json::cursor& value) { generation_member(key, value); });
}

void gemini_reader::generation_member(std::string_view key, json::cursor& at) {
    constexpr std::array<std::string_view, 10> settings{
        "temperature",       "topP", "topK", "frequencyPenalty", "presencePenalty", "seed", "candidateCount", "responseLogprobs", "logprobs",
        "responseModalities"};
    if (is(key, "maxOutputTokens")) {
        into_.cap.tokens = integer_at(at);
        into_.cap.name = "generationConfig.maxOutputTokens";
    } else if (is(key, "stopSequences")) {
        into_.stops.name = "generationConfig.stopSequences";
        at.elements([this](json::cursor& each) { into_.stops.texts.push_back(text_at(each)); });
    } else if (is(key, "thinkingConfig")) {
        thoughts(at);
    } else if (is(key, "responseMimeType")) {
        if (text_at(at).is("application/json") && into_.format.is == answer_format::kind::unsaid) into_.format.is = answer_format::kind::json;
    } else if (is(key, "responseJsonSchema")) {
        into_.format.is = answer_format::kind::schema;
        into_.format.schema = written(at);
    } else if (is(key, "responseSchema") && at.peek() == '{') {
        into_.format.is = answer_format::kind::schema;
        into_.format.schema = into_.kept.keep(schema_from_gemini(at));
    } else {
        for (const auto name : settings) {
            if (!is(key, name)) continue;
            const auto path = "generationConfig." + std::string{name};
            keep_setting(at, path, into_);
            // Its SDKs write some counts as 20.0.
            auto& value = into_.setting(field_named(path, spoke::gemini)).json;
            const bool whole = name == "topK" || name == "seed" || name == "candidateCount" || name == "logprobs";
            if (whole && value.find_first_not_of("0", value.find('.') + 1) == std::string_view::npos) value = value.substr(0, value.find('.'));
            return;
        }
        keep_setting(at, "generationConfig." + std::string{key}, into_);
    }
}

void gemini_reader::thoughts(json::cursor& at) {
    auto& t = into_.thinks;
    at.members([&](std::string_view key, json::cursor& value) {
        if (is(key, "includeThoughts")) t.shown = boolean_at(value).value_or(false);
        if (is(key, "thinkingBudget")) {
            t.tokens = integer_at(value).value_or(-1);
            t.is = t.tokens == 0 ? thinking::mode::off : t.tokens < 0 ? thinking::mode::adaptive : thinking::mode::budget;
        }
        if (!is(key, "thinkingLevel")) return;
        std::string level = text_at(value).decoded();
        for (auto& c : level) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
        t.how = effort_named(raw_text{level});
    });
}

}  // namespace

bool read_gemini(json::cursor body, conversation& into, notes& told) {
    if (!gemini_reader{into, told}.read(body)) return false;
    mend(into, told);
    return true;
}

}  // namespace weir::dialect::hub
