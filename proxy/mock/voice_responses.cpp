// OpenAI's Responses API: the object and its numbered events.
#include "mock/voice.hpp"

namespace weir::mock {
namespace {

json::value usage_of(const saying& s) {
    return {{"input_tokens", s.usage.prompt},
            {"input_tokens_details", {{"cached_tokens", s.usage.cached}}},
            {"output_tokens", s.usage.completion},
            {"output_tokens_details", {{"reasoning_tokens", s.usage.reasoning}}},
            {"total_tokens", s.usage.prompt + s.usage.completion}};
}

json::object part_of(std::string_view text) { return {{"type", "output_text"}, {"annotations", json::array{}}, {"text", text}}; }

json::object message_of(const saying& s, const char* status, bool with_content) {
    json::array content;
    if (with_content) content.push_back(part_of(text_of(s)));
    return {{"id", "msg_" + s.id}, {"type", "message"}, {"status", status}, {"role", "assistant"}, {"content", content}};
}

std::string id_of(const saying& s, std::size_t number) { return "fc_" + s.id + (number == 0 ? "" : "_" + std::to_string(number)); }

json::object call_of(const saying& s, std::size_t number, const char* status, bool with_content) {
    const auto& tool = s.tools[number];
    return {{"id", id_of(s, number)}, {"type", "function_call"}, {"status", status},
            {"call_id", tool.id},     {"name", tool.name},       {"arguments", with_content ? tool.arguments : std::string{}}};
}

json::object summary_of(const saying& s) { return {{"type", "summary_text"}, {"text", thought_of(s)}}; }

json::object reasoning_of(const saying& s, bool with_content) {
    json::object out = {{"id", "rs_" + s.id}, {"type", "reasoning"}, {"summary", json::array{}}};
    if (!with_content) return out;
    out["summary"] = json::array{summary_of(s)};
    out["encrypted_content"] = s.state;
    return out;
}

json::array output_of(const saying& s) {
    json::array out;
    if (!s.thoughts.empty()) out.push_back(reasoning_of(s, true));
    for (std::size_t i = 0; i < s.tools.size(); ++i) out.push_back(call_of(s, i, "completed", true));
    if (s.tools.empty()) out.push_back(message_of(s, s.cut_by_limit ? "incomplete" : "completed", true));
    return out;
}

json::object response_of(const saying& s, const script& how, const char* status, bool complete) {
    json::object out = {{"id", "resp_" + s.id}, {"object", "response"},    {"created_at", s.created},
                        {"status", status},     {"error", nullptr},        {"incomplete_details", nullptr},
                        {"model", s.model},     {"output", json::array{}}, {"parallel_tool_calls", true},
                        {"usage", nullptr}};
    if (!complete) return out;
    if (s.cut_by_limit) out["incomplete_details"] = {{"reason", "max_output_tokens"}};
    out["output"] = output_of(s);
    if (how.usage) out["usage"] = usage_of(s);
    return out;
}

const char* status_of(const saying& s) { return s.cut_by_limit ? "incomplete" : "completed"; }

json::value unary(const saying& s, const script& how) { return response_of(s, how, status_of(s), true); }

/// Numbers the events as they are added.
class numbered {
public:
    event& add(const std::string& type, const json::object& data) {
        json::object all = {{"type", type}, {"sequence_number", next_++}};
        for (const auto& member : data) all.insert(member);
        events.push_back(named_event(type, all));
        return events.back();
    }
    [[nodiscard]] int next_item() { return items_++; }
    std::vector<event> events;

private:
    int next_ = 0, items_ = 0;
};

void add_text(numbered& out, const saying& s, const script& how) {
    const auto at = out.next_item();
    out.add("response.output_item.added", {{"output_index", at}, {"item", message_of(s, "in_progress", false)}});
    const json::object place = {{"item_id", "msg_" + s.id}, {"output_index", at}, {"content_index", 0}};
    const auto with = [&](const char* name, json::value value) {
        json::object data = place;
        data[name] = std::move(value);
        return data;
    };
    out.add("response.content_part.added", with("part", part_of("")));
    for (const auto& piece : s.pieces) out.add("response.output_text.delta", with("delta", json::string{piece}));
    if (how.push != 0) {
        auto& filler = out.add("response.output_text.delta", with("delta", json::string{std::string(800, 'w')}));
        filler.times = repeats_for(how.push, filler);
    }
    out.add("response.output_text.done", with("text", json::string{text_of(s)}));
    out.add("response.content_part.done", with("part", part_of(text_of(s))));
    out.add("response.output_item.done", {{"output_index", at}, {"item", message_of(s, status_of(s), true)}});
}

void add_tool(numbered& out, const saying& s, std::size_t number) {
    const auto& tool = s.tools[number];
    const json::object place = {{"item_id", id_of(s, number)}, {"output_index", out.next_item()}};
    const auto with = [&](const char* name, json::value value) {
        json::object data = place;
        data[name] = std::move(value);
        return data;
    };
    out.add("response.output_item.added", {{"output_index", place.at("output_index")}, {"item", call_of(s, number, "in_progress", false)}});
    for (const auto& slice : slices_of(tool.arguments)) out.add("response.function_call_arguments.delta", with("delta", json::string{slice}));
    out.add("response.function_call_arguments.done", with("arguments", json::string{tool.arguments}));
    out.add("response.output_item.done", {{"output_index", place.at("output_index")}, {"item", call_of(s, number, "completed", true)}});
}

void add_reasoning(numbered& out, const saying& s) {
    const auto at = out.next_item();
    const json::object place = {{"item_id", "rs_" + s.id}, {"output_index", at}, {"summary_index", 0}};
    const auto with = [&](const char* name, json::value value) {
        json::object data = place;
        data[name] = std::move(value);
        return data;
    };
    out.add("response.output_item.added", {{"output_index", at}, {"item", reasoning_of(s, false)}});
    out.add("response.reasoning_summary_part.added", with("part", json::object{{"type", "summary_text"}, {"text", ""}}));
    for (const auto& thought : s.thoughts) out.add("response.reasoning_summary_text.delta", with("delta", json::string{thought}));
    out.add("response.reasoning_summary_text.done", with("text", json::string{thought_of(s)}));
    out.add("response.reasoning_summary_part.done", with("part", summary_of(s)));
    out.add("response.output_item.done", {{"output_index", at}, {"item", reasoning_of(s, true)}});
}

std::vector<event> stream(const saying& s, const script& how) {
    numbered out;
    out.add("response.created", {{"response", response_of(s, how, "in_progress", false)}});
    out.add("response.in_progress", {{"response", response_of(s, how, "in_progress", false)}});
    if (!s.thoughts.empty()) add_reasoning(out, s);
    for (std::size_t i = 0; i < s.tools.size(); ++i) add_tool(out, s, i);
    if (s.tools.empty()) add_text(out, s, how);
    auto& last = out.add(s.cut_by_limit ? "response.incomplete" : "response.completed", {{"response", response_of(s, how, status_of(s), true)}});
    last.terminator = true;
    return std::move(out.events);
}

event error_event(std::string_view message) {
    return named_event("error", {{"type", "error"}, {"code", "server_error"}, {"message", message}, {"param", nullptr}, {"sequence_number", 0}});
}

json::value error_of(int status, std::string_view message) { return chat_voice().error(status, message); }

}  // namespace

const voice& responses_voice() {
    static constexpr voice it{unary, stream, error_of, error_event};
    return it;
}

}  // namespace weir::mock
