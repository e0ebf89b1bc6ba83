// Requests to /v1/chat/completions.
#include <algorithm>
#include <string>
#include <vector>

#include "dialect/hub/chat_settings.hpp"
#include "dialect/hub/envelope.hpp"
#include "dialect/hub/writing.hpp"

namespace weir::dialect::hub {
namespace {

using role = turn::role;

// Settings that servers of this dialect other than OpenAI's own may refuse; nobody's answer is another one without them.
constexpr std::uint64_t openai_alone = bit(field::safety_identifier) | bit(field::prompt_cache_key) | bit(field::prompt_cache_options) |
                                       bit(field::prompt_cache_retention) | bit(field::verbosity);

class chat_writer {
public:
    chat_writer(const conversation& of, const target_settings& to, std::string& out, notes& told)
        : of_(of), to_(to), out_(out), told_(told), words_(words_of(of.from)) {}

    void write();

private:
    [[nodiscard]] bool is_system(const turn& t) const { return t.who == role::system || t.who == role::developer; }
    void front(std::size_t& next);
    void message(const turn& t);
    void later_system(const turn& t);
    void user(const turn& t);
    void assistant(const turn& t);
    void results(const turn& t);
    void pictures_of(const turn& t);
    void content(const turn& t);
    void content_part(const part& p);
    void file(const part& p);
    void url(const media& source);
    void calls(const turn& t);
    void call(const part& p);
    [[nodiscard]] bool is_plain(const turn& t) const;

