// Requests to /v1/messages.
#include <algorithm>
#include <string>
#include <vector>

#include "dialect/hub/envelope.hpp"
#include "dialect/hub/schema.hpp"
#include "dialect/hub/writing.hpp"

namespace weir::dialect::hub {
namespace {

using role = turn::role;

void write_cache(json_writer& out, const cache_mark& mark) {
    if (!mark.set) return;
    out.open_member("cache_control", '{');
    out.plain_member("type", "ephemeral");
    if (!mark.ttl.empty()) out.text_member("ttl", raw_text{mark.ttl});
    out.close('}');
}

/// The tools, and how they are chosen.
class messages_tools : public request_part {
public:
    using request_part::request_part;
    void tools();
    /// `leaves_choice`: none can be forced.
    void choice(bool leaves_choice);

private:
    void one_tool(const tool& t);
    void input_schema(const tool& t);

    std::vector<const tool*> sent_;
};

class messages_writer {
public:
    messages_writer(const conversation& of, const target_settings& to, std::string& out, notes& told)
        : of_(of), to_(to), out_(out), told_(told), words_(words_of(of.from)), settings_(of, to, told) {}

    void write();

private:
    [[nodiscard]] bool is_front(std::size_t i) const;
    void system();
    void turns();
    void begin_message(std::string_view who);
    void end_message();
    [[nodiscard]] bool is_nothing(const part& p);
    void user_like(const turn& t);
    void later_system(std::size_t number);
    void assistant(const turn& t, bool is_last);
    void cache_by_conf();
    void write_part(const part& p);
    void text(raw_text what, const cache_mark& cache);
    void image(const part& p);
    void document(const part& p);
    void begin_source(std::string_view type, const part& p);
    void end_source(const part& p);
    void call(const part& p);
    void result(const part& p);

