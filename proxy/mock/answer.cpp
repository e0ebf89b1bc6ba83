// Reads what was asked and lets the endpoint's voice say it.
#include "mock/answer.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "mock/media.hpp"
#include "mock/request_body.hpp"
#include "mock/strict/state.hpp"
#include "mock/voice.hpp"

namespace weir::mock {
namespace {

constexpr std::string_view default_text =
    "A weir is a low dam across a stream. It measures the water and regulates its level, yet lets it pass without a "
    "stop — "
    "every drop that arrives above leaves below. Grüße, 你好 🌊: so a good gateway treats tokens.";

/// Every string below `value`, except keys: enough to weigh a prompt of any dialect.
std::int64_t tokens_below(const json::value& value) {
    std::int64_t sum = 0;
    if (value.is_string()) return tokens_of(value.as_string());
    if (value.is_array())
        for (const auto& item : value.as_array()) sum += tokens_below(item);
    if (value.is_object())
        for (const auto& item : value.as_object())
            if (item.key() != "role" && item.key() != "type") sum += tokens_below(item.value());
    return sum;
}

std::int64_t prompt_tokens(const json::value& body) {
    std::int64_t sum = 0;
    for (const char* name : {"messages", "prompt", "input", "instructions", "system", "contents", "systemInstruction", "tools"})
        if (const auto* found = member(body, name)) sum += tokens_below(*found);
    return std::max<std::int64_t>(1, sum);
}

std::int64_t output_limit(const json::value& body) {
    std::int64_t limit = INT64_MAX;
    for (const char* name : {"max_tokens", "max_completion_tokens", "max_output_tokens"})
        limit = std::min(limit, number_member(body, name, INT64_MAX));
    if (const auto* settings = member(body, "generationConfig")) limit = std::min(limit, number_member(*settings, "maxOutputTokens", INT64_MAX));
    return limit;
}

/// An argument for every property of a JSON schema.
std::string example_arguments(const json::value* schema) {
    json::object out;
    const auto* properties = schema == nullptr ? nullptr : member(*schema, "properties");
    if (properties != nullptr && properties->is_object())
        for (const auto& property : properties->as_object()) {
            const auto type = string_member(property.value(), "type");
            if (type == "number" || type == "integer")
                out[property.key()] = 42;
            else if (type == "boolean")
                out[property.key()] = true;
            else
                out[property.key()] = "Zürich";
        }
    return json::serialize(out);
}

/// The functions that the request offers, in any dialect's wording.
std::vector<const json::value*> functions_of(const json::value& body) {
    std::vector<const json::value*> out;
    const auto* tools = member(body, "tools");
    if (tools == nullptr || !tools->is_array()) return out;
    for (const auto& tool : tools->as_array()) {
        const auto* declared = member(tool, "functionDeclarations");
        if (declared != nullptr && declared->is_array()) {
            for (const auto& each : declared->as_array()) out.push_back(&each);
            continue;
        }
        const auto* nested = member(tool, "function");
        out.push_back(nested != nullptr ? nested : &tool);
    }
    std::erase_if(out, [](const json::value* each) { return string_member(*each, "name").empty(); });
    return out;
}

/// Whether what came last is a tool's result.
bool brings_result(const json::value& body) {
    for (const char* name : {"messages", "input", "contents"}) {
        const auto* turns = member(body, name);
        if (turns == nullptr || !turns->is_array() || turns->as_array().empty()) continue;
        const auto& last = turns->as_array().back();
        if (string_member(last, "role") == "tool" || string_member(last, "type") == "function_call_output") return true;
        const auto* parts = member(last, name == std::string_view{"contents"} ? "parts" : "content");
        if (parts == nullptr || !parts->is_array()) continue;
        for (const auto& part : parts->as_array())
            if (string_member(part, "type") == "tool_result" || member(part, "functionResponse") != nullptr) return true;
    }
    return false;
}

/// The first functions that the request offers, over again where there are fewer; none when a tool's result was brought, unless they are to be.
std::vector<tool_call> tools_for(const json::value& body, const std::string& id, const script& how) {
    std::vector<tool_call> out;
    const auto functions = functions_of(body);
    const auto* choice = member(body, "tool_choice");
    const bool none = choice != nullptr && (string_member(body, "tool_choice") == "none" || string_member(*choice, "type") == "none");
    if (functions.empty() || none || (brings_result(body) && !how.again)) return out;
    for (int i = 0; i < how.calls; ++i) {
        const auto& function = *functions[static_cast<std::size_t>(i) % functions.size()];
        const json::value* schema = nullptr;
        for (const char* name : {"parameters", "input_schema", "parametersJsonSchema"})
            if (schema == nullptr) schema = member(function, name);
        out.push_back({"call_" + id + (i == 0 ? "" : "_" + std::to_string(i)), string_member(function, "name"), example_arguments(schema)});
    }
    return out;
}

std::vector<std::string> pieces_for(const script& how) {
    if (how.text) return words_of(*how.text);
    auto words = words_of(default_text);
    if (how.words == 0) return words;
    std::vector<std::string> out;
    for (int i = 0; i < how.words; ++i) {
        auto word = words[static_cast<std::size_t>(i) % words.size()];
        if (i != 0 && !word.starts_with(' ')) word.insert(0, " ");
        out.push_back(std::move(word));
    }
    return out;
}

/// Anthropic's extended thinking.
bool thinks(const json::value& body) {
    const auto* thinking = member(body, "thinking");
    const auto type = thinking == nullptr ? std::string{} : string_member(*thinking, "type");
    return type == "enabled" || type == "adaptive";
}

saying say(const json::value& body, std::string model, const script& how, std::uint64_t serial) {
    saying s;
    s.id = "mock" + std::to_string(serial);
    s.state = opaque_state;
    s.created = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    s.model = std::move(model);
    s.tools = tools_for(body, s.id, how);
    s.choices = static_cast<int>(std::clamp<std::int64_t>(number_member(body, "n", 1), 1, 16));
    if (const auto* options = member(body, "stream_options")) s.include_usage = flag_member(*options, "include_usage");
    s.usage.prompt = prompt_tokens(body);
    s.usage.cached = std::min(how.cached, s.usage.prompt);
    if (how.think || thinks(body)) s.thoughts = words_of("Water, weirs, and a question. A short answer will do.");
    s.usage.reasoning = how.reasoning;
    for (const auto& thought : s.thoughts) s.usage.reasoning += tokens_of(thought);
    std::int64_t spoken = 0;
    for (const auto& tool : s.tools) spoken += tokens_of(tool.name) + tokens_of(tool.arguments);
    if (s.tools.empty()) {
        const auto limit = output_limit(body);
        for (auto& piece : pieces_for(how)) {
            const auto cost = tokens_of(piece);
            s.cut_by_limit = spoken + cost > limit;
            if (s.cut_by_limit) break;
            spoken += cost;
            s.pieces.push_back(std::move(piece));
        }
    }
    s.usage.completion = spoken * s.choices + s.usage.reasoning;
    return s;
}

strict::family family_of(const voice& with) {
    if (&with == &anthropic_voice()) return strict::family::claude;
    return &with == &gemini_voice() ? strict::family::gemini : strict::family::gpt;
}

void put_error_event(answer& out, const voice& with, int after) {
    const auto keep = std::min(static_cast<std::size_t>(std::max(after, 0)), out.events.size());
    out.events.resize(keep);
    out.events.push_back(with.error_event("the mock provider was told to fail here"));
    out.events.back().terminator = false;
}

answer spoken_answer(const asked& request, const json::value& body, const voice& with, bool stream, const script& how, std::uint64_t serial) {
    answer out;
    auto s = say(body, model_of(request), how, serial);
    if (how.strict) s.state = strict::state_for(family_of(with), body, s);
    out.usage = s.usage;
    out.stream = stream;
    if (!stream) {
        out.events.push_back({.bytes = json::serialize(with.unary(s, how))});
        return out;
    }
    out.content_type = "text/event-stream; charset=utf-8";
    out.events = with.stream(s, how);
    return out;
}

answer refused(int status, const voice& with, std::string_view message) {
    answer out;
    out.status = status;
    out.events.push_back({.bytes = json::serialize(with.error(status, message))});
    return out;
}

json::value embedding_of(std::string_view text, std::int64_t dimensions, bool as_base64) {
    std::uint64_t state = 1469598103934665603ull;
    for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    json::array floats;
    std::string bytes;
    for (std::int64_t i = 0; i < dimensions; ++i) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        const float value = static_cast<float>(state >> 40) / 16777216.0f - 0.5f;
        char raw[sizeof value];
        std::memcpy(raw, &value, sizeof value);
        bytes.append(raw, sizeof value);
        floats.emplace_back(static_cast<double>(value));
    }
    if (as_base64) return json::value(base64(bytes));
    return floats;
}

answer embeddings(const asked& request, const json::value& body) {
    answer out;
    out.model = model_of(request);
    const auto* input = member(body, "input");
    if (input == nullptr) return refused(400, chat_voice(), "you must provide input");
    json::array inputs;
    if (input->is_array())
        inputs = input->as_array();
    else
        inputs.push_back(*input);
    const auto dimensions = std::clamp<std::int64_t>(number_member(body, "dimensions", 8), 1, 4096);
    json::array data;
    for (const auto& item : inputs) {
        const auto text = item.is_string() ? std::string{item.as_string()} : json::serialize(item);
        data.push_back({{"object", "embedding"},
                        {"index", data.size()},
                        {"embedding", embedding_of(text, dimensions, string_member(body, "encoding_format") == "base64")}});
    }
    out.usage.prompt = prompt_tokens(body);
    out.events.push_back(
        {.bytes = json::serialize(json::value{{"object", "list"},
                                              {"data", data},
                                              {"model", out.model},
                                              {"usage", {{"prompt_tokens", out.usage.prompt}, {"total_tokens", out.usage.prompt}}}})});
    return out;
}

answer model_list(const std::vector<std::string>& models) {
    answer out;
    json::array data;
    for (const auto& model : models) data.push_back({{"id", model}, {"object", "model"}, {"created", 1700000000}, {"owned_by", "mock"}});
    out.events.push_back({.bytes = json::serialize(json::value{{"object", "list"}, {"data", data}})});
    return out;
}

answer plain(const asked& request) {
    answer out;
    out.model = model_of(request);
    out.events.push_back({.bytes = json::serialize(json::value{{"object", "mock"},
                                                               {"method", request.method},
                                                               {"target", request.target},
                                                               {"bytes", request.body.size()},
                                                               {"text", "the mock provider heard you"}})});
    return out;
}

answer whole(const json::value& document) {
    answer out;
    out.events.push_back({.bytes = json::serialize(document)});
    return out;
}

/// The tokens of a prompt, in the words of the endpoint that asks for nothing else.
std::optional<answer> count_tokens(std::string_view endpoint, const json::value& body) {
    const auto count = prompt_tokens(body);
    if (endpoint == "/messages/count_tokens") return whole({{"input_tokens", count}});
    if (endpoint == "/responses/input_tokens") return whole({{"object", "response.input_tokens"}, {"input_tokens", count}});
    if (!endpoint.ends_with(":countTokens")) return std::nullopt;
    return whole({{"totalTokens", count}});
}

json::value moderation_of(const json::value& input) {
    const bool bad = json::serialize(input).find("dam burst") != std::string::npos;
    return {{"flagged", bad},
            {"categories", {{"violence", bad}, {"harassment", false}}},
            {"category_scores", {{"violence", bad ? 0.9 : 0.01}, {"harassment", 0.01}}}};
}

answer moderations(const json::value& body, std::uint64_t serial) {
    const auto* input = member(body, "input");
    if (input == nullptr) return refused(400, chat_voice(), "you must provide input");
    json::array results;
    if (input->is_array())
        for (const auto& each : input->as_array()) results.push_back(moderation_of(each));
    else
        results.push_back(moderation_of(*input));
    return whole({{"id", "modr-mock" + std::to_string(serial)}, {"model", string_member(body, "model")}, {"results", results}});
}

/// Gemini's embedContent and batchEmbedContents.
std::optional<answer> gemini_embeddings(std::string_view endpoint, const json::value& body) {
    const auto of = [](const json::value& one) {
        const auto* content = member(one, "content");
        const auto dimensions = std::clamp<std::int64_t>(number_member(one, "outputDimensionality", 8), 1, 4096);
        return json::object{{"values", embedding_of(content == nullptr ? "" : json::serialize(*content), dimensions, false)}};
    };
    if (endpoint.ends_with(":embedContent")) return whole({{"embedding", of(body)}});
    const auto* requests = member(body, "requests");
    if (!endpoint.ends_with(":batchEmbedContents") || requests == nullptr || !requests->is_array()) return std::nullopt;
    json::array all;
    for (const auto& each : requests->as_array()) all.push_back(of(each));
    return whole({{"embeddings", all}});
}

// A word with the white space before it.
template <class Visit>
void for_each_word(std::string_view text, Visit visit) {
    const auto white = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
    std::size_t begin = 0;
    for (std::size_t i = 1; i <= text.size(); ++i)
        if (i == text.size() || (white(text[i]) && !white(text[i - 1]))) {
            visit(text.substr(begin, i - begin));
            begin = i;
        }
}

}  // namespace

