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

json::object item_of(const saying& s, const char* status, bool with_content) {
    if (s.tool)
        return {{"id", "fc_" + s.id},    {"type", "function_call"}, {"status", status},
                {"call_id", s.tool->id}, {"name", s.tool->name},    {"arguments", with_content ? s.tool->arguments : std::string{}}};
    json::array content;
    if (with_content) content.push_back(part_of(text_of(s)));
    return {{"id", "msg_" + s.id}, {"type", "message"}, {"status", status}, {"role", "assistant"}, {"content", content}};
}

json::object response_of(const saying& s, const script& how, const char* status, bool complete) {
    json::object out = {{"id", "resp_" + s.id}, {"object", "response"},    {"created_at", s.created},
                        {"status", status},     {"error", nullptr},        {"incomplete_details", nullptr},
                        {"model", s.model},     {"output", json::array{}}, {"parallel_tool_calls", true},
                        {"usage", nullptr}};
    if (!complete) return out;
    if (s.cut_by_limit) out["incomplete_details"] = {{"reason", "max_output_tokens"}};
    out["output"] = json::array{item_of(s, s.cut_by_limit ? "incomplete" : "completed", true)};
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
    std::vector<event> events;

private:
    int next_ = 0;
};

void add_text(numbered& out, const saying& s, const script& how) {
    const json::object place = {{"item_id", "msg_" + s.id}, {"output_index", 0}, {"content_index", 0}};
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
}

void add_tool(numbered& out, const saying& s) {
    for (const auto& slice : slices_of(s.tool->arguments))
        out.add("response.function_call_arguments.delta", {{"item_id", "fc_" + s.id}, {"output_index", 0}, {"delta", slice}});
    out.add("response.function_call_arguments.done", {{"item_id", "fc_" + s.id}, {"output_index", 0}, {"arguments", s.tool->arguments}});
}

std::vector<event> stream(const saying& s, const script& how) {
    numbered out;
    out.add("response.created", {{"response", response_of(s, how, "in_progress", false)}});
    out.add("response.in_progress", {{"response", response_of(s, how, "in_progress", false)}});
    out.add("response.output_item.added", {{"output_index", 0}, {"item", item_of(s, "in_progress", false)}});
    if (s.tool)
        add_tool(out, s);
    else
        add_text(out, s, how);
    out.add("response.output_item.done", {{"output_index", 0}, {"item", item_of(s, status_of(s), true)}});
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
