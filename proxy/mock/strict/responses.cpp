// What OpenAI refuses of a responses request.
#include <string>

#include "mock/strict/openai.hpp"
#include "mock/strict/rules.hpp"
#include "mock/strict/state.hpp"

namespace weir::mock::strict {
namespace {

class request {
public:
    explicit request(const json::value& body) : body_(body), model_(text(body, "", "model")), items_(plain_items(body)) {}

    void check() {
        members(
            body_, "",
            "model! input access_programs background background_options context_management conversation image include instructions max_output_tokens "
            "max_tool_calls metadata moderation parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options "
            "prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options temperature text tool_choice tools "
            "top_logprobs top_p truncation user");
        tools();
        choice();
        settings();
        format();
        input();
    }

private:
    void tools();
    void choice() const;
    void settings() const;
    void format() const;
    void input();
    void item(const json::value& of, const std::string& path, std::size_t number);
    void message(const json::value& of, const std::string& path) const;
    void part(const json::value& of, const std::string& path, std::string_view types) const;
    void call(const json::value& of, const std::string& path, bool custom);
    void output(const json::value& of, const std::string& path, bool custom);
    void reasoning(const json::value& of, const std::string& path, std::size_t number) const;

    const json::value& body_;
    const std::string model_;
    const json::array items_;
    std::vector<std::string> tools_, calls_;
    std::vector<std::string> due_;  ///< ids of calls that have no output yet
};

void request::tools() {
    const auto* all = said(body_, "tools");
    if (all == nullptr || (all->is_array() && all->as_array().empty())) return;
    for (const auto& each : list(body_, "", "tools")) {
        const auto type = text(each, "tools", "type");
        if (type == "function") {
            members(each, "tools", "type! name! parameters! strict description async allowed_callers defer_loading output_schema");
            check_function(each, "tools");
            // Left out it means strict.
            if (said(each, "strict") == nullptr) closed_schema(each.as_object().at("parameters"), "tools.parameters", true);
        } else if (type == "custom") {
            members(each, "tools", "type! name! description format async allowed_callers defer_loading");
        } else if (type == "web_search") {
            members(each, "tools", "type! filters user_location search_context_size external_web_access");
        }
        const auto name = string_member(each, "name");
        add_once(tools_, name.empty() ? type : name, "tools");
    }
}

void request::choice() const {
    flag(body_, "", "parallel_tool_calls");
    const auto* found = said(body_, "tool_choice");
    if (found == nullptr) return;
    demand(!tools_.empty(), "tool_choice", "it is only allowed when 'tools' are specified");
    if (found->is_string()) return word(body_, "", "tool_choice", "none auto required");
    const auto type = text(*found, "tool_choice", "type");
    if (type == "allowed_tools") {
        members(*found, "tool_choice", "type! mode! tools!");
        return word(*found, "tool_choice", "mode", "auto required");
    }
    if (!one_of(type, "function custom")) return;
    members(*found, "tool_choice", "type! name!");
    demand(holds(tools_, text(*found, "tool_choice", "name")), "tool_choice", "there is no such tool");
}

void request::settings() const {
    whole(body_, "", "max_output_tokens", 16, 1e9);
    flag(body_, "", "stream");
    flag(body_, "", "store");
    const auto* reasons = said(body_, "reasoning");
    std::string effort;
    if (reasons != nullptr) {
        members(*reasons, "reasoning", "effort summary generate_summary mode context");
        effort = string_member(*reasons, "effort");
        word(*reasons, "reasoning", "summary", "auto concise detailed");
        word(*reasons, "reasoning", "mode", "standard pro");
        word(*reasons, "reasoning", "context", "auto current_turn all_turns");
        demand(!is_openai(model_) || begins_with_any(model_, "gpt-5 gpt-6 o1 o3 o4"), "reasoning",
               "Unsupported parameter: it is not supported with this model");
    }
    check_effort(effort, model_, "reasoning.effort");
    check_openai_sampling(body_, model_, effort);
    word(body_, "", "truncation", "auto disabled");
    if (const auto* more = said(body_, "include"))
        for (const auto& each : more->as_array())
            demand(each.is_string() &&
                       one_of(each.as_string(),
                              "file_search_call.results web_search_call.results web_search_call.action.sources message.input_image.image_url "
                              "computer_call_output.output.image_url code_interpreter_call.outputs reasoning.encrypted_content "
                              "message.output_text.logprobs"),
                   "include", "no such value");
}

void request::format() const {
    const auto* settings = said(body_, "text");
    if (settings == nullptr) return;
    members(*settings, "text", "format verbosity");
    word(*settings, "text", "verbosity", "low medium high");
    const auto* found = said(*settings, "format");
    if (found == nullptr) return;
    word(*found, "text.format", "type", "text json_object json_schema");
    if (string_member(*found, "type") == "json_object") {
        auto all = json::serialize(body_.as_object().at("input"));
        for (auto& c : all) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        demand(all.find("json") != std::string::npos, "text.format", "'input' must contain the word 'json' in some form");
    }
    if (string_member(*found, "type") != "json_schema") return;
    members(*found, "text.format", "type! name! schema! strict description");
    check_openai_schema(*found, "text.format");
}

void request::input() {
    const auto* all = said(body_, "input");
    demand(all != nullptr || said(body_, "previous_response_id") != nullptr || said(body_, "prompt") != nullptr, "input",
           "One of \"input\" or \"previous_response_id\" or 'prompt' must be provided");
    if (all == nullptr || all->is_string()) return;
    std::size_t number = 0;
    for (const auto& each : list(body_, "", "input")) {
        item(each, "input[" + std::to_string(number) + "]", number);
        ++number;
    }
    demand(due_.empty() || said(body_, "previous_response_id") != nullptr, "input",
           "No tool output found for function call " + (due_.empty() ? "" : due_.front()));
}

void request::item(const json::value& of, const std::string& path, std::size_t number) {
    const auto type = string_member(of, "type");
    if (type.empty() || type == "message") return message(of, path);
    if (type == "function_call" || type == "custom_tool_call") return call(of, path, type == "custom_tool_call");
    if (type == "function_call_output" || type == "custom_tool_call_output") return output(of, path, type == "custom_tool_call_output");
    if (type == "reasoning") return reasoning(of, path, number);
    demand(one_of(type,
                  "web_search_call file_search_call computer_call computer_call_output code_interpreter_call image_generation_call local_shell_call "
                  "local_shell_call_output shell_call shell_call_output apply_patch_call apply_patch_call_output mcp_list_tools mcp_approval_request "
                  "mcp_approval_response mcp_call item_reference compaction additional_tools configuration_update tool_search_call "
                  "tool_search_output program"),
           path, "Invalid value: '" + type + "'");
}

void request::message(const json::value& of, const std::string& path) const {
    members(of, path, "type role! content! id status phase");
    const auto role = text(of, path, "role");
    demand(one_of(role, "user assistant system developer"), path + ".role", "no such role");
    if (of.as_object().at("content").is_string()) return;
    for (const auto& each : list(of, path, "content"))
        part(each, path + ".content",
             role == "assistant" ? "output_text refusal"
             : role == "user"    ? "input_text input_image input_file"
                                 : "input_text");
}

void request::part(const json::value& of, const std::string& path, std::string_view types) const {
    const auto type = text(of, path, "type");
    demand(one_of(type, types), path + ".type", "Invalid value: '" + type + "'. Supported values are: " + std::string{types});
    if (type == "input_text") {
        members(of, path, "type! text! prompt_cache_breakpoint");
    } else if (type == "output_text") {
        members(of, path, "type! text! annotations logprobs");
    } else if (type == "refusal") {
        members(of, path, "type! refusal!");
    } else if (type == "input_image") {
        members(of, path, "type! image_url file_id detail prompt_cache_breakpoint");
        demand((said(of, "image_url") == nullptr) != (said(of, "file_id") == nullptr), path, "either 'image_url' or 'file_id'");
        if (said(of, "image_url") != nullptr) check_image(text(of, path, "image_url"), path);
        word(of, path, "detail", "auto low high original");
    } else {
        members(of, path, "type! file_data file_id file_url filename detail prompt_cache_breakpoint");
        demand(said(of, "file_data") == nullptr || said(of, "filename") != nullptr, path, "'filename' goes with 'file_data'");
        demand((said(of, "file_data") != nullptr) + (said(of, "file_id") != nullptr) + (said(of, "file_url") != nullptr) == 1, path,
               "one of 'file_data', 'file_id' and 'file_url'");
    }
}

void request::call(const json::value& of, const std::string& path, bool custom) {
    members(of, path,
            custom ? "type! call_id! name! input! id namespace status caller" : "type! call_id! name! arguments! id namespace status async caller");
    fits(text(of, path, "name"), path + ".name", "_-", 128);
    (void)text(of, path, custom ? "input" : "arguments");
    const auto id = text(of, path, "call_id");
    demand(!id.empty() && id.size() <= 64, path + ".call_id", "string too long: at most 64");
    add_once(calls_, id, path + ".call_id");
    due_.push_back(id);
}

void request::output(const json::value& of, const std::string& path, bool custom) {
    members(of, path,
            custom ? "type! call_id! output! id name namespace status caller" : "type! call_id! output! id name namespace status async caller");
    const auto id = text(of, path, "call_id");
    demand(holds(due_, id), path, "No tool call found for function call output with call_id " + id);
    std::erase(due_, id);
    if (of.as_object().at("output").is_string()) return;
    for (const auto& each : list(of, path, "output")) part(each, path + ".output", "input_text input_image input_file");
}

void request::reasoning(const json::value& of, const std::string& path, std::size_t number) const {
    members(of, path, "type! summary! id content encrypted_content status");
    std::string thought;
    demand(of.as_object().at("summary").is_array(), path + ".summary", "a list is due");
    for (const auto& each : of.as_object().at("summary").as_array()) {
        members(each, path + ".summary", "type! text!");
        word(each, path + ".summary", "type", "summary_text");
        thought += text(each, path + ".summary", "text");
    }
    const auto* store = said(body_, "store");
    const bool kept = store == nullptr || *store == true;
    if (kept && said(of, "encrypted_content") == nullptr) return;
    demand(said(of, "encrypted_content") != nullptr, path,
           "Item with id '" + string_member(of, "id") + "' not found. Items are not persisted when `store` is set to false");
    demand(kept || said(of, "id") == nullptr, path, "Item not found: `store` is false");
    // What no longer fits the provider drops without a word; here that is what is judged.
    check_state(family::gpt, text(of, path, "encrypted_content"), responses_before(body_, items_, number), thought, path + ".encrypted_content");
}

}  // namespace

void check_responses(const json::value& body) { request{body}.check(); }

}  // namespace weir::mock::strict
