#include <algorithm>

#include "dialect/hub/answer/documents.hpp"
#include "dialect/hub/answer/response_items.hpp"
#include "dialect/hub/answer/streams.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

void number(json_writer& out, std::string_view name, std::int64_t value) { out.member(name, std::to_string(value)); }

/// What blocks of one kind say, one behind the other.
template <class Blocks>
std::string joined(const Blocks& all, part::kind of) {
    std::string out;
    for (const auto& each : all)
        if (each.of == of) out += each.text;
    return out;
}

}  // namespace

document_writer::block* document_writer::find(std::uint32_t number) {
    for (auto& each : blocks_)
        if (each.number == number) return &each;
    return nullptr;
}

void document_writer::hear(const answer_event& what) {
    switch (what.is) {
        case kind::begin: return;
        case kind::open:
            blocks_.push_back({what.block,
                               what.of,
                               {},
                               what.of == part::kind::call ? id_for_client(names_, what.id, what.block) : std::string{},
                               std::string{what.name.json},
                               what.opaque.of,
                               what.opaque.redacted,
                               {},
                               std::string{what.opaque.data.json}});
            return;
        case kind::text:
        case kind::arguments:
            if (auto* of = find(what.block)) of->text += what.text.json;
            return;
        case kind::signature:
            if (auto* of = find(what.block)) of->family = what.opaque.of, of->redacted = what.opaque.redacted, of->sealed = what.opaque.data.json;
            return;
        case kind::citation:
            if (auto* of = find(what.block)) of->sources.emplace_back(what);
            return;
        case kind::close: return;
        case kind::usage: used_ = what.used; return;
        case kind::finish:
            why_ = what.why;
            stop_ = what.text.json;
            return;
        case kind::error: failed_ = true; return;
    }
}

std::size_t document_writer::uncounted() const {
    std::size_t out = 0;
    for (const auto& each : blocks_) out += each.text.size();
    return used_.empty() ? out : 0;
}

// In the order in which it was said.
void document_writer::seal_all() {
    for (auto& each : blocks_) {
        const carrier what{each.family, raw_text{std::string_view{each.sealed}}, 0, each.redacted};
        const bool thought = each.of == part::kind::reasoning;
        const bool held = !each.sealed.empty() || (thought && names_.show_reasoning && each.family != carrier::family::none);
        if (thought && names_.show_reasoning) seals_.heard_thought(raw_text{each.text});
        if (!thought && each.of != part::kind::call) seals_.heard_text(raw_text{each.text});
        if (thought && is_void(what, !names_.show_reasoning && !each.text.empty()))
            each.sealed.clear();
        else if (held)
            each.sealed = thought ? seals_.of_thought(what) : each.of == part::kind::call ? seals_.of_call(what) : seals_.of_text(what);
        if (each.of == part::kind::call) seals_.heard_call();
        if (thought && !names_.show_reasoning) each.text.clear();
    }
}

std::string document_writer::take() {
    seal_all();
    std::string text;
    json_writer out{text};
    switch (to_) {
        case spoke::chat: chat(out); break;
        case spoke::messages: messages(out); break;
        case spoke::responses: responses(out); break;
        case spoke::gemini: gemini(out); break;
        case spoke::completions: completions(out); break;
    }
    return text;
}

void document_writer::call_of_chat(json_writer& out, const block& of) const {
    const auto* form = form_of(names_, raw_text{of.name});
    const bool custom = form != nullptr && form->is_custom();
    out.open('{');
    out.text_member("id", raw_text{of.id});
    out.plain_member("type", custom ? "custom" : "function");
    out.open_member(custom ? "custom" : "function", '{');
    out.text_member("name", raw_text{called_name(names_, of.name)});
    if (custom) {
        out.text_member("input", raw_text{input_of(of.text, form->takes)});
        out.close('}');
        return out.close('}');
    }
    out.text_member("arguments", raw_text{of.text.empty() ? std::string_view{"{}"} : std::string_view{of.text}});
    out.close('}');
    out.close('}');
}

