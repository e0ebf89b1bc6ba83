// The events of one response: created, its item, its words, done with the usage.
#include "mock/realtime.hpp"

#include "mock/voice.hpp"

namespace weir::mock {
namespace {

json::object session_of(const std::string& model, std::uint64_t serial) {
    return {{"type", "realtime"},
            {"object", "realtime.session"},
            {"id", "sess_mock" + std::to_string(serial)},
            {"model", model},
            {"output_modalities", json::array{"text"}}};
}

std::string name_of(std::string_view prefix, std::uint64_t number) { return std::string{prefix} + std::to_string(number); }

}  // namespace

realtime_session::realtime_session(std::string model, std::uint64_t serial) : model_(std::move(model)), serial_(serial) {}

std::string realtime_session::greeting() {
    return json::serialize(
        json::value{{"type", "session.created"}, {"event_id", name_of("event_", ++events_)}, {"session", session_of(model_, serial_)}});
}

std::vector<std::string> realtime_session::answer_to(std::string_view event) {
    json::error_code failed;
    const auto heard = json::parse(event, failed);
    const auto* type = failed || !heard.is_object() ? nullptr : heard.as_object().if_contains("type");
    const std::string_view what = type != nullptr && type->is_string() ? std::string_view{type->as_string()} : "";
    if (what == "response.create") return respond();
    json::object out = {{"event_id", name_of("event_", ++events_)}};
    if (what == "session.update") {
        out["type"] = "session.updated";
        out["session"] = session_of(model_, serial_);
    } else if (what == "conversation.item.create" && heard.as_object().contains("item")) {
        heard_tokens_ += tokens_of(event);
        out["type"] = "conversation.item.added";
        out["previous_item_id"] = nullptr;
        out["item"] = heard.at("item");
        if (out["item"].is_object()) out["item"].as_object()["id"] = name_of("item_heard", events_);
    } else {
        out["type"] = "error";
        out["error"] = {{"type", "invalid_request_error"},
                        {"code", "invalid_value"},
                        {"message", "the mock provider does not know this event: " + std::string{what}},
                        {"param", "type"}};
    }
    return {json::serialize(out)};
}

std::vector<std::string> realtime_session::respond() {
    std::vector<std::string> out;
    const auto number = ++responses_;
    const auto id = name_of("resp_", number), item_id = name_of("item_", number);
    const auto add = [&](std::string_view type, json::object more) {
        more["type"] = type;
        more["event_id"] = name_of("event_", ++events_);
        out.push_back(json::serialize(more));
    };
    const auto response = [&](const char* status, json::array output, json::value usage) {
        return json::object{
            {"object", "realtime.response"},           {"id", id}, {"status", status}, {"output", std::move(output)}, {"usage", std::move(usage)},
            {"output_modalities", json::array{"text"}}};
    };
    const auto item = [&](const char* status, json::array content) {
        return json::object{{"id", item_id},    {"object", "realtime.item"}, {"type", "message"},
                            {"status", status}, {"role", "assistant"},       {"content", std::move(content)}};
    };
    const std::vector<std::string> words = {"Water", " flows", " over", " the", " weir."};
    std::string text;
    add("response.created", {{"response", response("in_progress", {}, nullptr)}});
    add("response.output_item.added", {{"response_id", id}, {"output_index", 0}, {"item", item("in_progress", {})}});
    const json::object place = {{"response_id", id}, {"item_id", item_id}, {"output_index", 0}, {"content_index", 0}};
    for (const auto& word : words) {
        text += word;
        auto more = place;
        more["delta"] = word;
        add("response.output_text.delta", more);
    }
    auto done = place;
    done["text"] = text;
    add("response.output_text.done", done);
    const auto whole = item("completed", {json::object{{"type", "output_text"}, {"text", text}}});
    add("response.output_item.done", {{"response_id", id}, {"output_index", 0}, {"item", whole}});
    const auto said = static_cast<std::int64_t>(words.size());
    const json::object usage = {{"total_tokens", heard_tokens_ + said},
                                {"input_tokens", heard_tokens_},
                                {"output_tokens", said},
                                {"input_token_details", {{"text_tokens", heard_tokens_}, {"audio_tokens", 0}, {"cached_tokens", 0}}},
                                {"output_token_details", {{"text_tokens", said}, {"audio_tokens", 0}}}};
    add("response.done", {{"response", response("completed", {whole}, usage)}});
    return out;
}

}  // namespace weir::mock
