// Streams of /v1/chat/completions and /v1/completions, as OpenAI and the many that copy it write them.
#include "dialect/read/readers.hpp"

namespace weir::dialect {
namespace {

bool is_filled(json::cursor& at) {
    return at.peek() == '{' || (at.peek() == '"' && [&] {
               json::raw_string raw;
               return at.string(raw) && !raw.text.empty();
           }());
}

// Mistral's thinking models send an array of parts in place of a string.
bool read_content(const stream_access& stream, std::int64_t choice, json::cursor& value) {
    if (value.peek() != '[') return stream.piece(lane_of(choice, slot::content), value);
    bool any = false;
    value.elements([&](json::cursor& part) {
        part.members([&](std::string_view key, json::cursor& at) {
            if (key == "text") any |= stream.piece(lane_of(choice, slot::content), at);
            if (key != "thinking") return;
            if (at.peek() == '"') {
                any |= stream.piece(lane_of(choice, slot::reasoning), at);
                return;
            }
            at.elements([&](json::cursor& thought) {
                thought.members([&](std::string_view name, json::cursor& text) {
                    if (name == "text") any |= stream.piece(lane_of(choice, slot::reasoning), text);
                });
            });
        });
    });
    return any;
}

bool read_function(const stream_access& stream, std::uint32_t lane, json::cursor& function) {
    bool any = false;
    function.members([&](std::string_view key, json::cursor& at) {
        if (key == "name" || key == "arguments" || key == "input") any |= stream.piece(lane, at);
    });
    return any;
}

bool read_tool_calls(const stream_access& stream, std::int64_t choice, json::cursor& calls) {
    bool any = false;
    calls.elements([&](json::cursor& call) {
        std::int64_t number = 0;
        // `index` comes before `function` in every stream seen; where it does not, the texts share a lane.
        call.members([&](std::string_view key, json::cursor& at) {
            if (key == "index") at.integer(number);
            if (key == "function" || key == "custom") any |= read_function(stream, lane_of(choice, slot::tool, number), at);
            if (key == "id") any |= is_filled(at);
        });
    });
    return any;
}

// Whether something stands there: not null, not an empty string, list or object.
bool says_something(json::cursor at) {
    json::raw_string raw;
    bool filled = false;
    switch (at.peek()) {
        case 'n': return false;
        case '"': return at.string(raw) && !raw.text.empty();
        case '{': at.members([&](std::string_view, json::cursor&) { filled = true; }); return filled;
        case '[': at.elements([&](json::cursor&) { filled = true; }); return filled;
        default: return true;
    }
}

// A choice that is there for the form's sake: LiteLLM's chunk of usage has one.
bool is_idle_choice(json::cursor choice) {
    bool idle = true;
    choice.members([&](std::string_view key, json::cursor& at) {
        if (key == "index") return;
        if (key != "delta") {
            idle = idle && !says_something(at);
            return;
        }
        at.members([&](std::string_view, json::cursor& piece) { idle = idle && !says_something(piece); });
    });
    return idle;
}

// What every chunk has, whatever it is for.
bool is_of_every_chunk(std::string_view key) {
    return key == "id" || key == "object" || key == "created" || key == "model" || key == "choices" || key == "usage" ||
           key == "system_fingerprint" || key == "service_tier" || key == "obfuscation" || key == "provider";
}

bool read_delta(const stream_access& stream, std::int64_t choice, json::cursor& delta) {
    bool any = false;
    bool thought = false;  // some send the same reasoning under two names
    delta.members([&](std::string_view key, json::cursor& at) {
        if (key == "content") {
            any |= read_content(stream, choice, at);
        } else if ((key == "reasoning_content" || key == "reasoning") && !thought) {
            thought = stream.piece(lane_of(choice, slot::reasoning), at);
        } else if (key == "refusal") {
            any |= stream.piece(lane_of(choice, slot::refusal), at);
        } else if (key == "tool_calls") {
            any |= read_tool_calls(stream, choice, at);
        } else if (key == "function_call") {
            any |= read_function(stream, lane_of(choice, slot::tool), at);
        } else if (key == "audio") {
            any |= is_filled(at);
        } else if (key == "images" || key == "reasoning_details") {
            at.elements([&](json::cursor&) { any = true; });
        }
    });
    return any || thought;
}

void read_choice(const stream_access& stream, json::cursor& choice, event_facts& out) {
    std::int64_t number = 0;
    json::cursor look = choice;  // `index` may stand behind the delta, whose lane it names
    look.members([&](std::string_view key, json::cursor& at) {
        if (key == "index") at.integer(number);
    });
    choice.members([&](std::string_view key, json::cursor& at) {
        if (key == "delta" || key == "message") {
            out.content |= read_delta(stream, number, at);
        } else if (key == "text") {
            out.content |= stream.piece(lane_of(number, slot::content), at);
        } else if (key == "finish_reason") {
            json::raw_string reason;
            out.finish |= at.string(reason) && !reason.text.empty();
        } else if (key == "usage") {
            stream.usage(at);  // Moonshot's place for it
        }
    });
}

}  // namespace

event_facts read_openai_chat(const stream_access& stream, std::string_view name, json::cursor data) {
    event_facts out;
    bool only_usage = true, has_usage = false, has_choices = false;
    json::cursor::span usage_at;
    const json::cursor whole = data;
    const bool sound = data.members([&](std::string_view key, json::cursor& at) {
        only_usage = only_usage && (is_of_every_chunk(key) || !says_something(at));
        if (key == "choices") {
            at.elements([&](json::cursor& choice) {
                only_usage = only_usage && is_idle_choice(choice);
                has_choices = true;
                read_choice(stream, choice, out);
            });
        } else if (key == "usage") {
            const auto member = at.member_offset();
            const bool is_object = at.peek() == '{';
            has_usage = stream.usage(at);
            if (!is_object && !at.skip()) return;
            usage_at = at.member_with_comma(member);
            if (!has_usage) stream.no_usage(at.text().substr(usage_at.begin, usage_at.end - usage_at.begin));
        } else if (key == "model") {
            stream.model(at);
        } else if (key == "service_tier") {
            stream.tier(at);
        } else if (key == "error" && !at.is_null()) {
            out.error = true;
            stream.error(at);
        } else if (key == "object") {
            json::raw_string kind_of_object;  // older vLLM: the error is the object itself
            if (!at.string(kind_of_object) || kind_of_object.text != "error") return;
            out.error = true;
            json::cursor again = whole;
            stream.error(again);
        } else {
            stream.no_meaning(at);
        }
    });
    if (!sound) return {};
    if (name == "error" && !out.error && !has_choices) {
        out.error = true;
        json::cursor again = whole;
        stream.error(again);
    }
    if (out.error) out.finish = false;
    out.usage_only = only_usage && has_usage && !out.error && !out.content && !out.finish;
    out.usage_begin = static_cast<std::uint32_t>(usage_at.begin);
    out.usage_end = static_cast<std::uint32_t>(usage_at.end);
    return out;
}

}  // namespace weir::dialect