void document_writer::chat(json_writer& out) {
    const auto text = joined(blocks_, part::kind::text), refusal = joined(blocks_, part::kind::refusal);
    const auto thought = joined(blocks_, part::kind::reasoning);
    bool calls = false;
    for (const auto& each : blocks_) calls = calls || each.of == part::kind::call;
    out.open('{');
    out.text_member("id", raw_text{names_.id});
    out.plain_member("object", "chat.completion");
    number(out, "created", names_.created);
    out.plain_member("model", names_.model);
    out.open_member("choices", '[');
    out.open('{');
    number(out, "index", 0);
    out.open_member("message", '{');
    out.plain_member("role", "assistant");
    if (text.empty() && (calls || !refusal.empty()))
        out.member("content", "null");
    else
        out.text_member("content", raw_text{text});
    if (refusal.empty())
        out.member("refusal", "null");
    else
        out.text_member("refusal", raw_text{refusal});
    if (!thought.empty()) out.text_member("reasoning_content", raw_text{thought});
    details_of_chat(out);
    annotations_of_chat(out);
    if (calls) {
        out.open_member("tool_calls", '[');
        for (const auto& each : blocks_)
            if (each.of == part::kind::call) call_of_chat(out, each);
        out.close(']');
    }
    out.close('}');
    out.plain_member("finish_reason", reason_of(why_, spoke::chat));
    out.member("logprobs", "null");
    out.close('}');
    out.close(']');
    usage_of_chat(out);
    out.close('}');
}

void document_writer::usage_of_chat(json_writer& out) const {
    out.member("usage", {});
    append_usage(out.out(), used_);
}

// What was thought has no place there, and what was refused is what was said.
void document_writer::completions(json_writer& out) {
    out.open('{');
    out.text_member("id", raw_text{names_.id});
    out.plain_member("object", "text_completion");
    number(out, "created", names_.created);
    out.plain_member("model", names_.model);
    out.open_member("choices", '[');
    out.open('{');
    out.text_member("text", raw_text{joined(blocks_, part::kind::text) + joined(blocks_, part::kind::refusal)});
    number(out, "index", 0);
    out.member("logprobs", "null");
    out.plain_member("finish_reason", reason_of(why_, spoke::completions));
    out.close('}');
    out.close(']');
    usage_of_chat(out);
    out.close('}');
}

void document_writer::details_of_chat(json_writer& out) const {
    std::uint64_t index = 0;
    for (const auto& each : blocks_) {
        const bool thought = each.of == part::kind::reasoning && !each.text.empty();
        if (each.sealed.empty() && !thought) continue;
        if (index == 0) out.open_member("reasoning_details", '[');
        out.open('{');
        out.member("index", std::to_string(index++));
        out.plain_member("type", thought ? "reasoning.text" : "reasoning.encrypted");
        if (thought) out.text_member("text", raw_text{each.text});
        if (!each.sealed.empty()) out.plain_member(thought ? "signature" : "data", each.sealed);
        out.close('}');
    }
    if (index > 0) out.close(']');
}

void document_writer::annotations_of_chat(json_writer& out) {
    std::string all;
    for (const auto& each : blocks_)
        for (const auto& one : each.sources) {
            if (one.url.empty()) left_out_.add(skipped_parts::kind::citation);
            if (one.url.empty()) continue;
            if (!all.empty()) all += ',';
            append_for_chat(all, one, -1);
        }
    if (!all.empty()) out.member("annotations", "[" + all + "]");
}

void document_writer::block_of_messages(json_writer& out, const block& of) {
    left_out_.add(skipped_parts::kind::citation, static_cast<std::uint32_t>(of.sources.size()));
    std::string input;
    const bool call = of.of == part::kind::call, thought = of.of == part::kind::reasoning;
    // What is cut would be run as it is.
    if (call && !append_arguments(input, of.text)) return left_out_.add(skipped_parts::kind::cut_call);
    const auto redacted = [&] {
        if (of.sealed.empty()) return;
        out.open('{');
        out.plain_member("type", "redacted_thinking");
        out.plain_member("data", of.sealed);
        out.close('}');
    };
    if (thought && of.text.empty()) return redacted();
    if (call) redacted();
    out.open('{');
    out.plain_member("type", call ? "tool_use" : thought ? "thinking" : "text");
    if (call) {
        out.text_member("id", raw_text{of.id});
        out.text_member("name", raw_text{called_name(names_, of.name)});
        out.member("input", input);
    } else if (thought) {
        out.text_member("thinking", raw_text{of.text});
        out.plain_member("signature", of.sealed.empty() ? unsigned_thought : std::string_view{of.sealed});
    } else {
        out.text_member("text", raw_text{of.text});
    }
    out.close('}');
    if (!call && !thought) redacted();
}

