// What Anthropic refuses of a Messages request.
#include <algorithm>
#include <string>

#include "mock/strict/rules.hpp"
#include "mock/strict/state.hpp"

namespace weir::mock::strict {
namespace {

/// What a model takes; the longest beginning of its name counts. Other models take all.
struct claude {
    std::string_view begins;
    std::string_view thinking;  ///< types that are taken
    std::string_view efforts;
    bool sampling, forced_tool, inline_system, prefill;
};
constexpr claude models[] = {
    {"", "enabled adaptive disabled between_tools", "low medium high xhigh max", true, true, true, true},
    {"claude-3", "enabled disabled", "", true, true, false, true},
    {"claude-opus-4", "enabled disabled", "", true, true, false, true},
    {"claude-sonnet-4", "enabled disabled", "", true, true, false, true},
    {"claude-haiku-4", "enabled disabled", "", true, true, false, true},
    {"claude-opus-4-5", "enabled disabled", "low medium high", true, true, false, true},
    {"claude-opus-4-6", "adaptive enabled disabled", "low medium high max", true, true, false, false},
    {"claude-sonnet-4-6", "adaptive enabled disabled", "low medium high max", true, true, false, false},
    {"claude-opus-4-7", "adaptive disabled", "low medium high xhigh max", false, true, false, false},
    {"claude-opus-4-8", "adaptive disabled", "low medium high xhigh max", false, true, true, false},
    {"claude-sonnet-5", "adaptive disabled", "low medium high xhigh max", false, true, false, false},
    {"claude-opus-5", "adaptive disabled", "low medium high xhigh max", false, true, true, false},
    {"claude-fable-5", "adaptive", "low medium high xhigh max", false, true, true, false},
    {"claude-mythos-5", "adaptive", "low medium high xhigh max", false, true, true, false},
    {"claude-fable-5-1", "adaptive", "low medium high xhigh max", false, false, true, false},
    {"claude-fable-5-2", "adaptive", "low medium high xhigh max", false, false, true, false},
    {"claude-mythos-5-1", "adaptive", "low medium high xhigh max", false, false, true, false},
    {"claude-mythos-5-2", "adaptive", "low medium high xhigh max", false, false, true, false},
    {"claude-opus-5-5", "adaptive", "low medium high xhigh max", false, false, true, false},
    {"claude-sonnet-5-5", "adaptive between_tools", "low medium high xhigh max", false, false, true, false},
    {"claude-haiku-5-5", "adaptive disabled", "low medium high xhigh max", false, true, true, false},
};

const claude& model_named(std::string_view name) {
    const auto* best = &models[0];
    for (const auto& each : models)
        if (name.starts_with(each.begins) && each.begins.size() >= best->begins.size()) best = &each;
    return *best;
}

constexpr double any_number = 1e18;

class request {
public:
    request(const json::value& body, const received& what)
        : body_(body), what_(what), model_(model_named(text(body, "", "model"))), turns_(merged_messages(body)) {}

    void check() {
        head();
        members(
            body_, "",
            "model! messages! max_tokens! cache_control container context_management inference_geo mcp_servers metadata output_config "
            "service_tier speed stop_sequences stream system temperature thinking thread tool_choice tools top_k top_p user_profile_id diagnostics");
        whole(body_, "", "max_tokens", 0, 128000);
        flag(body_, "", "stream");
        system();
        tools();
        choice();
        thinking();
        settings();
        turns();
        demand(marks_ <= 4, "", "A maximum of 4 blocks with cache_control may be provided");
    }

private:
    void head() const;
    void system();
    void tools();
    void choice() const;
    void thinking() const;
    void settings() const;
    void sampling() const;
    void format() const;
    void turns();
    void assistant(std::size_t number);
    void user(std::size_t number);
    void system_turn(std::size_t number);
    void block(const json::value& of, const std::string& path, std::string_view types);
    void source(const json::value& of, const std::string& path) const;
    void thought(const json::value& of, const std::string& path, std::size_t number) const;
    void mark(const json::value& of, const std::string& path);
    [[nodiscard]] const json::array& content(std::size_t number) const { return turns_[number].as_object().at("content").as_array(); }
    [[nodiscard]] std::string role(std::size_t number) const { return string_member(turns_[number], "role"); }

