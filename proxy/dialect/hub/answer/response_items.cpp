#include "dialect/hub/answer/response_items.hpp"

#include <array>

#include "dialect/hub/reading.hpp"
#include "dialect/hub/tool_names.hpp"

namespace weir::dialect::hub {
namespace {

void append_call(std::string& to, const response_item& of, std::string_view status, bool done) {
    const bool custom = of.takes != tool_form::input::object;
    to.append(custom ? "custom_tool_call" : "function_call").append(R"(","status":")").append(status);
    to.append(R"(","call_id":")").append(of.call_id).append(R"(","name":")").append(of.name);
    if (!of.space.empty()) to.append(R"(","namespace":")").append(of.space);
    to.append("\",\"").append(custom ? "input" : "arguments").append("\":\"").append(done ? std::string_view{of.text} : std::string_view{});
    to.append("\"}");
}

}  // namespace

void append_item(std::string& to, const response_item& of, bool done) {
    const std::string_view status = !done ? "in_progress" : of.cut ? "incomplete" : "completed";
    to.append(R"({"id":")").append(of.id).append(R"(","type":")");
    if (of.of == part::kind::call) return append_call(to, of, status, done);
    if (of.of == part::kind::reasoning) {
        to.append(R"(reasoning","summary":[)");
        if (done && !of.text.empty()) to.append(R"({"type":"summary_text","text":")").append(of.text).append("\"}");
        to.append(1, ']');
        if (done && !of.sealed.empty()) to.append(R"(,"encrypted_content":")").append(of.sealed).append(1, '"');
        to.append(1, '}');
        return;
    }
    to.append(R"(message","status":")").append(status).append(R"(","role":"assistant","content":[)");
    if (done && of.of == part::kind::refusal) to.append(R"({"type":"refusal","refusal":")").append(of.text).append("\"}");
    if (done && of.of != part::kind::refusal)
        to.append(R"({"type":"output_text","text":")")
            .append(of.text)
            .append(R"(","annotations":)")
            .append(annotations_of(of))
            .append(R"(,"logprobs":[]})");
    to.append("]}");
}

response_ending ending_of(finish why) {
    switch (why) {
        case finish::output_cap:
        case finish::context_full: return {"incomplete", R"({"reason":"max_output_tokens"})"};
        case finish::filtered: return {"incomplete", R"({"reason":"content_filter"})"};
        case finish::paused: return {"incomplete", "null"};
        case finish::broken_call: return {"failed", "null", R"({"code":"server_error","message":"the model's call was malformed"})"};
        default: return {"completed", "null"};
    }
}

std::string settings_of_responses(json::cursor request) {
    struct setting {
        std::string_view name, usual;  ///< usual: none: said only where the client said it
    };
    constexpr std::array<setting, 14> all{{{"parallel_tool_calls", "true"},
                                           {"tool_choice", R"("auto")"},
                                           {"tools", "[]"},
                                           {"instructions", "null"},
                                           {"metadata", "{}"},
                                           {"temperature", "null"},
                                           {"text", R"({"format":{"type":"text"}})"},
                                           {"top_p", "null"},
                                           {"reasoning", ""},
                                           {"max_output_tokens", ""},
                                           {"max_tool_calls", ""},
                                           {"truncation", ""},
                                           {"safety_identifier", ""},
                                           {"prompt_cache_key", ""}}};
    std::array<std::string, all.size()> said;
    request.members([&](std::string_view key, json::cursor& value) {
        for (std::size_t i = 0; i < all.size(); ++i)
            if (key == all[i].name && !value.is_null()) {
                const bool lacks_format = key == "text" && value.peek() == '{' && !has_member(value, "format");
                said[i] = written(value);
                if (lacks_format) said[i] = R"({"format":{"type":"text"})" + std::string{said[i].size() > 2 ? "," : ""} + said[i].substr(1);
                return;
            }
    });
    std::string out;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::string_view what = said[i].empty() ? all[i].usual : std::string_view{said[i]};
        if (!what.empty()) out.append(out.empty() ? "\"" : ",\"").append(all[i].name).append("\":").append(what);
    }
    return out;
}

std::string_view settings_of(const answer_names& names) {
    static constexpr std::string_view nothing =
        R"("parallel_tool_calls":true,"tool_choice":"auto","tools":[],"instructions":null,"metadata":{},"temperature":null,"text":{"format":{"type":"text"}},"top_p":null)";
    return names.settings.empty() ? nothing : std::string_view{names.settings};
}

std::string annotations_of(const response_item& of) {
    std::string out = "[";
    for (const auto& each : of.sources) {
        if (out.size() > 1) out += ',';
        append_for_responses(out, each, of.start);
    }
    return out += ']';
}

const tool_form* form_of(const answer_names& names, raw_text sent) {
    for (const auto& each : names.tools)
        if (sent.json == each.sent) return &each;
    return nullptr;
}

std::string_view called_name(const answer_names& names, std::string_view sent) {
    const auto* form = form_of(names, raw_text{sent});
    return form != nullptr ? std::string_view{form->name} : sent;
}

std::string id_for_client(const answer_names& names, raw_text id, std::uint32_t block) {
    if (is_taken_everywhere(id.json) && !may_repeat(id.json)) return std::string{id.json};
    return "call_" + short_hash(names.id + "#" + std::to_string(block));
}

std::string input_of(std::string_view arguments, tool_form::input how) {
    if (how != tool_form::input::wrapped) return std::string{arguments};
    thread_local json::index where;
    auto text = raw_text{arguments}.decoded();
    const auto size = text.size();
    text.append(64, '\0');
    if (where.build(std::string_view{text}.substr(0, size)) == json::fault::none) {
        const auto found = look_for_text(json::cursor{where}, "input");
        if (found.said) return std::string{found.json};
    }
    return {};
}

bool append_arguments(std::string& to, std::string_view arguments) {
    std::string object;
    const bool is_object = append_as_object(object, {arguments, true});
    if (!is_object) {
        // One of its own: whoever tells of this may be reading by the thread's.
        thread_local json::index where;
        const auto text = raw_text{arguments}.decoded();
        if (where.build(text) != json::fault::none || !where.escapes_are_legal()) return false;
        json::cursor at{where};
        if (!at.skip() || !at.at_end()) return false;
    }
    to += object;
    return true;
}

bool is_whole(std::string_view arguments, tool_form::input how) {
    std::string object;
    return how == tool_form::input::text || append_arguments(object, arguments);
}

}  // namespace weir::dialect::hub
