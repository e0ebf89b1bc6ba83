// What OpenAI refuses of a chat completions request, and what its two dialects share.
#include <string>

#include "mock/strict/openai.hpp"
#include "mock/strict/rules.hpp"

namespace weir::mock::strict {

bool is_openai(std::string_view model) { return begins_with_any(model, "gpt- o1 o3 o4 chatgpt-") && !model.starts_with("gpt-oss"); }

void check_openai_sampling(const json::value& body, std::string_view model, std::string_view effort) {
    number(body, "", "temperature", 0, 2);
    number(body, "", "top_p", 0, 1);
    whole(body, "", "top_logprobs", 0, 20);
    const bool reasons = begins_with_any(model, "gpt-5 gpt-6 o1 o3 o4");
    const bool asleep = begins_with_any(model, "gpt-5.1 gpt-5.2 gpt-5.3 gpt-5.4");
    const bool samples = !reasons || effort == "none" || (effort.empty() && asleep);
    for (const char* name : {"temperature", "top_p"})
        demand(samples || said(body, name) == nullptr, name, "Unsupported parameter: it is not supported with this model");
}

void check_effort(const std::string& effort, std::string_view model, const std::string& path) {
    if (effort.empty()) return;
    demand(one_of(effort, "none minimal low medium high xhigh max"), path, "no such effort");
    if (!is_openai(model)) return;
    demand(begins_with_any(model, "gpt-5 gpt-6 o1 o3 o4"), path, "Unrecognized request argument supplied: this model does not reason");
    demand(effort != "minimal" || (model.starts_with("gpt-5") && !model.starts_with("gpt-5.")), path, "Unsupported value: 'minimal'");
    demand(effort != "none" || (!begins_with_any(model, "o1 o3 o4 gpt-6-astra gpt-6.1-sol") && model != "gpt-5" && !model.starts_with("gpt-5-")),
           path, "Unsupported value: 'none'");
}

void check_openai_schema(const json::value& of, const std::string& path) {
    fits(text(of, path, "name"), path + ".name", "_-", 64);
    flag(of, path, "strict");
    const auto* schema = said(of, "schema");
    if (schema != nullptr && flag_member(of, "strict")) closed_schema(*schema, path + ".schema", true);
}

void check_function(const json::value& of, const std::string& path) {
    fits(text(of, path, "name"), path + ".name", "_-", 64);
    flag(of, path, "strict");
    const auto* schema = said(of, "parameters");
    if (schema == nullptr) return;
    demand(string_member(*schema, "type") == "object", path + ".parameters", "schema must be a JSON Schema of 'type: \"object\"'");
    if (flag_member(of, "strict")) closed_schema(*schema, path + ".parameters", true);
}

void check_image(const std::string& url, const std::string& path) {
    demand(begins_with_any(url, "https:// http:// data:image/jpeg;base64, data:image/png;base64, data:image/gif;base64, data:image/webp;base64,"),
           path, "Invalid image");
}

namespace {

class request {
public:
    explicit request(const json::value& body) : body_(body), model_(text(body, "", "model")) {}

    void check() {
        members(body_, "",
                "model! messages! audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens metadata "
                "modalities "
                "moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention "
                "reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options temperature tool_choice tools "
                "top_logprobs top_p user verbosity web_search_options");
        tools();
        choice();
        settings();
        format();
        messages();
    }

private:
    void tools();
    void choice() const;
    void settings() const;
    void format() const;
    void messages();
    void one_message(const json::value& of, const std::string& path, std::size_t number);
    void assistant(const json::value& of, const std::string& path);
    void call(const json::value& of, const std::string& path);
    void content(const json::value& of, const std::string& path, std::string_view types) const;
    void part(const json::value& of, const std::string& path, std::string_view types) const;