    const json::value& body_;
    const received& what_;
    const claude& model_;
    const json::array turns_;
    std::vector<std::string> tools_, ids_;
    std::vector<std::string> due_;  ///< ids of calls whose results come next
    int marks_ = 0;
};

void request::head() const {
    const auto version = what_.header("anthropic-version");
    demand(one_of(version, "2023-06-01 2026-10-21"), "anthropic-version", "header is required");
    if (version == "2026-10-21")
        for (const char* name : {"temperature", "top_p", "top_k"}) demand(said(body_, name) == nullptr, name, "it is not taken by this version");
}

void request::mark(const json::value& of, const std::string& path) {
    const auto* found = said(of, "cache_control");
    if (found == nullptr) return;
    ++marks_;
    members(*found, path + ".cache_control", "type! ttl scope");
    word(*found, path + ".cache_control", "type", "ephemeral");
    word(*found, path + ".cache_control", "ttl", "5m 1h");
}

void request::system() {
    mark(body_, "");
    const auto* found = said(body_, "system");
    if (found == nullptr || found->is_string()) return;
    for (const auto& each : list(body_, "", "system")) block(each, "system", "text");
}

void request::tools() {
    const auto* all = said(body_, "tools");
    if (all == nullptr || (all->is_array() && all->as_array().empty())) return;
    for (const auto& each : list(body_, "", "tools")) {
        const auto type = string_member(each, "type");
        mark(each, "tools");
        add_once(tools_, text(each, "tools", "name"), "tools");
        if (!type.empty() && type != "custom") {
            members(each, "tools",
                    "type! name! allowed_domains blocked_domains cache_control max_uses user_location allowed_callers defer_loading strict citations "
                    "max_content_tokens");
            continue;
        }
        members(each, "tools",
                "name! input_schema! description type strict cache_control defer_loading eager_input_streaming input_examples allowed_callers");
        fits(tools_.back(), "tools.name", "_-", 128);
        const auto& schema = each.as_object().at("input_schema");
        demand(string_member(schema, "type") == "object", "tools.input_schema.type", "Input should be 'object'");
        flag(each, "tools", "strict");
        if (flag_member(each, "strict")) closed_schema(schema, "tools.input_schema", false);
    }
}

void request::choice() const {
    const auto* found = said(body_, "tool_choice");
    if (found == nullptr) return;
    demand(!tools_.empty(), "tool_choice", "it may only be specified while providing tools");
    members(*found, "tool_choice", "type! name disable_parallel_tool_use");
    word(*found, "tool_choice", "type", "auto any tool none");
    const auto type = string_member(*found, "type");
    demand(type != "none" || said(*found, "disable_parallel_tool_use") == nullptr, "tool_choice.disable_parallel_tool_use", "not with none");
    if (type == "tool") demand(holds(tools_, text(*found, "tool_choice", "name")), "tool_choice.name", "there is no such tool");
    if (type != "any" && type != "tool") return;
    demand(model_.forced_tool, "tool_choice", "the model does not support forcing tool use");
    const auto* thinks = said(body_, "thinking");
    demand(thinks == nullptr || string_member(*thinks, "type") != "enabled", "tool_choice",
           "thinking may not be enabled when tool_choice forces tool use");
}

void request::thinking() const {
    const auto* found = said(body_, "thinking");
    if (found == nullptr) return;
    const auto type = text(*found, "thinking", "type");
    demand(one_of(type, model_.thinking), "thinking.type", "'" + type + "' is not supported by this model");
    members(*found, "thinking", type == "enabled" ? "type! budget_tokens! display" : type == "adaptive" ? "type! display block_binding" : "type!");
    word(*found, "thinking", "display", "summarized omitted updates");
    if (type == "enabled") {
        whole(*found, "thinking", "budget_tokens", 1024, any_number);
        demand(number_member(*found, "budget_tokens", 0) < number_member(body_, "max_tokens", 0), "thinking.budget_tokens",
               "`max_tokens` must be greater");
    }
    const auto* binding = said(*found, "block_binding");
    if (binding == nullptr) return;
    members(*binding, "thinking.block_binding", "prefix_mismatch_behavior!");
    demand(what_.header("anthropic-beta").find("thinking-binding-controls-2026-08-01") != std::string::npos, "thinking.block_binding",
           "Extra inputs are not permitted without its beta");
}

void request::sampling() const {
    for (const char* name : {"temperature", "top_p"}) number(body_, "", name, 0, 1);
    whole(body_, "", "top_k", 0, any_number);
    const auto* heat = said(body_, "temperature");
    const auto* mass = said(body_, "top_p");
    const auto* most = said(body_, "top_k");
    if (heat == nullptr && mass == nullptr && most == nullptr) return;
    demand(model_.sampling, "temperature", "temperature, top_p and top_k are not supported by this model");
    const bool either = begins_with_any(string_member(body_, "model"),
                                        "claude-opus-4-1 claude-opus-4-5 claude-opus-4-6 claude-sonnet-4-5 claude-sonnet-4-6 claude-haiku-4-5");
    demand(!either || heat == nullptr || mass == nullptr, "top_p", "`temperature` and `top_p` cannot both be specified for this model");
    const auto* thinks = said(body_, "thinking");
    if (thinks == nullptr || string_member(*thinks, "type") != "enabled") return;
    demand(heat == nullptr || heat->to_number<double>() == 1, "temperature", "it may only be set to 1 when thinking is enabled");
    demand(most == nullptr && (mass == nullptr || mass->to_number<double>() >= 0.95), "top_k", "it must be unset when thinking is enabled");
}

void request::format() const {
    const auto* config = said(body_, "output_config");
    if (config == nullptr) return;
    members(*config, "output_config", "effort format");
    if (said(*config, "effort") != nullptr)
        demand(one_of(text(*config, "output_config", "effort"), model_.efforts), "output_config.effort", "the model does not support it");
    const auto* wanted = said(*config, "format");
    if (wanted == nullptr) return;
    members(*wanted, "output_config.format", "type! schema!");
    word(*wanted, "output_config.format", "type", "json_schema");
    closed_schema(wanted->as_object().at("schema"), "output_config.format.schema", false);
}

void request::settings() const {
    sampling();
    format();
    if (const auto* about = said(body_, "metadata")) {
        members(*about, "metadata", "user_id");
        demand(string_member(*about, "user_id").size() <= 256, "metadata.user_id", "it is too long");
    }
    word(body_, "", "service_tier", "auto standard_only");
    word(body_, "", "speed", "standard fast");
    if (const auto* stops = said(body_, "stop_sequences"))
        for (const auto& each : stops->as_array())
            demand(each.is_string() && !blank(each.as_string()), "stop_sequences", "each stop sequence must contain non-whitespace");
}

void request::turns() {
    (void)list(body_, "", "messages");
    for (const auto& each : body_.as_object().at("messages").as_array()) {
        members(each, "messages", "role! content!");
        word(each, "messages", "role", "user assistant system");
        const auto& said_there = each.as_object().at("content");
        demand(said_there.is_array() || (said_there.is_string() && !blank(said_there.as_string())), "messages.content",
               "text content blocks must be non-empty");
        demand(!said_there.is_array() || !said_there.as_array().empty(), "messages.content", "all messages must have non-empty content");
    }
    demand(role(0) == "user", "messages.0", "first message must use the user role");
    for (std::size_t i = 0; i < turns_.size(); ++i) {
        if (role(i) == "assistant")
            assistant(i);
        else if (role(i) == "user")
            user(i);
        else
            system_turn(i);
    }
    demand(due_.empty(), "messages",
           "`tool_use` ids were found without `tool_result` blocks immediately after: " + (due_.empty() ? "" : due_.front()));
    if (role(turns_.size() - 1) != "assistant") return;
    demand(model_.prefill, "messages", "This model does not support assistant message prefill. The conversation must end with a user message.");
    const auto last = string_member(content(turns_.size() - 1).back(), "text");
    demand(last.empty() || !blank(std::string_view{last}.substr(last.size() - 1)), "messages",
           "final assistant content cannot end with trailing whitespace");
}

// After a user's turn, and last or before the assistant's.
void request::system_turn(std::size_t number) {
    const auto path = "messages." + std::to_string(number);
    demand(model_.inline_system, path, "the model takes no system messages here");
    demand(number > 0 && role(number - 1) == "user", path, "a system message follows a user's");
    demand(number + 1 == turns_.size() || role(number + 1) == "assistant", path, "a system message is the last or followed by the assistant's");
    for (const auto& each : content(number)) block(each, path, "text");
}

void request::assistant(std::size_t number) {
    const auto path = "messages." + std::to_string(number);
    demand(due_.empty(), path, "`tool_use` ids were found without `tool_result` blocks immediately after");
    for (const auto& each : content(number)) {
        block(each, path, "text thinking redacted_thinking tool_use server_tool_use web_search_tool_result");
        const auto type = string_member(each, "type");
        if (type == "thinking" || type == "redacted_thinking") thought(each, path, number);
        if (type == "tool_use") due_.push_back(string_member(each, "id"));
    }
    // Of the loop that is still running.
    const auto* thinks = said(body_, "thinking");
    const bool loops = number + 2 == turns_.size() && !due_.empty();
    if (loops && thinks != nullptr && string_member(*thinks, "type") == "enabled")
        demand(one_of(string_member(content(number).front(), "type"), "thinking redacted_thinking"), path,
               "Expected `thinking` or `redacted_thinking`, but found `" + string_member(content(number).front(), "type") + "`");
}

void request::thought(const json::value& of, const std::string& path, std::size_t number) const {
    const bool redacted = string_member(of, "type") == "redacted_thinking";
    // Whoever asks to have it dropped has changed something: here that is no way out, since it is what is judged.
    check_state(family::claude, string_member(of, redacted ? "data" : "signature"), messages_before(body_, turns_, number),
                string_member(of, "thinking"), path + ".thinking");
}

void request::user(std::size_t number) {
    const auto path = "messages." + std::to_string(number);
    bool results = true;
    for (const auto& each : content(number)) {
        block(each, path, "text image document tool_result search_result");
        if (string_member(each, "type") != "tool_result") {
            results = false;
            continue;
        }
        const auto id = string_member(each, "tool_use_id");
        demand(holds(due_, id), path, "unexpected `tool_use_id` found in `tool_result` blocks: " + id);
        demand(results, path, "tool_result blocks come first");
        std::erase(due_, id);
    }
    demand(due_.empty(), path, "`tool_use` ids were found without `tool_result` blocks immediately after: " + (due_.empty() ? "" : due_.front()));
}

void request::block(const json::value& of, const std::string& path, std::string_view types) {
    const auto type = text(of, path, "type");
    demand(one_of(type, types), path + "." + type, "such a block cannot stand here");
    mark(of, path);
    if (type == "text") {
        members(of, path, "type! text! citations cache_control");
        demand(!blank(text(of, path, "text")), path, "text content blocks must contain non-whitespace text");
    } else if (type == "thinking") {
        members(of, path, "type! thinking! signature!");
    } else if (type == "redacted_thinking") {
        members(of, path, "type! data!");
    } else if (type == "tool_use") {
        members(of, path, "type! id! name! input! cache_control caller toolset_name");
        fits(text(of, path, "id"), path + ".tool_use.id", "_-", 64);
        add_once(ids_, string_member(of, "id"), path + ".tool_use.id");
        fits(text(of, path, "name"), path + ".tool_use.name", "_-", 128);
        demand(of.as_object().at("input").is_object(), path + ".tool_use.input", "Input should be a valid dictionary");
    } else if (type == "tool_result") {
        members(of, path, "type! tool_use_id! content is_error cache_control toolset_name");
        const auto* inner = said(of, "content");
        if (inner != nullptr && inner->is_array())
            for (const auto& each : inner->as_array()) block(each, path + ".content", "text image document search_result");
    } else if (type == "image" || type == "document") {
        members(of, path, type == "image" ? "type! source! cache_control transformations" : "type! source! title context citations cache_control");
        source(of.as_object().at("source"), path + "." + type);
    }
}

void request::source(const json::value& of, const std::string& path) const {
    const auto type = text(of, path, "type");
    members(of, path,
            type == "base64" || type == "text" ? "type! media_type! data!"
            : type == "url"                    ? "type! url!"
            : type == "file"                   ? "type! file_id!"
                                               : "type! content!");
    if (type == "base64")
        demand(one_of(text(of, path, "media_type"), path.ends_with("image") ? "image/jpeg image/png image/gif image/webp" : "application/pdf"), path,
               "no such media_type");
    const auto data = string_member(of, "data");
    const auto kind = data.starts_with("iVBORw0KGgo") ? "image/png"
                      : data.starts_with("/9j/")      ? "image/jpeg"
                      : data.starts_with("R0lGOD")    ? "image/gif"
                      : data.starts_with("UklGR")     ? "image/webp"
                                                      : "";
    demand(!path.ends_with("image") || *kind == '\0' || string_member(of, "media_type") == kind, path, "the media type is not that of the bytes");
}

}  // namespace

void check_messages(const json::value& body, const received& what) { request{body, what}.check(); }

}  // namespace weir::mock::strict
