#include "dialect/hub/answer/response_items.hpp"

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
        to.append(R"({"type":"output_text","text":")").append(of.text).append(R"(","annotations":[],"logprobs":[]})");
    to.append("]}");
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

bool is_whole(std::string_view arguments, tool_form::input how) {
    if (how == tool_form::input::text) return true;
    std::string object;
    return append_as_object(object, {arguments, true});
}

}  // namespace weir::dialect::hub