    const json::value& body_;
    const std::string model_;
    std::vector<std::string> tools_;
    std::vector<std::string> due_;  ///< ids of calls whose results come next
};

void request::tools() {
    if (said(body_, "tools") == nullptr) return;
    for (const auto& each : list(body_, "", "tools")) {
        const auto type = text(each, "tools", "type");
        demand(one_of(type, "function custom"), "tools.type", "Supported values are: 'function' and 'custom'");
        members(each, "tools", type == "function" ? "type! function!" : "type! custom!");
        const auto& inner = each.as_object().at(type);
        members(inner, "tools." + type, type == "function" ? "name! description parameters strict" : "name! description format");
        if (type == "function") check_function(inner, "tools.function");
        add_once(tools_, text(inner, "tools." + type, "name"), "tools");
    }
}

void request::choice() const {
    flag(body_, "", "parallel_tool_calls");
    for (const char* name : {"tool_choice", "parallel_tool_calls"})
        demand(said(body_, name) == nullptr || !tools_.empty(), name, "it is only allowed when 'tools' are specified");
    const auto* found = said(body_, "tool_choice");
    if (found == nullptr) return;
    if (found->is_string()) return word(body_, "", "tool_choice", "none auto required");
    const auto type = text(*found, "tool_choice", "type");
    demand(one_of(type, "function custom allowed_tools"), "tool_choice.type", "no such choice");
    const auto& inner = member(*found, type);
    demand(inner != nullptr, "tool_choice." + type, "Field required");
    if (type == "allowed_tools") {
        members(*inner, "tool_choice.allowed_tools", "mode! tools!");
        return word(*inner, "tool_choice.allowed_tools", "mode", "auto required");
    }
    demand(holds(tools_, text(*inner, "tool_choice", "name")), "tool_choice", "there is no such tool");
}

void request::settings() const {
    const auto effort = string_member(body_, "reasoning_effort");
    check_effort(effort, model_, "reasoning_effort");
    check_openai_sampling(body_, model_, effort);
    for (const char* name : {"frequency_penalty", "presence_penalty"}) number(body_, "", name, -2, 2);
    whole(body_, "", "n", 1, 128);
    for (const char* name : {"max_tokens", "max_completion_tokens"}) whole(body_, "", name, 1, 1e9);
    demand(said(body_, "max_tokens") == nullptr || said(body_, "max_completion_tokens") == nullptr, "max_tokens",
           "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported");
    demand(said(body_, "max_tokens") == nullptr || !begins_with_any(model_, "gpt-5 gpt-6 o1 o3 o4"), "max_tokens",
           "Unsupported parameter: use 'max_completion_tokens' instead");
    flag(body_, "", "stream");
    flag(body_, "", "logprobs");
    demand(said(body_, "stream_options") == nullptr || flag_member(body_, "stream"), "stream_options",
           "it should only be set along with stream = true");
    demand(said(body_, "top_logprobs") == nullptr || flag_member(body_, "logprobs"), "top_logprobs", "logprobs must be set to true");
    demand(said(body_, "metadata") == nullptr || flag_member(body_, "store"), "metadata", "it is only allowed when 'store' is enabled");
    if (const auto* stops = said(body_, "stop"); stops != nullptr && stops->is_array()) {
        demand(list(body_, "", "stop").size() <= 4, "stop", "array too long");
        for (const auto& each : stops->as_array()) demand(each.is_string() && !each.as_string().empty(), "stop", "strings are due");
    }
    const bool late = begins_with_any(model_, "gpt-5.4 gpt-5.5 gpt-5.6 gpt-6");
    demand(!late || tools_.empty() || effort == "none", "reasoning_effort",
           "Function tools with reasoning_effort are not supported in /v1/chat/completions: use /v1/responses or set reasoning_effort to 'none'");
}

void request::format() const {
    const auto* found = said(body_, "response_format");
    if (found == nullptr) return;
    word(*found, "response_format", "type", "text json_object json_schema");
    if (string_member(*found, "type") == "json_object") {
        auto all = json::serialize(body_.as_object().at("messages"));
        for (auto& c : all) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        demand(all.find("json") != std::string::npos, "response_format", "'messages' must contain the word 'json' in some form");
    }
    if (string_member(*found, "type") != "json_schema") return;
    const auto* inner = member(*found, "json_schema");
    demand(inner != nullptr, "response_format.json_schema", "Field required");
    members(*inner, "response_format.json_schema", "name! schema strict description");
    check_openai_schema(*inner, "response_format.json_schema");
}

void request::messages() {
    std::size_t number = 0;
    for (const auto& each : list(body_, "", "messages")) {
        one_message(each, "messages." + std::to_string(number), number);
        ++number;
    }
    demand(due_.empty(), "messages",
           "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id': " +
               (due_.empty() ? "" : due_.front()));
}

void request::one_message(const json::value& of, const std::string& path, std::size_t number) {
    const auto role = text(of, path, "role");
    if (role == "tool") {
        members(of, path, "role! content! tool_call_id!");
        content(of, path, "text");
        const auto id = text(of, path, "tool_call_id");
        demand(holds(due_, id), path, "messages with role 'tool' must be a response to a preceeding message with 'tool_calls': " + id);
        std::erase(due_, id);
        return;
    }
    demand(due_.empty(), path, "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'");
    if (role == "assistant") return assistant(of, path);
    demand(one_of(role, "system developer user"), path + ".role", "no such role");
    members(of, path, "role! content! name");
    content(of, path, role == "user" ? "text image_url input_audio file" : "text");
    // Servers of others take one system message, in front.
    if (is_openai(model_) || role == "user") return;
    demand(role == "system" && number == 0, path, "Unexpected role: system message must be at the beginning");
}

void request::assistant(const json::value& of, const std::string& path) {
    const bool back = begins_with_any(model_, "deepseek- kimi- glm-");
    members(of, path, back ? "role! content refusal name tool_calls reasoning_content" : "role! content refusal name audio tool_calls function_call");
    const bool calls = said(of, "tool_calls") != nullptr;
    demand(calls || said(of, "content") != nullptr || said(of, "refusal") != nullptr, path, "content is required unless there are tool_calls");
    if (said(of, "content") != nullptr) content(of, path, "text refusal");
    if (!calls) return;
    if (back)
        demand(!text(of, path, "reasoning_content").empty(), path, "The `reasoning_content` in the thinking mode must be passed back to the API");
    for (const auto& each : list(of, path, "tool_calls")) call(each, path + ".tool_calls");
}

void request::call(const json::value& of, const std::string& path) {
    const auto type = text(of, path, "type");
    demand(one_of(type, "function custom"), path + ".type", "no such call");
    members(of, path, type == "function" ? "id! type! function!" : "id! type! custom!");
    const auto& inner = of.as_object().at(type);
    members(inner, path, type == "function" ? "name! arguments!" : "name! input!");
    fits(text(inner, path, "name"), path + ".name", "_-", 128);
    (void)text(inner, path, type == "function" ? "arguments" : "input");
    const auto id = text(of, path, "id");
    demand(!id.empty() && id.size() <= 64, path + ".id", "string too long: at most 64");
    add_once(due_, id, path + ".id");
}

void request::content(const json::value& of, const std::string& path, std::string_view types) const {
    const auto* found = member(of, "content");
    demand(found != nullptr, path + ".content", "Field required");
    if (found->is_string()) return;
    for (const auto& each : list(of, path, "content")) part(each, path + ".content", types);
}

void request::part(const json::value& of, const std::string& path, std::string_view types) const {
    const auto type = text(of, path, "type");
    demand(one_of(type, types), path + ".type", "'" + type + "' cannot stand here");
    members(of, path, "type! " + type + "! prompt_cache_breakpoint");
    if (type == "text" || type == "refusal") {
        (void)text(of, path, type);
        return;
    }
    const auto& inner = of.as_object().at(type);
    members(inner, path, type == "image_url" ? "url! detail" : type == "file" ? "file_data filename file_id" : "data! format!");
    if (type == "image_url") check_image(text(inner, path, "url"), path);
    word(inner, path, "detail", "auto low high original");
    word(inner, path, "format", "wav mp3");
}

}  // namespace

void check_chat(const json::value& body) { request{body}.check(); }

}  // namespace weir::mock::strict