std::int64_t tokens_of(std::string_view text) {
    std::int64_t sum = 0;
    for_each_word(text, [&](std::string_view word) {
        const auto size = static_cast<std::int64_t>(word.size());
        sum += size <= 12 ? 1 : 1 + (size - 12 + 3) / 4;
    });
    return sum;
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> out;
    for_each_word(text, [&](std::string_view word) { out.emplace_back(word); });
    return out;
}

std::string model_of(const asked& request) {
    const auto path = request.target.substr(0, request.target.find('?'));
    if (const auto at = path.find("/models/"); at != std::string_view::npos && path.find(':', at) != std::string_view::npos)
        return std::string{path.substr(at + 8, path.find_last_of(':') - at - 8)};
    return request_body{request}.text("model");
}

namespace {

const voice& voice_for(std::string_view endpoint) {
    if (endpoint.starts_with("/messages")) return anthropic_voice();
    if (endpoint.starts_with("/responses")) return responses_voice();
    if (endpoint == "/completions") return completion_voice();
    if (endpoint.starts_with("/models/")) return gemini_voice();
    return chat_voice();
}

std::optional<answer> without_words(std::string_view endpoint, const asked& request, const json::value& body, std::uint64_t serial) {
    if (endpoint == "/embeddings") return embeddings(request, body);
    if (endpoint == "/moderations") return moderations(body, serial);
    if (auto counted = count_tokens(endpoint, body)) return counted;
    return gemini_embeddings(endpoint, body);
}

answer answer_of(std::string_view endpoint, const asked& request, const script& how, std::uint64_t serial) {
    const request_body body{request};
    if (auto media = media_answer(endpoint, body, how)) return std::move(*media);
    const auto& with = voice_for(endpoint);
    const bool gemini = endpoint.find("enerateContent") != std::string_view::npos;
    const bool talks = gemini || endpoint == "/chat/completions" || endpoint == "/completions" || endpoint == "/responses" || endpoint == "/messages";
    if (!body.is_form() && body.document().is_null() && (talks || endpoint == "/embeddings"))
        return refused(400, with, "the request body is not a JSON object");
    if (auto counted = without_words(endpoint, request, body.document(), serial)) return std::move(*counted);
    if (!talks) return plain(request);
    const bool stream = gemini ? endpoint.ends_with(":streamGenerateContent") : body.flag("stream");
    return spoken_answer(request, body.document(), with, stream, how, serial);
}

}  // namespace

std::string error_body(std::string_view target, int status, std::string_view message) {
    return json::serialize(voice_for(endpoint_of(target)).error(status, message));
}

answer answer_to(const asked& request, const script& how, const std::vector<std::string>& models, std::uint64_t serial) {
    const auto endpoint = endpoint_of(request.target);
    if (request.method == "GET" && endpoint == "/models") return model_list(models);
    if (request.method != "POST") return plain(request);
    auto out = answer_of(endpoint, request, how, serial);
    out.model = model_of(request);
    const auto& with = voice_for(endpoint);
    if (out.stream && how.error_event) put_error_event(out, with, *how.error_event);
    if (!how.terminator) std::erase_if(out.events, [](const event& e) { return e.terminator; });
    return out;
}

}  // namespace weir::mock
