// Requests to Gemini's generateContent. The model and whether it streams stand in the path.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "dialect/hub/efforts.hpp"
#include "dialect/hub/envelope.hpp"
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
    void sign(const part& call);
    void result(const part& p);
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
    bool first_call_ = false;  ///< of the turn that is being written
    bool begun_ = false;       ///< there is a content
    std::vector<const tool*> sent_;
    std::vector<const part*> shown_;  ///< with results, where those have no place for it
};

void gemini_writer::write() {
    out_.open('{');
    system();
    contents();
    tools();
    choice();
    generation();
    const auto tier = tier_for(of_, spoke::gemini, told_);
    if (!tier.empty()) out_.plain_member("serviceTier", tier);
    write_settings(out_, of_, spoke::gemini, {}, told_,
                   bit(field::store) | bit(field::labels) | bit(field::metadata) | bit(field::service_tier) | bit(field::speed));
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
    // The first is a user's.
    if (!std::exchange(begun_, true) && due == side::model) {
        begin(side::user);
        text(raw_text{"(continue)"});
        told_.add(words_.turns);
        end();
    }
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
    for (std::size_t i = 0; i < of_.turns.size(); ++i) {
        const auto& t = of_.turns[i];
        if (is_front(i)) continue;
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
    if (!begun_) {
        begin(side::user);
        text(raw_text{"(begin)"});
        told_.add(words_.turns);
    }
    end();
    out_.close(']');
}

void gemini_writer::turn_of(const turn& t, side due) {
    first_call_ = true;
    for (auto at = t.first; at < t.first + t.count; ++at) {
        const auto& p = of_.parts[at];
        const bool speech = p.is == part::kind::text || p.is == part::kind::refusal || p.is == part::kind::search_result;
        if (speech && p.text.blank()) continue;
        if (p.is == part::kind::reasoning && !is_for(p.opaque, carrier::family::gemini, to_.scope)) continue;
        if (p.is == part::kind::hosted) {
            told_.drop(words_.turns);
            continue;
        }
        begin(due);
        one_part(p);
    }
    if (shown_.empty()) return;
    begin(side::user);
    for (const auto* each : shown_) media_part(*each);
    shown_.clear();
    told_.change(words_.turns, "results are text alone");
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
    if (is_for(p.opaque, carrier::family::gemini, to_.scope)) out_.text_member("thoughtSignature", p.opaque.data);
    out_.close('}');
}

void gemini_writer::media_part(const part& p) {
    const auto& s = p.source;
    if (!p.text.blank()) text(p.text);
    if (s.is == media::from::plain) return text(s.data);
    if (s.is == media::from::file && of_.from != spoke::gemini) return told_.refuse(words_.turns, "a file belongs to the provider that has it");
    if (s.is == media::from::url) return told_.refuse(words_.turns, "media is sent with the request, not by its address");
    out_.open('{');
    out_.open_member(s.is == media::from::file ? "fileData" : "inlineData", '{');
    const bool audio = p.is == part::kind::audio && s.type.json.find('/') == std::string_view::npos;
    const auto known = type_of(s);
    const auto type = audio ? "audio/" + std::string{s.type.json} : std::string{known.said ? known.json : "application/pdf"};
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
        append_text_input(out_.out(), p.arguments);
    } else if (!append_as_object(out_.out(), p.arguments)) {
        told_.change(words_.turns, "a call's arguments are an object");
    }
    out_.close('}');
    sign(p);
    out_.close('}');
}

// Models with levels refuse the first call of a step without a signature; the word that Google gives for that stands in its place, for ever.
void gemini_writer::sign(const part& call) {
    constexpr std::string_view unknown = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";  // skip_thought_signature_validator
    const bool first = std::exchange(first_call_, false);
    if (is_for(call.opaque, carrier::family::gemini, to_.scope))
        out_.text_member("thoughtSignature", call.opaque.data);
    else if (first && to_.can.thinks == capabilities::reasoning::level)
        out_.plain_member("thoughtSignature", unknown);
}

// A text stays a text: an object in there is read by the provider, who may not like it.
void gemini_writer::result(const part& p) {
    out_.open('{');
    out_.open_member("functionResponse", '{');
    out_.text_member("name", p.name.said ? p.name : raw_text{"unknown_function"});
    std::string said;
    std::vector<const part*> shown;
    for (auto at = p.first; at < p.first + p.count; ++at) {
        const auto& inner = of_.inner[at];
        if (is_media(inner)) {
            shown.push_back(&inner);
            continue;
        }
        if (inner.is == part::kind::hosted) told_.drop(words_.turns);
        if (inner.text.empty()) continue;
        said.append(said.empty() ? "" : "\\n").append(inner.text.json);
    }
    out_.open_member("response", '{');
    out_.text_member(p.failed ? "error" : "output", raw_text{said});
    out_.close('}');
    // Newer models see it in the result itself.
    if (to_.can.thinks != capabilities::reasoning::level) {
        shown_.insert(shown_.end(), shown.begin(), shown.end());
    } else if (!shown.empty()) {
        out_.open_member("parts", '[');
        for (const auto* each : shown) media_part(*each);
        out_.close(']');
    }
    out_.close('}');
    out_.close('}');
}

