// Requests to /v1/responses.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "dialect/hub/efforts.hpp"
#include "dialect/hub/envelope.hpp"
#include "dialect/hub/writing.hpp"

namespace weir::dialect::hub {
namespace {

using role = turn::role;

constexpr std::int64_t smallest_cap = 16;

/// The tools, and how they are chosen.
class responses_tools : public request_part {
public:
    using request_part::request_part;
    void tools();
    void choice();

private:
    void search(const tool& t);
    void one_tool(const tool& t);
    void named_tool(raw_text name);

    std::vector<const tool*> sent_;
};

/// Settings that have a form of their own.
class responses_options : public request_part {
public:
    using request_part::request_part;
    void limit();
    void text();
    void effort();
    void stops();
};

class responses_writer {
public:
    responses_writer(const conversation& of, const target_settings& to, std::string& out, notes& told)
        : of_(of), to_(to), out_(out), told_(told), words_(words_of(of.from)) {}

    void write();

private:
    void input();
    void front(std::size_t& next);
    void begin_message(std::string_view who);
    void system_item(const turn& t);
    void assistant(const turn& t);
    void results(const turn& t);
    void output(const part& p);
    void message(std::string_view who, const turn& t);
    void content_part(const part& p, bool of_assistant);
    void file(const part& p);
    void url(const media& source);
    void call(const part& p);
    void reasoning(const part& p);

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
    responses_options options{of_, to_, out_, told_};
    options.limit();
    if (of_.stream) out_.member("stream", "true");
    // Said always: what the provider keeps by itself nobody asked it to keep.
    out_.member("store", "false");
    if (of_.from != spoke::responses && of_.setting(field::store).json != "false") told_.add("store");
    responses_tools tools{of_, to_, out_, told_};
    tools.tools();
    tools.choice();
    options.text();
    options.effort();
    options.stops();
    const auto tier = tier_for(of_, spoke::responses, told_);
    if (!tier.empty()) out_.plain_member("service_tier", tier);
    write_settings(out_, of_, spoke::responses, {}, told_,
                   bit(field::store) | bit(field::verbosity) | bit(field::stream_options) | bit(field::metadata) | bit(field::service_tier) |
                       bit(field::speed) | bit(field::context_management) | bit(field::diagnostics) | bit(field::include) |
                       refused_sampling(of_, to_, told_));
    if (of_.from != spoke::responses && of_.setting(field::context_management).said) told_.drop(name_of(field::context_management, of_.from));
    for (const auto name : of_.unknown) told_.drop(name);
    out_.close('}');
}

void responses_writer::input() {
    out_.open_member("input", '[');
    bool speech = false;
    std::size_t next = 0;
    front(next);
    for (; next < of_.turns.size(); ++next) {
        const auto& t = of_.turns[next];
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

// Where the blocks of one system text were several they are one item, and no `instructions`: those are not always cached.
void responses_writer::front(std::size_t& next) {
    if (of_.from != spoke::messages && of_.from != spoke::gemini) return;
    bool begun = false;
    for (; next < of_.turns.size() && (of_.turns[next].who == role::system || of_.turns[next].who == role::developer); ++next) {
        const auto& t = of_.turns[next];
        for (auto at = t.first; at < t.first + t.count; ++at) {
            if (of_.parts[at].text.blank()) continue;
            if (!std::exchange(begun, true)) begin_message("developer");
            content_part(of_.parts[at], false);
        }
    }
    const bool names_json = of_.format.is != answer_format::kind::json || of_.from != spoke::gemini;
    if (!names_json) {
        // The provider insists on the word.
        if (!std::exchange(begun, true)) begin_message("developer");
        out_.value(R"({"type":"input_text","text":"Answer in JSON."})");
        told_.change(words_.turns, "the prompt has to speak of JSON");
    }
    if (!begun) return;
    out_.close(']');
    out_.close('}');
}

void responses_writer::begin_message(std::string_view who) {
    out_.open('{');
    out_.plain_member("type", "message");
    out_.plain_member("role", who);
    out_.open_member("content", '[');
}

void responses_writer::system_item(const turn& t) { message(t.who == role::system ? "system" : "developer", t); }

void responses_writer::message(std::string_view who, const turn& t) {
    bool begun = false;
    for (auto at = t.first; at < t.first + t.count; ++at) {
        const auto& p = of_.parts[at];
        const bool is_text = p.is == part::kind::text || p.is == part::kind::search_result;
        if (p.is == part::kind::hosted) told_.drop(words_.turns);
        if (p.is == part::kind::hosted || (is_text && p.text.blank())) continue;
        if (!std::exchange(begun, true)) begin_message(who);
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
        if (p.is == part::kind::hosted || is_media(p)) told_.drop(words_.turns);
        if (!is_speech) continue;
        if (!std::exchange(in_message, true)) begin_message("assistant");
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
    out_.out().append("\"data:").append(type_of(source).json).append(";base64,").append(source.data.json).append(1, '"');
}

void responses_writer::file(const part& p) {
    if (p.source.is == media::from::file) return told_.refuse(words_.turns, "a file belongs to the provider that has it");
    if (!p.text.blank()) {
        out_.open('{');
        out_.plain_member("type", "input_text");
        out_.text_member("text", p.text);
        out_.close('}');
    }
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
    const bool custom = stays_custom(p, to_);
    out_.plain_member("type", custom ? "custom_tool_call" : "function_call");
    out_.text_member("call_id", p.id);
    out_.text_member("name", p.name);
    out_.key(custom ? "input" : "arguments");
    out_.value({});
    auto& to = out_.out();
    to += '"';
    if (p.custom && !custom) {
        // Its free text stands in an object of one string, which is a string here.
        std::string input;
        append_text_input(input, p.arguments);
        append_escaped(to, input);
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
    if (!is_for(p.opaque, carrier::family::openai, to_.scope)) return;
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
        out_.plain_member("type", stays_custom(p, to_) ? "custom_tool_call_output" : "function_call_output");
        out_.text_member("call_id", p.id);
        output(p);
        out_.close('}');
    }
}

void responses_writer::output(const part& p) {
    const auto begin = of_.inner.begin() + p.first;
    const auto is_shown = [](const part& inner) { return inner.is != part::kind::hosted && (inner.is != part::kind::text || !inner.text.blank()); };
    const auto shown = std::count_if(begin, begin + p.count, is_shown);
    if (p.failed) told_.change(words_.turns, "a result has no mark for errors");
    if (shown == 0 || (p.count == 1 && begin->is == part::kind::text)) {
        std::string text{p.count == 0 ? std::string_view{} : begin->text.json};
        if (p.failed && !text.starts_with("Error")) text.insert(0, "Error: ");
        return out_.text_member("output", raw_text{text});
    }
    out_.open_member("output", '[');
    if (p.failed) out_.value(R"({"type":"input_text","text":"Error:"})");
    for (auto i = p.first; i < p.first + p.count; ++i) content_part(of_.inner[i], false);
    out_.close(']');
}

void responses_options::limit() {
    const auto most = output_limit(of_, to_, told_);
    if (!most) return;
    if (*most < smallest_cap) told_.change(of_.cap.name, "it is at least 16");
    out_.member("max_output_tokens", std::to_string(std::max(*most, smallest_cap)));
}

void responses_tools::tools() {
    sent_ = tools_for(of_, to_, {.searches = true, .subsets = true}, told_);
    if (sent_.empty()) return;
    out_.open_member("tools", '[');
    for (const auto* t : sent_) {
        if (t->is == tool::kind::web_search)
            search(*t);
        else
            one_tool(*t);
    }
    out_.close(']');
}

void responses_tools::search(const tool& t) {
    out_.open('{');
    out_.plain_member("type", "web_search");
    if (!t.allowed.empty()) {
        out_.open_member("filters", '{');
        out_.member("allowed_domains", t.allowed);
        out_.close('}');
    }
    if (!t.blocked.empty()) told_.drop(words_.tools, "a search leaves no site out");
    if (!t.location.empty()) out_.member("user_location", with_type(t.location));
    out_.close('}');
}

void responses_tools::one_tool(const tool& t) {
    const bool custom = stays_custom(t, to_);
    out_.open('{');
    out_.plain_member("type", custom ? "custom" : "function");
    out_.text_member("name", t.name);
    const auto description = custom ? std::string{t.description.json} : description_of(t);
    if (!description.empty()) out_.text_member("description", raw_text{description});
    if (custom && t.grammar.said) {
        out_.open_member("format", '{');
        out_.plain_member("type", "grammar");
        out_.text_member("definition", t.grammar);
        out_.text_member("syntax", t.syntax);
        out_.close('}');
    } else if (!custom) {
        constexpr object_terms terms{.members = true, .flat = true};
        out_.member("parameters", t.is == tool::kind::custom ? std::string{text_input} : parameters_of(t, terms, words_.tools, told_));
        // Left out it would mean strict.
        out_.member("strict", strict_for_openai(of_, t.strict, t.schema, words_.tools, told_) ? "true" : "false");
    }
    out_.close('}');
}

void responses_tools::named_tool(raw_text name) {
    const auto of = std::find_if(sent_.begin(), sent_.end(), [&](const tool* t) { return t->name.json == name.json; });
    const bool search = of != sent_.end() && (*of)->is == tool::kind::web_search;
    out_.open('{');
    out_.plain_member("type", search ? "web_search" : of != sent_.end() && stays_custom(**of, to_) ? "custom" : "function");
    if (!search) out_.text_member("name", name);
    out_.close('}');
}

void responses_tools::choice() {
    using kind = tool_choice::kind;
    const auto c = choice_for(of_, sent_, told_);
    if (c.is == kind::subset) {
        out_.open_member("tool_choice", '{');
        out_.plain_member("type", "allowed_tools");
        out_.plain_member("mode", c.mode == kind::any ? "required" : "auto");
        out_.open_member("tools", '[');
        for (const auto& name : c.names) named_tool(name);
        out_.close(']');
        out_.close('}');
    } else if (c.is == kind::one) {
        out_.key("tool_choice");
        named_tool(c.names.front());
    } else if (c.is != kind::unsaid) {
        out_.plain_member("tool_choice", c.is == kind::none ? "none" : c.is == kind::any ? "required" : "auto");
    }
    if (c.parallel) out_.member("parallel_tool_calls", *c.parallel ? "true" : "false");
}

void responses_options::text() {
    using kind = answer_format::kind;
    const auto& f = of_.format;
    const auto& verbosity = of_.setting(field::verbosity);
    if ((f.is == kind::unsaid || f.is == kind::text) && !verbosity.said) return;
    out_.open_member("text", '{');
    if (f.is == kind::json) out_.member("format", R"({"type":"json_object"})");
    if (f.is == kind::schema) {
        out_.open_member("format", '{');
        out_.plain_member("type", "json_schema");
        write_openai_schema(out_, of_, told_);
        out_.close('}');
    }
    if (verbosity.said) out_.member("verbosity", verbosity.json);
    out_.close('}');
}

void responses_options::effort() {
    const auto want = wanted(of_.thinks);
    const bool takes = to_.can.thinks == capabilities::reasoning::effort;
    if (!takes && want != thinking::effort::unsaid && want != thinking::effort::none) told_.drop(words_.effort, "the model takes no effort");
    if (!takes) return;
    const bool shown = of_.thinks.shown || (of_.from == spoke::chat && to_.ask_reasoning);
    const auto has = nearest(want, to_.can);
    if (has != want) told_.change(words_.effort, "the model has other efforts");
    if (has != thinking::effort::unsaid || shown) {
        out_.open_member("reasoning", '{');
        if (has != thinking::effort::unsaid) out_.plain_member("effort", word_of(has));
        if (shown) out_.plain_member("summary", "auto");
        out_.close('}');
    }
    // What is not kept there has to come back from the client.
    out_.member("include", R"(["reasoning.encrypted_content"])");
}

void responses_options::stops() {
    if (stops_of(of_) > 0) told_.drop(words_.stop, "it stops at no sequence");
}

}  // namespace

void write_responses(const conversation& of, const target_settings& to, std::string& out, notes& told) {
    responses_writer{of, to, out, told}.write();
}

}  // namespace weir::dialect::hub
