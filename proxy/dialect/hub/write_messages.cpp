// Requests to /v1/messages.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "dialect/hub/efforts.hpp"
#include "dialect/hub/writing.hpp"

namespace weir::dialect::hub {
namespace {

using role = turn::role;

class messages_writer {
public:
    messages_writer(const conversation& of, const target_settings& to, std::string& out, notes& told)
        : of_(of), to_(to), out_(out), told_(told), words_(words_of(of.from)) {}

    void write();

private:
    [[nodiscard]] bool is_front(std::size_t i) const;
    void system();
    void turns();
    void begin_message(std::string_view who);
    void end_message();
    void user_like(const turn& t);
    void tagged(const turn& t);
    void assistant(const turn& t);
    void write_part(const part& p);
    void text(raw_text what, const cache_mark& cache);
    void image(const part& p);
    void document(const part& p);
    void call(const part& p);
    void result(const part& p);
    void cache(const cache_mark& mark);
    void tools();
    void one_tool(const tool& t);
    void choice();
    [[nodiscard]] std::int64_t limit_due() const;
    void limit();
    [[nodiscard]] thinking::effort effort_due();
    void adaptive(bool off);
    void budget(std::int64_t tokens);
    void sampling();
    void stops();
    void format();
    void thoughts();

    const conversation& of_;
    const std::size_t front_ = of_.turns_in_front();
    const target_settings& to_;
    json_writer out_;
    notes& told_;
    const client_words& words_;
    std::string_view open_;  ///< whose message is being written; empty: none
};

void messages_writer::write() {
    out_.open('{');
    out_.plain_member("model", to_.model);
    limit();
    if (of_.stream) out_.member("stream", "true");
    system();
    turns();
    tools();
    choice();
    format();
    thoughts();
    sampling();
    stops();
    write_settings(out_, of_, spoke::messages, {}, told_,
                   bit(field::temperature) | bit(field::top_p) | bit(field::top_k) | bit(field::metadata) | bit(field::service_tier));
    for (const auto name : of_.unknown) told_.drop(name);
    out_.close('}');
}

std::int64_t messages_writer::limit_due() const {
    const auto most = of_.max_output ? *of_.max_output : to_.max_output.value_or(to_.can.max_output);
    return std::max<std::int64_t>(std::min(most, to_.can.max_output), 1);
}

void messages_writer::limit() {
    if (!of_.max_output) told_.add("max_tokens");
    if (of_.max_output.value_or(0) > to_.can.max_output) told_.change(of_.max_output_name, "the model gives fewer tokens");
    out_.member("max_tokens", std::to_string(limit_due()));
}

// System turns before everything else, however many.
bool messages_writer::is_front(std::size_t i) const { return i < front_; }

void messages_writer::system() {
    bool any = false;
    for (std::size_t i = 0; i < of_.turns.size() && is_front(i); ++i) {
        const auto& t = of_.turns[i];
        for (auto at = t.first; at < t.first + t.count; ++at) {
            const auto& p = of_.parts[at];
            if (p.text.blank()) continue;
            if (!std::exchange(any, true)) out_.open_member("system", '[');
            text(p.text, p.cache);
        }
    }
    if (any) out_.close(']');
}

void messages_writer::begin_message(std::string_view who) {
    if (open_ == who) return;
    end_message();
    out_.open('{');
    out_.plain_member("role", who);
    out_.open_member("content", '[');
    open_ = who;
}

void messages_writer::end_message() {
    if (open_.empty()) return;
    out_.close(']');
    out_.close('}');
    open_ = {};
}

void messages_writer::turns() {
    out_.open_member("messages", '[');
    bool begun = false;
    for (std::size_t i = 0; i < of_.turns.size(); ++i) {
        const auto& t = of_.turns[i];
        if (is_front(i)) continue;
        if (!begun && t.who == role::assistant) {
            begin_message("user");
            text(raw_text{"(continue)"}, {});
            told_.add(words_.turns);
        }
        begun = true;
        if (t.who == role::assistant)
            assistant(t);
        else if (t.who == role::system || t.who == role::developer)
            tagged(t);
        else
            user_like(t);
    }
    if (!begun) {
        begin_message("user");
        text(raw_text{"(begin)"}, {});
        told_.add(words_.turns);
    }
    end_message();
    out_.close(']');
}

// Results and what the user says after them are one message: the results come first.
void messages_writer::user_like(const turn& t) {
    for (auto at = t.first; at < t.first + t.count; ++at) {
        const auto& p = of_.parts[at];
        if (p.is == part::kind::text && p.text.blank()) continue;
        begin_message("user");
        write_part(p);
    }
}

void messages_writer::tagged(const turn& t) {
    const auto said = as_tagged_user(of_, t);
    if (said.empty()) return;
    begin_message("user");
    text(raw_text{said}, {});
    told_.change(words_.turns, "system texts stand in front");
}

void messages_writer::assistant(const turn& t) {
    for (auto at = t.first; at < t.first + t.count; ++at) {
        const auto& p = of_.parts[at];
        const bool speech = p.is == part::kind::text || p.is == part::kind::refusal;
        if (speech && p.text.blank()) continue;
        // Thoughts without a signature of this family mean nothing there.
        if (p.is == part::kind::reasoning && p.opaque.of != carrier::family::anthropic) continue;
        begin_message("assistant");
        write_part(p);
    }
}

void messages_writer::cache(const cache_mark& mark) {
    if (!mark.set) return;
    out_.open_member("cache_control", '{');
    out_.plain_member("type", "ephemeral");
    if (!mark.ttl.empty()) out_.text_member("ttl", raw_text{mark.ttl});
    out_.close('}');
}

void messages_writer::text(raw_text what, const cache_mark& mark) {
    out_.open('{');
    out_.plain_member("type", "text");
    out_.text_member("text", what);
    cache(mark);
    out_.close('}');
}

void messages_writer::write_part(const part& p) {
    using kind = part::kind;
    switch (p.is) {
        case kind::text:
        case kind::refusal:
        case kind::search_result: return text(p.text, p.cache);
        case kind::image: return image(p);
        case kind::document: return document(p);
        case kind::call: return call(p);
        case kind::result: return result(p);
        case kind::audio: return told_.refuse(words_.turns, "audio input is not taken");
        case kind::video: return told_.refuse(words_.turns, "video input is not taken");
        case kind::hosted: return told_.drop(words_.turns);
        case kind::reasoning: break;
    }
    out_.open('{');
    out_.plain_member("type", p.redacted ? "redacted_thinking" : "thinking");
    if (p.redacted) {
        out_.text_member("data", p.opaque.data);
    } else {
        out_.text_member("thinking", p.text);
        out_.text_member("signature", p.opaque.data);
    }
    out_.close('}');
}

void messages_writer::image(const part& p) {
    if (p.source.is == media::from::file) return told_.refuse(words_.turns, "a file belongs to the provider that has it");
    out_.open('{');
    out_.plain_member("type", "image");
    out_.open_member("source", '{');
    if (p.source.is == media::from::url) {
        out_.plain_member("type", "url");
        out_.text_member("url", p.source.data);
    } else {
        out_.plain_member("type", "base64");
        out_.text_member("media_type", p.source.type.is("image/jpg") ? raw_text{"image/jpeg"} : p.source.type);
        out_.text_member("data", p.source.data);
    }
    out_.close('}');
    cache(p.cache);
    out_.close('}');
}

void messages_writer::document(const part& p) {
    if (p.source.is == media::from::file) return told_.refuse(words_.turns, "a file belongs to the provider that has it");
    out_.open('{');
    out_.plain_member("type", "document");
    out_.open_member("source", '{');
    switch (p.source.is) {
        case media::from::url:
            out_.plain_member("type", "url");
            out_.text_member("url", p.source.data);
            break;
        case media::from::plain:
            out_.plain_member("type", "text");
            out_.plain_member("media_type", "text/plain");
            out_.text_member("data", p.source.data);
            break;
        default:
            out_.plain_member("type", "base64");
            out_.text_member("media_type", p.source.type.said ? p.source.type : raw_text{"application/pdf"});
            out_.text_member("data", p.source.data);
    }
    out_.close('}');
    if (p.name.said) out_.text_member("title", p.name);
    cache(p.cache);
    out_.close('}');
}

void messages_writer::call(const part& p) {
    out_.open('{');
    out_.plain_member("type", "tool_use");
    out_.text_member("id", p.id);
    out_.text_member("name", p.name);
    out_.key("input");
    out_.value({});
    if (p.custom) {
        out_.out() += "{\"input\":\"";
        append_as_string(out_.out(), p.arguments);
        out_.out() += "\"}";
    } else if (!append_as_object(out_.out(), p.arguments)) {
        told_.change(words_.turns, "a call's arguments are an object");
    }
    cache(p.cache);
    out_.close('}');
}

void messages_writer::result(const part& p) {
    out_.open('{');
    out_.plain_member("type", "tool_result");
    out_.text_member("tool_use_id", p.id);
    bool any = false;
    for (auto at = p.first; at < p.first + p.count; ++at) {
        const auto& inner = of_.inner[at];
        if (inner.is == part::kind::text && inner.text.blank()) continue;
        if (!std::exchange(any, true)) out_.open_member("content", '[');
        write_part(inner);
    }
    if (any) out_.close(']');
    if (!any && p.failed) {
        out_.plain_member("content", "(no output)");
        told_.add(words_.turns);
    }
    if (p.failed) out_.member("is_error", "true");
    cache(p.cache);
    out_.close('}');
}

void messages_writer::tools() {
    if (of_.tools.empty()) return;
    out_.open_member("tools", '[');
    for (const auto& t : of_.tools) one_tool(t);
    out_.close(']');
}

void messages_writer::one_tool(const tool& t) {
    if (t.is == tool::kind::hosted) return told_.refuse(words_.tools, "a hosted tool runs at its own provider");
    out_.open('{');
    if (t.is == tool::kind::web_search) {
        out_.plain_member("type", "web_search_20250305");
        out_.plain_member("name", "web_search");
    } else {
        out_.text_member("name", t.name);
        if (t.description.said) out_.text_member("description", t.description);
        out_.member("input_schema", t.is == tool::kind::custom ? text_input : t.schema.empty() ? any_object : t.schema);
        if (t.strict.value_or(false)) out_.member("strict", "true");
        cache(t.cache);
    }
    out_.close('}');
}

void messages_writer::choice() {
    using kind = tool_choice::kind;
    const auto& c = of_.choice;
    if (of_.tools.empty()) return;
    auto is = c.is == kind::subset ? c.mode : c.is;
    const bool alone = c.parallel && !*c.parallel;
    if (is == kind::unsaid && !alone) return;
    if ((is == kind::any || is == kind::one) && !to_.can.forced_tool) {
        is = kind::automatic;
        told_.change(words_.choice, "the model cannot be made to call a tool");
    }
    if (c.is == kind::subset) told_.change(words_.choice, "it may call any tool that it is told of");
    out_.open_member("tool_choice", '{');
    out_.plain_member("type", is == kind::none ? "none" : is == kind::any ? "any" : is == kind::one ? "tool" : "auto");
    if (is == kind::one && !c.names.empty()) out_.text_member("name", c.names.front());
    if (alone && is != kind::none) out_.member("disable_parallel_tool_use", "true");
    out_.close('}');
}

// Its format and its effort stand in one object.
void messages_writer::format() {
    using kind = answer_format::kind;
    if (of_.format.is == kind::json) told_.drop(words_.format, "it has no free JSON mode");
    const bool schema = of_.format.is == kind::schema;
    const auto effort = effort_due();
    if (!schema && effort == thinking::effort::unsaid) return;
    out_.open_member("output_config", '{');
    if (effort != thinking::effort::unsaid) out_.plain_member("effort", word_of(effort));
    if (schema) {
        out_.open_member("format", '{');
        out_.plain_member("type", "json_schema");
        out_.member("schema", of_.format.schema.empty() ? any_object : of_.format.schema);
        out_.close('}');
    }
    out_.close('}');
}

// What of an effort this model takes as one.
thinking::effort messages_writer::effort_due() {
    using effort = thinking::effort;
    const auto want = wanted(of_.thinks);
    const bool takes = to_.can.thinks == capabilities::reasoning::adaptive || to_.can.thinks == capabilities::reasoning::always;
    if (!takes || want == effort::unsaid) return effort::unsaid;
    if (want == effort::none && to_.can.thinks == capabilities::reasoning::adaptive) return effort::unsaid;  // it is switched off
    const auto has = nearest(std::max(want, effort::low), to_.can);
    if (has != want) told_.change(words_.effort, "the model has other efforts");
    return has;
}

void messages_writer::thoughts() {
    using reasoning = capabilities::reasoning;
    using mode = thinking::mode;
    const auto want = wanted(of_.thinks);
    const bool says = want != thinking::effort::unsaid || of_.thinks.is != mode::unsaid;
    if (!says) return;
    const bool off = want == thinking::effort::none;
    switch (to_.can.thinks) {
        case reasoning::adaptive: return adaptive(off);
        case reasoning::always: return;  // its effort says how much
        case reasoning::budget:
            if (!off)
                budget(of_.thinks.is == mode::budget ? of_.thinks.tokens
                                                     : budget_of(want == thinking::effort::unsaid ? thinking::effort::medium : want));
            return;
        default:
            if (!off) told_.drop(words_.effort, "the model does not think");
    }
}

void messages_writer::adaptive(bool off) {
    out_.open_member("thinking", '{');
    out_.plain_member("type", off ? "disabled" : "adaptive");
    if (!off && of_.from != spoke::messages) out_.plain_member("display", "summarized");
    out_.close('}');
}

// It stays below the output cap, which the client may have set.
void messages_writer::budget(std::int64_t tokens) {
    constexpr std::int64_t least = 1024;
    const auto room = limit_due() - least;
    if (room < least) return told_.drop(words_.effort, "the output cap leaves no room to think");
    if (tokens > room) told_.change(words_.effort, "it stays below the output cap");
    out_.open_member("thinking", '{');
    out_.plain_member("type", "enabled");
    out_.member("budget_tokens", std::to_string(std::clamp(tokens, least, room)));
    out_.close('}');
}

void messages_writer::sampling() {
    for (const auto f : {field::temperature, field::top_p, field::top_k}) {
        const auto& said = of_.setting(f);
        if (!said.said) continue;
        const auto name = name_of(f, of_.from);
        if (!to_.can.sampling) {
            told_.drop(name, "the model takes no sampling");
        } else if (f == field::temperature && std::strtod(std::string{said.json}.c_str(), nullptr) > 1) {
            out_.member("temperature", "1");
            told_.change(name, "it is at most 1");
        } else {
            out_.member(name_of(f, spoke::messages), said.json);
        }
    }
}

void messages_writer::stops() {
    bool any = false;
    for (const auto& each : of_.stop) {
        if (each.blank()) {
            if (!each.empty()) told_.drop(words_.stop, "it is not only white space");
            continue;
        }
        if (!std::exchange(any, true)) out_.open_member("stop_sequences", '[');
        out_.text(each);
    }
    if (any) out_.close(']');
}

}  // namespace

void write_messages(const conversation& of, const target_settings& to, std::string& out, notes& told) { messages_writer{of, to, out, told}.write(); }

}  // namespace weir::dialect::hub