void gemini_writer::tools() {
    sent_ = tools_for(of_, to_, {.searches = true, .subsets = of_.choice.mode == tool_choice::kind::any}, told_);
    if (sent_.empty()) return;
    const auto is_search = [](const tool* t) { return t->is == tool::kind::web_search; };
    const bool declares = !std::all_of(sent_.begin(), sent_.end(), is_search);
    bool searches = std::any_of(sent_.begin(), sent_.end(), is_search);
    if (searches && declares && to_.drops_hosted_tools) {
        std::erase_if(sent_, is_search);
        told_.drop(words_.tools);
        searches = false;
    }
    if (searches && declares) told_.refuse(words_.tools, "it takes either a search or functions (hosted_tools: drop leaves the search out)");
    // Before the third generation functions are all.
    const bool formats = of_.format.is == answer_format::kind::schema || of_.format.is == answer_format::kind::json;
    if (to_.can.thinks != capabilities::reasoning::level && declares && formats)
        told_.refuse(words_.format, "the model takes either that or functions");
    out_.open_member("tools", '[');
    if (declares) {
        out_.open('{');
        out_.open_member("functionDeclarations", '[');
        for (const auto* t : sent_)
            if (!is_search(t)) declaration(*t);
        out_.close(']');
        out_.close('}');
    }
    for (const auto* t : sent_) {
        if (!is_search(t)) continue;
        out_.value(R"({"googleSearch":{}})");
        if (!t->allowed.empty() || !t->blocked.empty() || !t->location.empty()) told_.drop(words_.tools, "a search takes no terms");
    }
    out_.close(']');
}

void gemini_writer::declaration(const tool& t) {
    out_.open('{');
    out_.text_member("name", t.name);
    const auto description = description_of(t);
    if (!description.empty()) out_.text_member("description", raw_text{description});
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
    const bool declares = std::any_of(sent_.begin(), sent_.end(), [](const tool* t) { return t->is != tool::kind::web_search; });
    if (!declares) return;
    const auto c = choice_for(of_, sent_, told_);
    if (c.parallel && !*c.parallel)
        told_.drop(of_.from == spoke::messages ? "tool_choice.disable_parallel_tool_use" : "parallel_tool_calls", "it may call several at once");
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
    const auto most = output_limit(of_, to_, told_);
    if (most) out_.member("maxOutputTokens", std::to_string(*most));
    constexpr std::size_t most_stops = 5;
    if (stops_of(of_) > most_stops) told_.refuse(words_.stop, "it takes five");
    if (stops_of(of_) > 0) {
        out_.open_member("stopSequences", '[');
        for (const auto& each : of_.stops.texts)
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
    const bool shown = of_.thinks.shown || (of_.from == spoke::chat && to_.ask_reasoning);
    if (want == effort::unsaid && !shown) return;
    const bool budget = to_.can.thinks == reasoning::budget, level = to_.can.thinks == reasoning::level;
    if (!budget && !level) {
        if (want != effort::none && want != effort::unsaid) told_.drop(words_.effort, "the model takes no such setting");
        return;
    }
    out_.open_member("thinkingConfig", '{');
    if (budget && want != effort::unsaid) {
        // All of its models take these.
        constexpr std::int64_t least = 128, most = 24576;
        const auto asked = of_.thinks.is == thinking::mode::budget ? of_.thinks.tokens : budget_of(want, to_);
        const bool off = asked == 0 && to_.can.off != capabilities::off_by::nothing;
        const auto due = off ? 0 : std::clamp(asked, least, most);
        if (due != asked) told_.change(words_.effort, "the model has other budgets");
        out_.member("thinkingBudget", std::to_string(due));
    }
    if (level && want != effort::unsaid) {
        const auto has = nearest(std::max(want, effort::minimal), to_.can);
        if (has != want && want != effort::none) told_.change(words_.effort, "the model has other levels");
        std::string word{word_of(has)};
        for (auto& c : word) c = static_cast<char>(c & ~0x20);
        out_.plain_member("thinkingLevel", word);
    }
    if (shown) out_.member("includeThoughts", "true");
    out_.close('}');
}

}  // namespace

void write_gemini(const conversation& of, const target_settings& to, std::string& out, notes& told) { gemini_writer{of, to, out, told}.write(); }

}  // namespace weir::dialect::hub
