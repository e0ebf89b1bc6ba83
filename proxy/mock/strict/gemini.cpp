// What Google refuses of a generateContent request.
#include <string>

#include "mock/strict/rules.hpp"
#include "mock/strict/state.hpp"

namespace weir::mock::strict {
namespace {

constexpr double any_number = 1e18;

class request {
public:
    request(const json::value& body, std::string_view model) : body_(body), model_(model), contents_(merged_contents(body)) {}

    void check() {
        members(body_, "", "contents! systemInstruction tools toolConfig safetySettings generationConfig cachedContent labels serviceTier store");
        if (const auto* system = said(body_, "systemInstruction")) {
            members(*system, "systemInstruction", "parts! role");
            for (const auto& each : list(*system, "systemInstruction", "parts")) members(each, "systemInstruction", "text!");
        }
        tools();
        choice();
        generation();
        contents();
    }

private:
    void tools();
    void declaration(const json::value& of);
    void choice() const;
    void generation() const;
    void thinking(const json::value& of) const;
    void contents();
    void order() const;
    void turn(std::size_t number);
    void part(const json::value& of, const std::string& path) const;
    void signature(const json::value& of, std::size_t number, const std::string& path, bool first_call) const;
    [[nodiscard]] const json::array& parts(std::size_t number) const { return contents_[number].as_object().at("parts").as_array(); }
    /// Of the third generation and later.
    [[nodiscard]] bool signs_calls() const { return model_.starts_with("gemini-") && !begins_with_any(model_, "gemini-1 gemini-2"); }
    [[nodiscard]] bool is_old() const { return begins_with_any(model_, "gemini-1 gemini-2"); }