    const conversation& of_;
    const target_settings& to_;
    json_writer out_;
    notes& told_;
    const client_words& words_;
};

void chat_writer::write() {
    out_.open('{');
    out_.plain_member("model", to_.model);
    out_.open_member("messages", '[');
    std::size_t next = 0;
    front(next);
    for (; next < of_.turns.size(); ++next) message(of_.turns[next]);
    out_.close(']');
    chat_options options{of_, to_, out_, told_};
    options.limit();
    if (of_.stream) {
        out_.member("stream", "true");
        out_.member("stream_options", R"({"include_usage":true})");
    }
    chat_tools tools{of_, to_, out_, told_};
    tools.tools();
    tools.choice();
    options.format();
    options.effort(tools.calls_functions());
    options.stops();
    const auto tier = tier_for(of_, spoke::chat, told_);
    if (!tier.empty() && to_.can.developer_role)
        out_.plain_member("service_tier", tier);
    else if (!tier.empty() && tier != "default")
        told_.drop(name_of(of_.setting(field::speed).said ? field::speed : field::service_tier, of_.from));
    write_settings(out_, of_, spoke::chat, {}, told_,
                   bit(field::stream_options) | bit(field::metadata) | bit(field::service_tier) | bit(field::speed) | bit(field::store) |
                       refused_sampling(of_, to_, told_) | (to_.can.developer_role ? 0 : openai_alone));
    for (const auto name : of_.unknown) told_.drop(name);
    out_.close('}');
}

// Many servers take one system message, at the beginning.
void chat_writer::front(std::size_t& next) {
    std::string text;
    for (; next < of_.turns.size() && is_system(of_.turns[next]); ++next) {
        const auto said = joined_system(of_, of_.turns[next]);
        if (!said.empty()) text.append(text.empty() ? "" : "\\n\\n").append(said);
    }
    if (of_.from == spoke::gemini && of_.format.is == answer_format::kind::json) {
        // The provider insists on the word.
        text.append(text.empty() ? "" : "\\n\\n").append("Answer in JSON.");
        told_.change(words_.turns, "the prompt has to speak of JSON");
    }
    if (text.empty()) return;
    out_.open('{');
    out_.plain_member("role", "system");
    out_.text_member("content", raw_text{text});
    out_.close('}');
}

void chat_writer::message(const turn& t) {
    if (is_system(t)) {
        later_system(t);
    } else if (t.who == role::assistant) {
        assistant(t);
    } else if (t.who == role::results) {
        results(t);
    } else {
        user(t);
    }
}

void chat_writer::later_system(const turn& t) {
    const bool in_place = to_.can.developer_role;
    const auto said = in_place ? joined_system(of_, t) : as_tagged_user(of_, t);
    if (said.empty()) return;
    if (!in_place) told_.change(words_.turns, "system texts stand in front");
    out_.open('{');
    out_.plain_member("role", in_place ? "developer" : "user");
    out_.text_member("content", raw_text{said});
    out_.close('}');
}

// One text and nothing else is written as a string: every server takes that.
bool chat_writer::is_plain(const turn& t) const { return t.count == 1 && of_.parts[t.first].is == part::kind::text; }

bool is_blank(const part& p) { return (p.is == part::kind::text || p.is == part::kind::search_result) && p.text.blank(); }

void chat_writer::user(const turn& t) {
    const auto begin = of_.parts.begin() + t.first;
    if (std::all_of(begin, begin + t.count, [&](const part& p) { return p.is == part::kind::hosted || (is_blank(p) && !is_plain(t)); })) {
        if (t.count > 0 && begin->is == part::kind::hosted) told_.drop(words_.turns);
        return;
    }
    out_.open('{');
    out_.plain_member("role", "user");
    if (is_plain(t)) {
        out_.text_member("content", of_.parts[t.first].text);
    } else {
        out_.open_member("content", '[');
        content(t);
        out_.close(']');
    }
    out_.close('}');
}

void chat_writer::content(const turn& t) {
    for (auto at = t.first; at < t.first + t.count; ++at) content_part(of_.parts[at]);
}

void chat_writer::content_part(const part& p) {
    using kind = part::kind;
    switch (p.is) {
        case kind::document: return file(p);
        case kind::video: return told_.refuse(words_.turns, "video input is not taken");
        case kind::hosted: return told_.drop(words_.turns);
        case kind::text:
        case kind::search_result:
            if (p.text.blank()) return;
            out_.open('{');
            out_.plain_member("type", "text");
            out_.text_member("text", p.text);
            return out_.close('}');
        case kind::image:
            if (p.source.is == media::from::file) return told_.refuse(words_.turns, "a file belongs to the provider that has it");
            out_.open('{');
            out_.plain_member("type", "image_url");
            out_.open_member("image_url", '{');
            out_.key("url");
            url(p.source);
            out_.close('}');
            return out_.close('}');
        case kind::audio:
            if (sound_format(p.source).empty()) return told_.refuse(words_.turns, "audio is wav or mp3");
            out_.open('{');
            out_.plain_member("type", "input_audio");
            out_.open_member("input_audio", '{');
            out_.text_member("data", p.source.data);
            out_.plain_member("format", sound_format(p.source));
            out_.close('}');
            return out_.close('}');
        default: return;
    }
}

void chat_writer::url(const media& source) {
    if (source.is == media::from::url) return out_.text(source.data);
    out_.value({});
    auto& to = out_.out();
    to.append("\"data:").append(type_of(source).json).append(";base64,").append(source.data.json).append(1, '"');
}

void chat_writer::file(const part& p) {
    if (p.source.is == media::from::file || p.source.is == media::from::url)
        return told_.refuse(words_.turns,
                            p.source.is == media::from::url ? "documents are sent with the request" : "a file belongs to the provider that has it");
    if (!p.text.blank()) {
        out_.open('{');
        out_.plain_member("type", "text");
        out_.text_member("text", p.text);
        out_.close('}');
    }
    out_.open('{');
    if (p.source.is == media::from::plain) {
        out_.plain_member("type", "text");
        out_.text_member("text", p.source.data);
        return out_.close('}');
    }
    out_.plain_member("type", "file");
    out_.open_member("file", '{');
    out_.text_member("filename", p.name.said ? p.name : raw_text{"document.pdf"});
    out_.key("file_data");
    url(p.source);
    out_.close('}');
    out_.close('}');
}

// What is said, joined; calls stand beside it.
void chat_writer::assistant(const turn& t) {
    std::string text, refusal, thought;
    bool called = false;
    for (auto at = t.first; at < t.first + t.count; ++at) {
        const auto& p = of_.parts[at];
        if (p.is == part::kind::text) text += p.text.json;
        if (p.is == part::kind::refusal) refusal += p.text.json;
        if (p.is == part::kind::reasoning && is_for(p.opaque, carrier::family::chat, to_.scope)) thought += p.text.json;
        called = called || p.is == part::kind::call;
        if (p.is == part::kind::hosted || is_media(p)) told_.drop(words_.turns);
    }
    if (text.empty() && refusal.empty() && !called) return;
    out_.open('{');
    out_.plain_member("role", "assistant");
    if (text.empty() && refusal.empty())
        out_.member("content", "null");
    else
        out_.text_member("content", raw_text{text + refusal});
    // Where it must come back and is not there, a blank stands for it: nothing at all is refused.
    if (to_.can.reasoning_back && (called || !thought.empty())) out_.text_member("reasoning_content", raw_text{thought.empty() ? " " : thought});
    if (called) calls(t);
    out_.close('}');
}

void chat_writer::calls(const turn& t) {
    out_.open_member("tool_calls", '[');
    for (auto at = t.first; at < t.first + t.count; ++at)
        if (of_.parts[at].is == part::kind::call) call(of_.parts[at]);
    out_.close(']');
}

void chat_writer::call(const part& p) {
    const bool custom = stays_custom(p, to_);
    std::string input;
    if (p.custom && !custom) append_text_input(input, p.arguments);
    out_.open('{');
    out_.text_member("id", p.id);
    out_.plain_member("type", custom ? "custom" : "function");
    out_.open_member(custom ? "custom" : "function", '{');
    out_.text_member("name", p.name);
    out_.key(custom ? "input" : "arguments");
    out_.value({});
    out_.out() += '"';
    if (!input.empty())
        append_escaped(out_.out(), input);
    else if (p.arguments.empty() && !custom)
        out_.out() += "{}";
    else
        append_as_string(out_.out(), p.arguments);
    out_.out() += '"';
    out_.close('}');
    out_.close('}');
}

void chat_writer::results(const turn& t) {
    bool pictures = false;
    for (auto at = t.first; at < t.first + t.count; ++at) {
        const auto& p = of_.parts[at];
        std::string text;
        for (auto i = p.first; i < p.first + p.count; ++i) {
            const auto& inner = of_.inner[i];
            const bool picture = is_media(inner);
            pictures = pictures || picture;
            if (inner.is == part::kind::hosted) told_.drop(words_.turns);
            if (!picture && inner.text.empty()) continue;
            if (!text.empty()) text += "\\n";
            text += picture ? "(attached below)" : std::string{inner.text.json};
        }
        if (p.failed) {
            told_.change(words_.turns, "a result has no mark for errors");
            if (!text.starts_with("Error")) text.insert(0, "Error: ");
        }
        out_.open('{');
        out_.plain_member("role", "tool");
        out_.text_member("tool_call_id", p.id);
        out_.text_member("content", raw_text{text});
        out_.close('}');
    }
    if (pictures) pictures_of(t);
}

// A tool's message has text alone: what it shows follows all of them.
void chat_writer::pictures_of(const turn& t) {
    told_.change(words_.turns, "results are text alone");
    out_.open('{');
    out_.plain_member("role", "user");
    out_.open_member("content", '[');
    for (auto at = t.first; at < t.first + t.count; ++at) {
        const auto& p = of_.parts[at];
        for (auto i = p.first; i < p.first + p.count; ++i)
            if (is_media(of_.inner[i])) content_part(of_.inner[i]);
    }
    out_.close(']');
    out_.close('}');
}

}  // namespace

void write_chat(const conversation& of, const target_settings& to, std::string& out, notes& told) { chat_writer{of, to, out, told}.write(); }

}  // namespace weir::dialect::hub