void document_writer::messages(json_writer& out) {
    out.open('{');
    out.text_member("id", raw_text{names_.id});
    out.plain_member("type", "message");
    out.plain_member("role", "assistant");
    out.plain_member("model", names_.model);
    out.open_member("content", '[');
    for (const auto& each : blocks_) block_of_messages(out, each);
    out.close(']');
    // Where none of the calls could be told, nobody waits for their results.
    const bool waits = std::any_of(blocks_.begin(), blocks_.end(), [](const block& each) {
        std::string object;
        return each.of == part::kind::call && append_arguments(object, each.text);
    });
    out.plain_member("stop_reason", reason_of(why_ == finish::calls && !waits ? finish::broken_call : why_, spoke::messages));
    if (why_ == finish::stop_sequence && !stop_.empty())
        out.text_member("stop_sequence", raw_text{stop_});
    else
        out.member("stop_sequence", "null");
    out.open_member("usage", '{');
    number(out, "input_tokens", used_.input + used_.audio_input);
    number(out, "cache_read_input_tokens", used_.cached_input);
    number(out, "cache_creation_input_tokens", used_.cache_write);
    number(out, "output_tokens", used_.completion());
    if (used_.reasoning > 0) {
        out.open_member("output_tokens_details", '{');
        number(out, "thinking_tokens", used_.reasoning);
        out.close('}');
    }
    out.close('}');
    out.close('}');
}

// A thought, or what belongs to a call or a text: then it has no words.
void document_writer::thought_of_responses(json_writer& out, const block& of, std::size_t& number_of_item) const {
    const bool shown = of.of == part::kind::reasoning && !of.text.empty();
    if (!shown && of.sealed.empty()) return;
    out.open('{');
    out.text_member("id", raw_text{"rs_" + names_.id + "_" + std::to_string(number_of_item++)});
    out.plain_member("type", "reasoning");
    out.open_member("summary", '[');
    if (shown) {
        out.open('{');
        out.plain_member("type", "summary_text");
        out.text_member("text", raw_text{of.text});
        out.close('}');
    }
    out.close(']');
    if (!of.sealed.empty()) out.plain_member("encrypted_content", of.sealed);
    out.close('}');
}

void document_writer::item_of_responses(json_writer& out, const block& of, std::size_t& number_of_item, std::uint32_t& chars) const {
    const bool call = of.of == part::kind::call;
    if (call || of.of == part::kind::reasoning) thought_of_responses(out, of, number_of_item);
    if (of.of == part::kind::reasoning) return;
    response_item item;
    item.of = of.of;
    item.id = std::string{call ? "fc_" : "msg_"} + names_.id + "_" + std::to_string(number_of_item++);
    item.call_id = of.id;
    item.name = of.name;
    item.text = call && of.text.empty() ? "{}" : of.text;
    if (const auto* form = call ? form_of(names_, raw_text{of.name}) : nullptr) {
        item.name = form->name;
        item.space = form->space;
        item.takes = form->takes;
        if (form->is_custom()) item.text = input_of(of.text, form->takes);
    }
    item.cut = call && !is_whole(of.text, item.takes);
    item.start = chars;
    item.sources = of.sources;
    if (of.of == part::kind::text) chars += chars_in(raw_text{of.text});
    out.value({});
    append_item(out.out(), item, true);
    if (!call) thought_of_responses(out, of, number_of_item);
}