    const conversation& of_;
    const std::size_t front_ = of_.turns_in_front();
    const target_settings& to_;
    json_writer out_;
    notes& told_;
    const client_words& words_;
    messages_settings settings_;
    std::string_view open_;  ///< whose message is being written; empty: none
    bool begun_ = false;     ///< there is a message
};

void messages_writer::write() {
    out_.open('{');
    out_.plain_member("model", to_.model);
    settings_.limit(out_);
    if (of_.stream) out_.member("stream", "true");
    system();
    turns();
    messages_tools tools{of_, to_, out_, told_};
    tools.tools();
    tools.choice(settings_.leaves_choice());
    settings_.rest(out_);
    cache_by_conf();
    for (const auto name : of_.unknown) told_.drop(name);
    out_.close('}');
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
    if (of_.format.is == answer_format::kind::json) {
        if (!std::exchange(any, true)) out_.open_member("system", '[');
        text(raw_text{"Answer with one JSON object and nothing else."}, {});
    }
    if (any) out_.close(']');
}

void messages_writer::begin_message(std::string_view who) {
    if (open_ == who) return;
    end_message();
    // The first is a user's.
    if (!std::exchange(begun_, true) && who == "assistant") {
        begin_message("user");
        text(raw_text{"(continue)"}, {});
        told_.add(words_.turns);
        end_message();
    }
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
    for (std::size_t i = 0; i < of_.turns.size(); ++i) {
        const auto& t = of_.turns[i];
        if (is_front(i)) continue;
        if (t.who == role::assistant)
            assistant(t, i + 1 == of_.turns.size());
        else if (t.who == role::system || t.who == role::developer)
            later_system(i);
        else
            user_like(t);
    }
    if (!begun_) {
        begin_message("user");
        text(raw_text{"(begin)"}, {});
        told_.add(words_.turns);
    }
    if (open_ == "assistant" && !to_.can.prefill) told_.refuse(words_.turns, "the last message must be from the user");
    end_message();
    out_.close(']');
}

// Blocks of text are not blank, and what ran elsewhere has no block.
bool messages_writer::is_nothing(const part& p) {
    if (p.is == part::kind::hosted) told_.drop(words_.turns);
    if (p.is == part::kind::hosted || p.is == part::kind::reasoning) return true;
    return (p.is == part::kind::text || p.is == part::kind::refusal || p.is == part::kind::search_result) && p.text.blank();
}

// Results and what the user says after them are one message: the results come first.
void messages_writer::user_like(const turn& t) {
    for (auto at = t.first; at < t.first + t.count; ++at) {
        const auto& p = of_.parts[at];
        if (is_nothing(p)) continue;
        begin_message("user");
        write_part(p);
    }
}

// In place where the model takes that: behind a user's turn, and before the assistant's or at the end.
void messages_writer::later_system(std::size_t number) {
    const auto& t = of_.turns[number];
    auto next = number;
    while (next < of_.turns.size() && (of_.turns[next].who == role::system || of_.turns[next].who == role::developer)) ++next;
    const bool before_answer = next == of_.turns.size() || of_.turns[next].who == role::assistant;
    const bool in_place = to_.can.inline_system && before_answer && (open_ == "user" || open_ == "system");
    const auto said = in_place ? joined_system(of_, t) : as_tagged_user(of_, t);
    if (said.empty()) return;
    begin_message(in_place ? "system" : "user");
    text(raw_text{said}, {});
    if (!in_place) told_.change(words_.turns, "system texts stand in front");
}

// An answer that is to be gone on with ends in something that can be seen.
raw_text without_end_space(raw_text text) {
    auto& json = text.json;
    for (;;) {
        const auto last = json.find_last_not_of(' ');
        json = json.substr(0, last + 1);
        const bool escaped = json.size() > 1 && json[json.size() - 2] == '\\' && (json.back() == 'n' || json.back() == 't' || json.back() == 'r');
        if (!escaped || (json.size() > 2 && json[json.size() - 3] == '\\')) return text;
        json.remove_suffix(2);
    }
}

void messages_writer::assistant(const turn& t, bool is_last) {
    const auto is_blank = [this](std::uint32_t at) { return of_.parts[at].is == part::kind::text && of_.parts[at].text.blank(); };
    auto end = t.first + t.count;
    while (end > t.first && is_blank(end - 1)) --end;
    for (auto at = t.first; at < t.first + t.count; ++at) {
        const auto& p = of_.parts[at];
        const bool speech = p.is == part::kind::text || p.is == part::kind::refusal;
        if (speech && p.text.blank()) continue;
        // Thoughts without a signature of this family mean nothing there.
        if (p.is == part::kind::reasoning && !is_for(p.opaque, carrier::family::anthropic, to_.scope)) continue;
        if (p.is == part::kind::hosted || is_media(p)) {
            told_.drop(words_.turns);
            continue;
        }
        begin_message("assistant");
        if (speech && is_last && at + 1 == end)
            text(without_end_space(p.text), p.cache);
        else
            write_part(p);
    }
}

void messages_writer::text(raw_text what, const cache_mark& mark) {
    out_.open('{');
    out_.plain_member("type", "text");
    out_.text_member("text", what);
    write_cache(out_, mark);
    out_.close('}');
}

// Clients of other dialects cannot mark what is worth keeping: without a mark each turn pays for the whole conversation.
void messages_writer::cache_by_conf() {
    const auto marked = [](const auto& each) { return each.cache.set; };
    const bool by_client = std::any_of(of_.parts.begin(), of_.parts.end(), marked) || std::any_of(of_.tools.begin(), of_.tools.end(), marked);
    if (to_.cache.empty() || by_client) return;
    out_.open_member("cache_control", '{');
    out_.plain_member("type", "ephemeral");
    out_.plain_member("ttl", to_.cache);
    out_.close('}');
    told_.add("cache_control");
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
    const auto type = type_of(p.source);
    const bool taken = type.is("image/jpeg") || type.is("image/png") || type.is("image/gif") || type.is("image/webp");
    if (p.source.is == media::from::base64 && !taken) return told_.refuse(words_.turns, "an image is jpeg, png, gif or webp");
    begin_source("image", p);
    if (p.source.is == media::from::url) {
        out_.plain_member("type", "url");
        out_.text_member("url", p.source.data);
    } else {
        out_.plain_member("type", "base64");
        out_.text_member("media_type", type);
        out_.text_member("data", p.source.data);
    }
    end_source(p);
}

void messages_writer::begin_source(std::string_view type, const part& p) {
    if (p.source.is == media::from::file) told_.refuse(words_.turns, "a file belongs to the provider that has it");
    out_.open('{');
    out_.plain_member("type", type);
    out_.open_member("source", '{');
}

void messages_writer::end_source(const part& p) {
    out_.close('}');
    if (p.is == part::kind::document && p.name.said) out_.text_member("title", p.name);
    write_cache(out_, p.cache);
    out_.close('}');
}

void messages_writer::document(const part& p) {
    const auto type = type_of(p.source);
    const bool pdf = !type.said || type.is("application/pdf");
    if (p.source.is == media::from::base64 && !pdf) return told_.refuse(words_.turns, "a document is PDF or text");
    begin_source("document", p);
    if (p.source.is == media::from::url) {
        out_.plain_member("type", "url");
        out_.text_member("url", p.source.data);
    } else if (p.source.is == media::from::plain) {
        out_.plain_member("type", "text");
        out_.plain_member("media_type", "text/plain");
        out_.text_member("data", p.source.data);
    } else {
        out_.plain_member("type", "base64");
        out_.plain_member("media_type", "application/pdf");
        out_.text_member("data", p.source.data);
    }
    end_source(p);
}

void messages_writer::call(const part& p) {
    out_.open('{');
    out_.plain_member("type", "tool_use");
    out_.text_member("id", p.id);
    out_.text_member("name", p.name);
    out_.key("input");
    out_.value({});
    if (p.custom) {
        append_text_input(out_.out(), p.arguments);
    } else if (!append_as_object(out_.out(), p.arguments)) {
        told_.change(words_.turns, "a call's arguments are an object");
    }
    write_cache(out_, p.cache);
    out_.close('}');
}

void messages_writer::result(const part& p) {
    out_.open('{');
    out_.plain_member("type", "tool_result");
    out_.text_member("tool_use_id", p.id);
    bool any = false;
    for (auto at = p.first; at < p.first + p.count; ++at) {
        const auto& inner = of_.inner[at];
        if (is_nothing(inner)) continue;
        if (!std::exchange(any, true)) out_.open_member("content", '[');
        write_part(inner);
    }
    if (any) out_.close(']');
    if (!any && p.failed) {
        out_.plain_member("content", "(no output)");
        told_.add(words_.turns);
    }
    if (p.failed) out_.member("is_error", "true");
    write_cache(out_, p.cache);
    out_.close('}');
}

void messages_tools::tools() {
    sent_ = tools_for(of_, to_, {.searches = true, .subsets = false}, told_);
    if (sent_.empty()) return;
    out_.open_member("tools", '[');
    for (const auto* t : sent_) one_tool(*t);
    out_.close(']');
}

void messages_tools::one_tool(const tool& t) {
    out_.open('{');
    if (t.is == tool::kind::web_search) {
        out_.plain_member("type", "web_search_20250305");
        out_.plain_member("name", "web_search");
        if (!t.allowed.empty()) out_.member("allowed_domains", t.allowed);
        if (!t.blocked.empty()) out_.member("blocked_domains", t.blocked);
        if (!t.location.empty()) out_.member("user_location", with_type(t.location));
    } else {
        out_.text_member("name", t.name);
        const auto description = description_of(t);
        if (!description.empty()) out_.text_member("description", raw_text{description});
        input_schema(t);
        write_cache(out_, t.cache);
    }
    out_.close('}');
}

// What a strict tool takes is compiled: not every schema can be, and such a tool is sent as any other.
void messages_tools::input_schema(const tool& t) {
    constexpr object_terms terms{.members = false, .flat = true};
    const auto schema = t.is == tool::kind::custom ? std::string{text_input} : parameters_of(t, terms, words_.tools, told_);
    if (!t.strict.value_or(false)) return out_.member("input_schema", schema);
    const auto made = schema_for_messages(schema);
    const bool strict = made.refused.empty() && to_.can.structured_output;
    if (!strict || made.changed) told_.change(words_.tools, "not every schema can be strict there");
    out_.member("input_schema", strict ? made.text : schema);
    if (strict) out_.member("strict", "true");
}

void messages_tools::choice(bool leaves_choice) {
    using kind = tool_choice::kind;
    const auto c = choice_for(of_, sent_, told_);
    auto is = c.is == kind::subset ? c.mode : c.is;
    const bool alone = c.parallel && !*c.parallel;
    if (is == kind::unsaid && !alone) return;
    if ((is == kind::any || is == kind::one) && leaves_choice) {
        is = kind::automatic;
        told_.change(words_.choice, "the model cannot be made to call a tool");
    }
    out_.open_member("tool_choice", '{');
    out_.plain_member("type", is == kind::none ? "none" : is == kind::any ? "any" : is == kind::one ? "tool" : "auto");
    if (is == kind::one) out_.text_member("name", c.names.front());
    if (alone && is != kind::none) out_.member("disable_parallel_tool_use", "true");
    out_.close('}');
}

}  // namespace

void write_messages(const conversation& of, const target_settings& to, std::string& out, notes& told) { messages_writer{of, to, out, told}.write(); }

}  // namespace weir::dialect::hub
