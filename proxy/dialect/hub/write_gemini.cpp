// Requests to Gemini's generateContent. The model and whether it streams stand in the path.
#include <algorithm>
#include <string>
#include <vector>

#include "dialect/hub/efforts.hpp"
#include "dialect/hub/schema.hpp"
#include "dialect/hub/writing.hpp"

namespace weir::dialect::hub {
namespace {

using role = turn::role;

class gemini_writer {
public:
    gemini_writer(const conversation& of, const target_settings& to, std::string& out, notes& told)
        : of_(of), to_(to), out_(out), told_(told), words_(words_of(of.from)) {}

    void write();

private:
    /// Whose content is being written. What answers calls stands alone.
    enum class side : std::uint8_t { none, user, model, results };

    [[nodiscard]] bool is_front(std::size_t i) const;
    void system();
    void contents();
    void begin(side due);
    void end();
    void turn_of(const turn& t, side due);
    void text(raw_text what);
    void one_part(const part& p);
    void media_part(const part& p);
    void call(const part& p);
    void result(const part& p);
    [[nodiscard]] raw_text name_of_call(raw_text id) const;
    void tools();
    void declaration(const tool& t);
    void choice();
    void generation();
    void thoughts();

    const conversation& of_;
    const std::size_t front_ = of_.turns_in_front();
    std::size_t room_ = schema_room;
    const target_settings& to_;
    json_writer out_;
    notes& told_;
    const client_words& words_;
    side open_ = side::none;
};

void gemini_writer::write() {
    out_.open('{');
    system();
    contents();
    tools();
    choice();
    generation();
    write_settings(out_, of_, spoke::gemini, {}, told_, bit(field::store) | bit(field::labels) | bit(field::metadata) | bit(field::service_tier));
    for (const auto name : of_.unknown) told_.drop(name);
    out_.close('}');
}

bool gemini_writer::is_front(std::size_t i) const { return i < front_; }

void gemini_writer::text(raw_text what) {
    out_.open('{');
    out_.text_member("text", what);
    out_.close('}');
}

void gemini_writer::system() {
    bool any = false;
    for (std::size_t i = 0; i < of_.turns.size() && is_front(i); ++i) {
        const auto& t = of_.turns[i];
        for (auto at = t.first; at < t.first + t.count; ++at) {
            if (of_.parts[at].text.blank()) continue;
            if (!std::exchange(any, true)) {
                out_.open_member("systemInstruction", '{');
                out_.open_member("parts", '[');
            }
            text(of_.parts[at].text);
        }
    }
    if (!any) return;
    out_.close(']');
    out_.close('}');
}

void gemini_writer::begin(side due) {
    if (open_ == due) return;
    end();
    out_.open('{');
    out_.plain_member("role", due == side::model ? "model" : "user");
    out_.open_member("parts", '[');
    open_ = due;
}

void gemini_writer::end() {
    if (open_ == side::none) return;
    out_.close(']');
    out_.close('}');
    open_ = side::none;
}

void gemini_writer::contents() {
    out_.open_member("contents", '[');
    bool begun = false;
    for (std::size_t i = 0; i < of_.turns.size(); ++i) {
        const auto& t = of_.turns[i];
        if (is_front(i)) continue;
        if (!begun && t.who == role::assistant) {
            begin(side::user);
            text(raw_text{"(continue)"});
            told_.add(words_.turns);
        }
        begun = true;
        if (t.who == role::system || t.who == role::developer) {
            const auto said = as_tagged_user(of_, t);
            if (said.empty()) continue;
            begin(side::user);
            text(raw_text{said});
            told_.change(words_.turns, "system texts stand in front");
        } else {
            turn_of(t, t.who == role::assistant ? side::model : t.who == role::results ? side::results : side::user);
        }
    }
    if (!begun) {
        begin(side::user);
        text(raw_text{"(begin)"});
        told_.add(words_.turns);
    }
    end();
    out_.close(']');
}

void gemini_writer::turn_of(const turn& t, side due) {
    for (auto at = t.first; at < t.first + t.count; ++at) {
        const auto& p = of_.parts[at];
        const bool speech = p.is == part::kind::text || p.is == part::kind::refusal;
        if (speech && p.text.blank()) continue;
        if (p.is == part::kind::reasoning && p.opaque.of != carrier::family::gemini) continue;
        if (p.is == part::kind::hosted) {
            told_.drop(words_.turns);
            continue;
        }
        begin(due);
        one_part(p);
    }
}

void gemini_writer::one_part(const part& p) {
    using kind = part::kind;
    switch (p.is) {
        case kind::call: return call(p);
        case kind::result: return result(p);
        case kind::image:
        case kind::audio:
        case kind::video:
        case kind::document: return media_part(p);
        default: break;
    }
    out_.open('{');
    out_.text_member("text", p.text);
    if (p.is == kind::reasoning) out_.member("thought", "true");
    if (p.opaque.of == carrier::family::gemini && p.opaque.data.said) out_.text_member("thoughtSignature", p.opaque.data);
    out_.close('}');
}

void gemini_writer::media_part(const part& p) {
    const auto& s = p.source;
    if (s.is == media::from::plain) return text(s.data);
    if (s.is == media::from::file && of_.from != spoke::gemini) return told_.refuse(words_.turns, "a file belongs to the provider that has it");
    if (s.is == media::from::url) return told_.refuse(words_.turns, "media is sent with the request, not by its address");
    out_.open('{');
    out_.open_member(s.is == media::from::file ? "fileData" : "inlineData", '{');
    const bool audio = p.is == part::kind::audio && s.type.json.find('/') == std::string_view::npos;
    const auto type = audio ? "audio/" + std::string{s.type.json} : std::string{s.type.said ? s.type.json : "application/pdf"};
    out_.text_member("mimeType", raw_text{type});
    out_.text_member(s.is == media::from::file ? "fileUri" : "data", s.data);
    out_.close('}');
    out_.close('}');
}

void gemini_writer::call(const part& p) {
    out_.open('{');
    out_.open_member("functionCall", '{');
    out_.text_member("name", p.name);
    out_.key("args");
    out_.value({});
    if (p.custom) {
        out_.out() += "{\"input\":\"";
        append_as_string(out_.out(), p.arguments);
        out_.out() += "\"}";
    } else if (!append_as_object(out_.out(), p.arguments)) {
        told_.change(words_.turns, "a call's arguments are an object");
    }
    out_.close('}');
    if (p.opaque.of == carrier::family::gemini && p.opaque.data.said) out_.text_member("thoughtSignature", p.opaque.data);
    out_.close('}');
}

raw_text gemini_writer::name_of_call(raw_text id) const {
    for (auto p = of_.parts.rbegin(); p != of_.parts.rend(); ++p)
        if (p->is == part::kind::call && p->id.json == id.json) return p->name;
    return {};
}

// A text stays a text: an object in there is read by the provider, who may not like it.
void gemini_writer::result(const part& p) {
    const auto name = name_of_call(p.id);
    if (!name.said) told_.change(words_.turns, "a result names its tool");
    out_.open('{');
    out_.open_member("functionResponse", '{');
    out_.text_member("name", name.said ? name : raw_text{"unknown_function"});
    std::string said;
    std::vector<const part*> shown;
    for (auto at = p.first; at < p.first + p.count; ++at) {
        const auto& inner = of_.inner[at];
        if (inner.is == part::kind::image || inner.is == part::kind::document) {
            shown.push_back(&inner);
            continue;
        }
        said.append(said.empty() ? "" : "\\n").append(inner.text.json);
    }
    out_.open_member("response", '{');
    out_.text_member(p.failed ? "error" : "output", raw_text{said});
    out_.close('}');
    if (!shown.empty()) {
        out_.open_member("parts", '[');
        for (const auto* each : shown) media_part(*each);
        out_.close(']');
    }
    out_.close('}');
    out_.close('}');
}

void gemini_writer::tools() {
    if (of_.tools.empty()) return;
    const auto is_declared = [](const tool& t) { return t.is == tool::kind::function || t.is == tool::kind::custom; };
    out_.open_member("tools", '[');
    if (std::any_of(of_.tools.begin(), of_.tools.end(), is_declared)) {
        out_.open('{');
        out_.open_member("functionDeclarations", '[');
        for (const auto& t : of_.tools)
            if (is_declared(t)) declaration(t);
        out_.close(']');
        out_.close('}');
    }
    for (const auto& t : of_.tools) {
        if (t.is == tool::kind::web_search) out_.value(R"({"googleSearch":{}})");
        if (t.is == tool::kind::hosted) told_.refuse(words_.tools, "a hosted tool runs at its own provider");
    }
    out_.close(']');
}

void gemini_writer::declaration(const tool& t) {
    out_.open('{');
    out_.text_member("name", t.name);
    if (t.description.said) out_.text_member("description", t.description);
    if (t.is == tool::kind::custom) {
        out_.member("parametersJsonSchema", text_input);
    } else if (!t.schema.empty()) {
        bool looser = false;
        out_.member("parametersJsonSchema", schema_for_gemini(t.schema, looser, room_));
        if (looser) told_.change(words_.tools, "not all of JSON Schema is read");
    }
    out_.close('}');
}

void gemini_writer::choice() {
    using kind = tool_choice::kind;
    const auto& c = of_.choice;
    const bool declared =
        std::any_of(of_.tools.begin(), of_.tools.end(), [](const tool& t) { return t.is == tool::kind::function || t.is == tool::kind::custom; });
    if (!declared) return;
    if (c.parallel && !*c.parallel) told_.drop("parallel_tool_calls", "it may call several at once");
    if (c.is == kind::unsaid) return;
    const auto is = c.is == kind::subset ? c.mode : c.is;
    out_.open_member("toolConfig", '{');
    out_.open_member("functionCallingConfig", '{');
    out_.plain_member("mode", is == kind::none ? "NONE" : is == kind::automatic ? "AUTO" : "ANY");
    if (!c.names.empty() && is != kind::automatic && is != kind::none) {
        out_.open_member("allowedFunctionNames", '[');
        for (const auto& name : c.names) out_.text(name);
        out_.close(']');
    }
    out_.close('}');
    out_.close('}');
}

void gemini_writer::generation() {
    out_.open_member("generationConfig", '{');
    if (of_.max_output) out_.member("maxOutputTokens", std::to_string(*of_.max_output));
    if (!of_.stop.empty()) {
        out_.open_member("stopSequences", '[');
        for (const auto& each : of_.stop)
            if (!each.empty()) out_.text(each);
        out_.close(']');
    }
    if (of_.format.is == answer_format::kind::json || of_.format.is == answer_format::kind::schema)
        out_.plain_member("responseMimeType", "application/json");
    if (of_.format.is == answer_format::kind::schema && !of_.format.schema.empty()) {
        bool looser = false;
        out_.member("responseJsonSchema", schema_for_gemini(of_.format.schema, looser, room_));
        if (looser) told_.change(words_.format, "not all of JSON Schema is read");
    }
    thoughts();
    notes quiet;  // what has no place there is told once, below
    write_settings(out_, of_, spoke::gemini, "generationConfig.", quiet, 0);
    out_.close('}');
}

void gemini_writer::thoughts() {
    using reasoning = capabilities::reasoning;
    using effort = thinking::effort;
    const auto want = wanted(of_.thinks);
    if (want == effort::unsaid && !of_.thinks.shown) return;
    const bool budget = to_.can.thinks == reasoning::budget, level = to_.can.thinks == reasoning::level;
    if (!budget && !level) {
        if (want != effort::none) told_.drop(words_.effort, "the model takes no such setting");
        return;
    }
    out_.open_member("thinkingConfig", '{');
    if (budget && want != effort::unsaid)
        out_.member("thinkingBudget", std::to_string(of_.thinks.is == thinking::mode::budget ? of_.thinks.tokens : budget_of(want)));
    if (level && want != effort::unsaid) {
        const auto has = nearest(std::max(want, effort::minimal), to_.can);
        if (has != want && want != effort::none) told_.change(words_.effort, "the model has other levels");
        std::string word{word_of(has)};
        for (auto& c : word) c = static_cast<char>(c & ~0x20);
        out_.plain_member("thinkingLevel", word);
    }
    if (of_.thinks.shown) out_.member("includeThoughts", "true");
    out_.close('}');
}

}  // namespace

void write_gemini(const conversation& of, const target_settings& to, std::string& out, notes& told) { gemini_writer{of, to, out, told}.write(); }

}  // namespace weir::dialect::hub