    const json::value& body_;
    const std::string model_;
    const json::array contents_;
    std::vector<std::string> tools_;
    std::vector<std::string> due_;  ///< names of calls whose responses come next
};

void request::tools() {
    if (said(body_, "tools") == nullptr) return;
    bool hosted = false;
    for (const auto& each : list(body_, "", "tools")) {
        members(each, "tools", "functionDeclarations googleSearch googleSearchRetrieval urlContext codeExecution googleMaps fileSearch computerUse");
        hosted = hosted || said(each, "functionDeclarations") == nullptr;
        if (said(each, "functionDeclarations") == nullptr) continue;
        for (const auto& one : list(each, "tools", "functionDeclarations")) declaration(one);
    }
    demand(!hosted || tools_.empty(), "tools", "Tool use with function calling is unsupported");
}

void check_json_schema(const json::value& of, const std::string& path) {
    each_schema(of, path, [](const json::object& one, const std::string& at) {
        for (const auto& each : one) {
            demand(!one_of(each.key(),
                           "$ref $defs definitions $schema $id $comment const examples patternProperties unevaluatedProperties additionalItems oneOf "
                           "allOf not"),
                   at, "Invalid JSON payload received. Unknown name \"" + std::string{each.key()} + "\"");
            demand(each.key() != "additionalProperties" || each.value().is_bool(), at, "additionalProperties is no schema here");
        }
        const auto* type = one.if_contains("type");
        demand(type == nullptr || *type != "array" || one.contains("items"), at, "items: missing field");
        if (const auto* values = one.if_contains("enum"))
            for (const auto& each : values->as_array()) demand(each.is_string(), at, "an enum is of strings");
    });
}

void request::declaration(const json::value& of) {
    members(of, "tools.functionDeclarations", "name! description parameters parametersJsonSchema response responseJsonSchema behavior");
    const auto name = text(of, "tools.functionDeclarations", "name");
    fits(name, "tools.functionDeclarations.name", "_.:-", 128);
    demand(!one_of(name.substr(0, 1), "0 1 2 3 4 5 6 7 8 9 . : -"), "tools.functionDeclarations.name",
           "it must start with a letter or an underscore");
    add_once(tools_, name, "tools.functionDeclarations");
    demand(said(of, "parameters") == nullptr || said(of, "parametersJsonSchema") == nullptr, "tools.functionDeclarations",
           "parameters and parametersJsonSchema are mutually exclusive");
    if (const auto* schema = said(of, "parametersJsonSchema")) check_json_schema(*schema, "parametersJsonSchema");
    if (const auto* schema = said(of, "parameters")) check_json_schema(*schema, "parameters");
}

void request::choice() const {
    const auto* config = said(body_, "toolConfig");
    if (config == nullptr) return;
    members(*config, "toolConfig", "functionCallingConfig retrievalConfig includeServerSideToolInvocations");
    const auto* calling = said(*config, "functionCallingConfig");
    if (calling == nullptr) return;
    demand(!tools_.empty(), "toolConfig", "Function calling config is set without function_declarations");
    members(*calling, "toolConfig.functionCallingConfig", "mode allowedFunctionNames streamFunctionCallArguments");
    word(*calling, "toolConfig.functionCallingConfig", "mode", "AUTO ANY NONE VALIDATED");
    if (said(*calling, "allowedFunctionNames") == nullptr) return;
    demand(one_of(string_member(*calling, "mode"), "ANY VALIDATED"), "allowedFunctionNames", "only when the function calling mode is ANY");
    for (const auto& each : list(*calling, "toolConfig.functionCallingConfig", "allowedFunctionNames"))
        demand(holds(tools_, std::string_view{each.as_string()}), "allowedFunctionNames", "there is no such function");
}

void request::thinking(const json::value& of) const {
    members(of, "thinkingConfig", "thinkingBudget thinkingLevel includeThoughts");
    word(of, "thinkingConfig", "thinkingLevel", "MINIMAL LOW MEDIUM HIGH XHIGH");
    whole(of, "thinkingConfig", "thinkingBudget", -1, 32768);
    const auto* budget = said(of, "thinkingBudget");
    const auto* level = said(of, "thinkingLevel");
    demand(budget == nullptr || level == nullptr, "thinkingConfig", "You can only set one of thinking budget and thinking level");
    demand(level == nullptr || !is_old(), "thinkingLevel", "Thinking level is not supported for this model");
    demand(budget == nullptr || !model_.starts_with("gemini-2.5-pro") || number_member(of, "thinkingBudget", 0) != 0, "thinkingBudget",
           "Budget 0 is invalid. This model only works in thinking mode");
    if (model_.starts_with("gemini-3-pro")) word(of, "thinkingConfig", "thinkingLevel", "LOW HIGH");
}

void request::generation() const {
    const auto* config = said(body_, "generationConfig");
    if (config == nullptr) return;
    members(
        *config, "generationConfig",
        "stopSequences responseMimeType responseSchema responseJsonSchema responseModalities candidateCount maxOutputTokens temperature topP topK "
        "seed presencePenalty frequencyPenalty responseLogprobs logprobs speechConfig thinkingConfig mediaResolution routingConfig audioTimestamp "
        "enableAffectiveDialog enableEnhancedCivicAnswers responseFormat");
    number(*config, "generationConfig", "temperature", 0, 2);
    number(*config, "generationConfig", "topP", 0, 1);
    whole(*config, "generationConfig", "topK", 1, any_number);
    whole(*config, "generationConfig", "maxOutputTokens", 1, any_number);
    whole(*config, "generationConfig", "candidateCount", 1, 8);
    for (const char* name : {"presencePenalty", "frequencyPenalty"}) number(*config, "generationConfig", name, -2, 2);
    if (const auto* stops = said(*config, "stopSequences")) demand(stops->as_array().size() <= 5, "stopSequences", "at most 5");
    const bool schema = said(*config, "responseSchema") != nullptr || said(*config, "responseJsonSchema") != nullptr;
    const bool is_json = string_member(*config, "responseMimeType") == "application/json";
    demand(!schema || is_json, "responseMimeType", "a response schema needs application/json");
    if (const auto* wanted = said(*config, "responseJsonSchema")) check_json_schema(*wanted, "responseJsonSchema");
    demand(!is_json || tools_.empty() || !is_old(), "responseMimeType",
           "Function calling with a response mime type: 'application/json' is unsupported");
    if (const auto* thinks = said(*config, "thinkingConfig")) thinking(*thinks);
}

void request::contents() {
    order();
    for (std::size_t i = 0; i < contents_.size(); ++i) turn(i);
    demand(due_.empty(), "contents", "a function call turn is followed by as many function response parts");
}

// They alternate; what answers calls may stand in a content of its own before the user goes on.
void request::order() const {
    std::string before;
    bool answers = false;
    for (const auto& each : list(body_, "", "contents")) {
        members(each, "contents", "parts! role");
        word(each, "contents", "role", "user model");
        const auto role = said(each, "role") == nullptr ? "user" : string_member(each, "role");
        const auto& all = list(each, "contents", "parts");
        bool some = false, others = false;
        for (const auto& one : all) (member(one, "functionResponse") != nullptr ? some : others) = true;
        demand(!some || role == "user", "contents", "function responses are the user's");
        demand(!some || !others, "contents", "a content with function responses has nothing else in it");
        demand(before.empty() ? role == "user" : role != before || (answers && !some), "contents",
               "roles alternate between user and model, and the user begins");
        before = role;
        answers = some;
    }
}

void request::turn(std::size_t number) {
    const auto path = "contents." + std::to_string(number);
    const bool is_model = string_member(contents_[number], "role") == "model";
    bool first_call = true;
    for (const auto& each : parts(number)) {
        part(each, path);
        const auto* call = member(each, "functionCall");
        const auto* answer = member(each, "functionResponse");
        demand(call == nullptr || is_model, path, "function calls are the model's");
        if (is_model) signature(each, number, path, call != nullptr && first_call);
        if (call != nullptr) {
            first_call = false;
            due_.push_back(string_member(*call, "name"));
        }
        if (answer == nullptr) continue;
        demand(!due_.empty(), path, "function response parts answer the function calls of the turn before, as many");
        demand(string_member(*answer, "name") == due_.front(), path, "function responses come in the order of the calls");
        due_.erase(due_.begin());
    }
    demand(is_model || due_.empty(), path, "the number of function response parts is equal to the number of function call parts");
}

void request::signature(const json::value& of, std::size_t number, const std::string& path, bool first_call) const {
    constexpr std::string_view skips = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I= skip_thought_signature_validator";
    const auto given = string_member(of, "thoughtSignature");
    if (given.empty()) {
        demand(!first_call || !signs_calls(), path, "Function call is missing a thought_signature in functionCall parts");
    } else if (!one_of(given, skips)) {
        check_state(family::gemini, given, gemini_before(body_, contents_, number), own_of_part(of), path + ".thoughtSignature");
    } else {
        demand(member(of, "functionCall") != nullptr, path, "that word stands at a function call");
    }
}

void request::part(const json::value& of, const std::string& path) const {
    members(of, path,
            "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult thought thoughtSignature videoMetadata "
            "mediaResolution");
    int kinds = 0;
    for (const char* name : {"text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"})
        kinds += said(of, name) != nullptr;
    demand(kinds == 1, path, "a part holds one kind of data");
    if (const auto* data = said(of, "inlineData")) {
        members(*data, path + ".inlineData", "mimeType! data!");
        demand(text(*data, path, "mimeType").find('/') != std::string::npos && !text(*data, path, "data").empty(), path,
               "inlineData is base64 of a MIME type");
    }
    if (const auto* call = said(of, "functionCall")) {
        members(*call, path + ".functionCall", "name! args id");
        fits(text(*call, path, "name"), path + ".functionCall.name", "_.:-", 128);
        demand(said(*call, "args") == nullptr || call->as_object().at("args").is_object(), path, "args is an object");
    }
    if (const auto* answer = said(of, "functionResponse")) {
        members(*answer, path + ".functionResponse", "name! response! id parts");
        const auto& response = answer->as_object().at("response");
        demand(response.is_object() && json::serialize(response).find("\"$ref\":") == std::string::npos, path,
               "the response is an object that refers to nothing");
        if (const auto* shown = said(*answer, "parts")) {
            demand(!is_old(), path, "the model takes no parts in a function response");
            for (const auto& each : shown->as_array()) members(each, path + ".functionResponse.parts", "inlineData fileData mediaResolution");
        }
    }
}

}  // namespace

void check_gemini(const json::value& body, std::string_view model) { request{body, model}.check(); }

}  // namespace weir::mock::strict