void document_writer::responses(json_writer& out) {
    const auto how = ending_of(why_);
    out.open('{');
    out.text_member("id", raw_text{names_.id});
    out.plain_member("object", "response");
    number(out, "created_at", names_.created);
    out.plain_member("status", how.status);
    out.plain_member("model", names_.model);
    out.open_member("output", '[');
    std::size_t number_of_item = 0;
    std::uint32_t chars = 0;
    for (const auto& each : blocks_) item_of_responses(out, each, number_of_item, chars);
    out.close(']');
    out.value(settings_of(names_));
    out.member("store", names_.is_kept ? "true" : "false");
    if (!names_.previous.empty()) out.plain_member("previous_response_id", names_.previous);
    out.member("error", how.error);
    out.member("incomplete_details", how.details);
    out.open_member("usage", '{');
    number(out, "input_tokens", used_.prompt());
    out.open_member("input_tokens_details", '{');
    number(out, "cached_tokens", used_.cached_input);
    number(out, "cache_write_tokens", used_.cache_write);
    out.close('}');
    number(out, "output_tokens", used_.completion());
    out.open_member("output_tokens_details", '{');
    number(out, "reasoning_tokens", used_.reasoning);
    out.close('}');
    number(out, "total_tokens", used_.prompt() + used_.completion());
    out.close('}');
    out.close('}');
}

void document_writer::part_of_gemini(json_writer& out, const block& of) {
    std::string whole, text;
    const bool call = of.of == part::kind::call, thought = of.of == part::kind::reasoning;
    if (call && !append_arguments(whole, of.text)) return left_out_.add(skipped_parts::kind::cut_call);
    if (thought && of.text.empty() && of.sealed.empty()) return;
    append_on_one_line(text, call ? std::string_view{whole} : std::string_view{of.text});
    out.open('{');
    if (call) {
        out.open_member("functionCall", '{');
        out.text_member("id", raw_text{of.id});
        out.text_member("name", raw_text{called_name(names_, of.name)});
        out.member("args", text);
        out.close('}');
    } else {
        out.text_member("text", raw_text{text});
        if (thought) out.member("thought", "true");
    }
    if (!of.sealed.empty()) out.plain_member("thoughtSignature", as_base64(of.sealed));
    out.close('}');
}

void document_writer::grounding_of_gemini(json_writer& out) {
    text_measure text;
    std::vector<kept_citation> all;
    for (const auto& each : blocks_) {
        if (each.of == part::kind::text) text.add(raw_text{each.text});
        for (const auto& one : each.sources) {
            if (one.url.empty()) left_out_.add(skipped_parts::kind::citation);
            if (!one.url.empty()) all.push_back(one);
        }
    }
    if (all.empty()) return;
    std::string grounding, line;
    append_grounding(grounding, all, text);
    append_on_one_line(line, grounding);
    out.member("groundingMetadata", line);
}

void document_writer::gemini(json_writer& out) {
    out.open('{');
    out.open_member("candidates", '[');
    out.open('{');
    out.open_member("content", '{');
    out.plain_member("role", "model");
    out.open_member("parts", '[');
    const auto begin = out.out().size();
    for (const auto& each : blocks_) part_of_gemini(out, each);
    if (out.out().size() == begin) out.value(R"({"text":""})");  // SDKs forget a turn that has a content without parts
    out.close(']');
    out.close('}');
    out.plain_member("finishReason", reason_of(why_, spoke::gemini));
    grounding_of_gemini(out);
    number(out, "index", 0);
    out.close('}');
    out.close(']');
    out.open_member("usageMetadata", '{');
    number(out, "promptTokenCount", used_.prompt());
    number(out, "cachedContentTokenCount", used_.cached_input);
    number(out, "candidatesTokenCount", used_.completion() - used_.reasoning);
    number(out, "thoughtsTokenCount", used_.reasoning);
    number(out, "totalTokenCount", used_.prompt() + used_.completion());
    append_modalities(out.out(), used_);
    out.close('}');
    out.plain_member("modelVersion", names_.model);
    out.text_member("responseId", raw_text{names_.id});
    out.close('}');
}

}  // namespace weir::dialect::hub
