// Requests to /v1/responses.
#include <algorithm>
#include <string>

#include "dialect/hub/efforts.hpp"
#include "dialect/hub/writing.hpp"

namespace weir::dialect::hub {
namespace {

using role = turn::role;

constexpr std::int64_t smallest_cap = 16;

class responses_writer {
public:
    responses_writer(const conversation& of, const target_settings& to, std::string& out, notes& told)
        : of_(of), to_(to), out_(out), told_(told), words_(words_of(of.from)) {}

    void write();

private:
    void input();
    void system_item(const turn& t);
    void user(const turn& t);
    void assistant(const turn& t);
    void results(const turn& t);
    void message(std::string_view who, const turn& t);
    void content_part(const part& p, bool of_assistant);
    void file(const part& p);
    void url(const media& source);
    void call(const part& p);
    void reasoning(const part& p);
    void tools();
    void one_tool(const tool& t);
    void choice();
    void limit();
    void text();
    void effort();
    void stops();

    const conversation& of_;
    const target_settings& to_;
    json_writer out_;
    notes& told_;
    const client_words& words_;
};

void responses_writer::write() {
    out_.open('{');
    out_.plain_member("model", to_.model);
    input();
    limit();
    if (of_.stream) out_.member("stream", "true");
    // Said always: what the provider keeps by itself nobody asked it to keep.
    out_.member("store", "false");
    tools();
    choice();
    text();
    effort();
    stops();
    write_settings(out_, of_, spoke::responses, {}, told_,
                   bit(field::store) | bit(field::verbosity) | bit(field::stream_options) | bit(field::metadata) | bit(field::service_tier));
    for (const auto name : of_.unknown) told_.drop(name);
    out_.close('}');
}

void responses_writer::input() {
    out_.open_member("input", '[');
    bool speech = false;
    for (const auto& t : of_.turns) {
        const bool is_system = t.who == role::system || t.who == role::developer;
        speech = speech || !is_system;
        if (is_system)
            system_item(t);
        else if (t.who == role::assistant)
            assistant(t);
        else if (t.who == role::results)
            results(t);
        else
            message("user", t);
    }
    if (!speech) {
        out_.value(R"x({"type":"message","role":"user","content":[{"type":"input_text","text":"(begin)"}]})x");
        told_.add(words_.turns);
    }
    out_.close(']');
}

void responses_writer::system_item(const turn& t) { message(t.who == role::system ? "system" : "developer", t); }

void responses_writer::message(std::string_view who, const turn& t) {
    bool begun = false;
    for (auto at = t.first; at < t.first + t.count; ++at) {
        const auto& p = of_.parts[at];
        if (p.is == part::kind::text && p.text.blank()) continue;
        if (!std::exchange(begun, true)) {
            out_.open('{');
            out_.plain_member("type", "message");
            out_.plain_member("role", who);
            out_.open_member("content", '[');
        }
        content_part(p, false);
    }
    if (!begun) return;
    out_.close(']');
    out_.close('}');
}

// Items in the order in which they came; texts that follow each other are one message.
void responses_writer::assistant(const turn& t) {
    bool in_message = false;
    const auto end_message = [&] {
        if (!std::exchange(in_message, false)) return;
        out_.close(']');
        out_.close('}');
    };
    for (auto at = t.first; at < t.first + t.count; ++at) {
        const auto& p = of_.parts[at];
        const bool is_speech = p.is == part::kind::text || p.is == part::kind::refusal;
        if (is_speech && p.text.blank()) continue;
        if (!is_speech) end_message();
        if (p.is == part::kind::call) call(p);
        if (p.is == part::kind::reasoning) reasoning(p);
        if (p.is == part::kind::hosted) told_.drop(words_.turns);
        if (!is_speech) continue;
        if (!std::exchange(in_message, true)) {
            out_.open('{');
            out_.plain_member("type", "message");
            out_.plain_member("role", "assistant");
            out_.open_member("content", '[');
        }
        content_part(p, true);
    }
    end_message();
}

void responses_writer::content_part(const part& p, bool of_assistant) {
    using kind = part::kind;
    switch (p.is) {
        case kind::document: return file(p);
        case kind::audio: return told_.refuse(words_.turns, "audio input is not taken");
        case kind::video: return told_.refuse(words_.turns, "video input is not taken");
        case kind::hosted: return told_.drop(words_.turns);
        case kind::image:
            if (p.source.is == media::from::file) return told_.refuse(words_.turns, "a file belongs to the provider that has it");
            out_.open('{');
            out_.plain_member("type", "input_image");
            out_.key("image_url");
            url(p.source);
            out_.plain_member("detail", "auto");
            return out_.close('}');
        case kind::refusal:
            out_.open('{');
            out_.plain_member("type", of_assistant ? "refusal" : "input_text");
            out_.text_member(of_assistant ? "refusal" : "text", p.text);
            return out_.close('}');
        default: break;
    }
    if (p.text.blank()) return;
    out_.open('{');
    out_.plain_member("type", of_assistant ? "output_text" : "input_text");
    out_.text_member("text", p.text);
    out_.close('}');
}

void responses_writer::url(const media& source) {
    if (source.is == media::from::url) return out_.text(source.data);
    out_.value({});
    out_.out().append("\"data:").append(source.type.json).append(";base64,").append(source.data.json).append(1, '"');
}

void responses_writer::file(const part& p) {
    if (p.source.is == media::from::file) return told_.refuse(words_.turns, "a file belongs to the provider that has it");
    out_.open('{');
    if (p.source.is == media::from::plain) {
        out_.plain_member("type", "input_text");
        out_.text_member("text", p.source.data);
        return out_.close('}');
    }
    out_.plain_member("type", "input_file");
    out_.text_member("filename", p.name.said ? p.name : raw_text{"document.pdf"});
    out_.key(p.source.is == media::from::url ? "file_url" : "file_data");
    url(p.source);
    out_.close('}');
}

void responses_writer::call(const part& p) {
    out_.open('{');
    const bool custom = p.custom && to_.can.custom_tools;
    out_.plain_member("type", custom ? "custom_tool_call" : "function_call");
    out_.text_member("call_id", p.id);
    out_.text_member("name", p.name);
    if (p.space.said) out_.text_member("namespace", p.space);
    out_.key(custom ? "input" : "arguments");
    out_.value({});
    auto& to = out_.out();
    to += '"';
    if (p.custom && !custom) {
        // Its free text stands in an object of one string, which is a string here.
        std::string text;
        append_as_string(text, p.arguments);
        to += "{\\\"input\\\":\\\"";
        append_escaped(to, text);
        to += "\\\"}";
    } else if (p.arguments.empty()) {
        to += custom ? "" : "{}";
    } else {
        append_as_string(to, p.arguments);
    }
    to += '"';
    out_.close('}');
}

// What another family thought means nothing there.
void responses_writer::reasoning(const part& p) {
    if (p.opaque.of != carrier::family::openai || !p.opaque.data.said) return;
    out_.open('{');
    out_.plain_member("type", "reasoning");
    out_.open_member("summary", '[');
    if (!p.text.empty()) {
        out_.open('{');
        out_.plain_member("type", "summary_text");
        out_.text_member("text", p.text);
        out_.close('}');
    }
    out_.close(']');
    out_.text_member("encrypted_content", p.opaque.data);
    out_.close('}');
}

void responses_writer::results(const turn& t) {
    for (auto at = t.first; at < t.first + t.count; ++at) {
        const auto& p = of_.parts[at];
        out_.open('{');
        out_.plain_member("type", "function_call_output");
        out_.text_member("call_id", p.id);
        const bool plain = p.count == 0 || (p.count == 1 && of_.inner[p.first].is == part::kind::text);
        if (p.failed) told_.change(words_.turns, "a result has no mark for errors");
        if (plain) {
            const std::string text = (p.failed ? "Error: " : "") + std::string{p.count == 0 ? "" : of_.inner[p.first].text.json};
            out_.text_member("output", raw_text{text});
        } else {
            out_.open_member("output", '[');
            if (p.failed) out_.value(R"({"type":"input_text","text":"Error:"})");
            for (auto i = p.first; i < p.first + p.count; ++i) content_part(of_.inner[i], false);
            out_.close(']');
        }
        out_.close('}');
    }
}

void responses_writer::limit() {
    if (!of_.max_output) return;
    if (*of_.max_output < smallest_cap) told_.change(of_.max_output_name, "it is at least 16");
    out_.member("max_output_tokens", std::to_string(std::max(*of_.max_output, smallest_cap)));
}

void responses_writer::tools() {
    if (of_.tools.empty()) return;
    out_.open_member("tools", '[');
    for (const auto& t : of_.tools) one_tool(t);
    out_.close(']');
}

void responses_writer::one_tool(const tool& t) {
    if (t.is == tool::kind::hosted) return told_.refuse(words_.tools, "a hosted tool runs at its own provider");
    if (t.is == tool::kind::web_search) return out_.value(R"({"type":"web_search"})");
    if (t.deferred) told_.change(words_.tools, "all tools are sent from the start");
    const bool custom = t.is == tool::kind::custom && to_.can.custom_tools;
    out_.open('{');
    out_.plain_member("type", custom ? "custom" : "function");
    out_.text_member("name", t.name);
    if (t.description.said) out_.text_member("description", t.description);
    if (!custom) {
        out_.member("parameters", t.is == tool::kind::custom ? text_input : t.schema.empty() ? any_object : t.schema);
        // Left out it would mean strict.
        out_.member("strict", t.strict.value_or(false) ? "true" : "false");
    }
    out_.close('}');
}

void responses_writer::choice() {
    using kind = tool_choice::kind;
    const auto& c = of_.choice;
    if (of_.tools.empty()) return;
    const auto is = c.is == kind::subset ? c.mode : c.is;
    if (c.is == kind::subset) {
        out_.open_member("tool_choice", '{');
        out_.plain_member("type", "allowed_tools");
        out_.plain_member("mode", is == kind::any ? "required" : "auto");
        out_.open_member("tools", '[');
        for (const auto& name : c.names) {
            out_.open('{');
            out_.plain_member("type", "function");
            out_.text_member("name", name);
            out_.close('}');
        }
        out_.close(']');
        out_.close('}');
    } else if (is == kind::one && !c.names.empty()) {
        out_.open_member("tool_choice", '{');
        out_.plain_member("type", "function");
        out_.text_member("name", c.names.front());
        out_.close('}');
    } else if (is != kind::unsaid) {
        out_.plain_member("tool_choice", is == kind::none ? "none" : is == kind::any ? "required" : "auto");
    }
    if (c.parallel) out_.member("parallel_tool_calls", *c.parallel ? "true" : "false");
}

void responses_writer::text() {
    using kind = answer_format::kind;
    const auto& f = of_.format;
    const auto& verbosity = of_.setting(field::verbosity);
    if ((f.is == kind::unsaid || f.is == kind::text) && !verbosity.said) return;
    out_.open_member("text", '{');
    if (f.is == kind::json) out_.member("format", R"({"type":"json_object"})");
    if (f.is == kind::schema) {
        out_.open_member("format", '{');
        out_.plain_member("type", "json_schema");
        out_.text_member("name", f.name.said ? f.name : raw_text{"structured_output"});
        if (f.description.said) out_.text_member("description", f.description);
        out_.member("schema", f.schema.empty() ? any_object : f.schema);
        out_.member("strict", f.strict.value_or(false) ? "true" : "false");
        out_.close('}');
    }
    if (verbosity.said) out_.member("verbosity", verbosity.json);
    out_.close('}');
}

void responses_writer::effort() {
    const auto want = wanted(of_.thinks);
    const bool takes = to_.can.thinks == capabilities::reasoning::effort;
    if (!takes && want != thinking::effort::unsaid && want != thinking::effort::none) told_.drop(words_.effort, "the model takes no effort");
    if (!takes || (want == thinking::effort::unsaid && !of_.thinks.shown)) return;
    const auto has = nearest(want, to_.can);
    if (has != want) told_.change(words_.effort, "the model has other efforts");
    out_.open_member("reasoning", '{');
    if (has != thinking::effort::unsaid) out_.plain_member("effort", word_of(has));
    if (of_.thinks.shown) out_.plain_member("summary", "auto");
    out_.close('}');
}

void responses_writer::stops() {
    if (!of_.stop.empty()) told_.drop(words_.stop, "it stops at no sequence");
}

}  // namespace

void write_responses(const conversation& of, const target_settings& to, std::string& out, notes& told) {
    responses_writer{of, to, out, told}.write();
}

}  // namespace weir::dialect::hub
