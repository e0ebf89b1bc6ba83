// Reads what was asked and lets the endpoint's voice say it.
#include "mock/answer.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "mock/voice.hpp"

namespace weir::mock {
namespace {

constexpr std::string_view default_text =
    "A weir is a low dam across a stream. It measures the water and regulates its level, yet lets it pass without a "
    "stop — "
    "every drop that arrives above leaves below. Grüße, 你好 🌊: so a good gateway treats tokens.";

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

/// The path without the version, "/chat/completions".
std::string_view endpoint_of(std::string_view target) {
    auto path = path_of(target);
    for (const std::string_view version : {"/v1beta/", "/v1/"})
        if (path.starts_with(version)) path.remove_prefix(version.size() - 1);
    return path;
}

json::value parsed(std::string_view body) {
    json::error_code failed;
    auto value = json::parse(body, failed);
    return failed || !value.is_object() ? json::value{} : value;
}

const json::value* member(const json::value& from, std::string_view name) {
    return from.is_object() ? from.as_object().if_contains(name) : nullptr;
}

std::string string_member(const json::value& from, std::string_view name) {
    const auto* found = member(from, name);
    return found != nullptr && found->is_string() ? std::string{found->as_string()} : std::string{};
}

std::int64_t number_member(const json::value& from, std::string_view name, std::int64_t otherwise) {
    const auto* found = member(from, name);
    return found != nullptr && found->is_int64() ? found->as_int64() : otherwise;
}

bool flag_member(const json::value& from, std::string_view name) {
    const auto* found = member(from, name);
    return found != nullptr && found->is_bool() && found->as_bool();
}

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
    for (const char* name :
         {"messages", "prompt", "input", "instructions", "system", "contents", "systemInstruction", "tools"})
        if (const auto* found = member(body, name)) sum += tokens_below(*found);
    return std::max<std::int64_t>(1, sum);
}

std::int64_t output_limit(const json::value& body) {
    std::int64_t limit = INT64_MAX;
    for (const char* name : {"max_tokens", "max_completion_tokens", "max_output_tokens"})
        limit = std::min(limit, number_member(body, name, INT64_MAX));
    if (const auto* settings = member(body, "generationConfig"))
        limit = std::min(limit, number_member(*settings, "maxOutputTokens", INT64_MAX));
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

/// The first function that the request offers, in any dialect's wording; none when the last message brings a tool's
/// result.
std::optional<tool_call> tool_for(const json::value& body, const std::string& id) {
    const auto* tools = member(body, "tools");
    if (tools == nullptr || !tools->is_array() || tools->as_array().empty()) return std::nullopt;
    if (string_member(body, "tool_choice") == "none") return std::nullopt;
    const auto* messages = member(body, "messages");
    if (messages != nullptr && messages->is_array() && !messages->as_array().empty() &&
        string_member(messages->as_array().back(), "role") == "tool")
        return std::nullopt;
    const json::value* function = &tools->as_array().front();
    if (const auto* nested = member(*function, "function")) function = nested;
    if (const auto* declared = member(*function, "functionDeclarations");
        declared != nullptr && declared->is_array() && !declared->as_array().empty())
        function = &declared->as_array().front();
    const auto name = string_member(*function, "name");
    if (name.empty()) return std::nullopt;
    const json::value* schema = member(*function, "parameters");
    if (schema == nullptr) schema = member(*function, "input_schema");
    return tool_call{"call_" + id, name, example_arguments(schema)};
}

std::vector<std::string> pieces_for(const script& how) {
    if (how.text) return words_of(*how.text);
    const auto words = words_of(default_text);
    if (how.words == 0) return words;
    std::vector<std::string> out;
    for (int i = 0; i < how.words; ++i) {
        auto word = words[static_cast<std::size_t>(i) % words.size()];
        if (i != 0 && !word.starts_with(' ')) word.insert(0, " ");
        out.push_back(std::move(word));
    }
    return out;
}

saying say(const json::value& body, std::string model, const script& how, std::uint64_t serial) {
    saying s;
    s.id = "mock" + std::to_string(serial);
    s.created =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    s.model = std::move(model);
    s.tool = tool_for(body, s.id);
    s.choices = static_cast<int>(std::clamp<std::int64_t>(number_member(body, "n", 1), 1, 16));
    if (const auto* options = member(body, "stream_options")) s.include_usage = flag_member(*options, "include_usage");
    s.usage.prompt = prompt_tokens(body);
    s.usage.cached = std::min(how.cached, s.usage.prompt);
    s.usage.reasoning = how.reasoning;
    std::int64_t spoken = 0;
    if (s.tool) {
        spoken = tokens_of(s.tool->name) + tokens_of(s.tool->arguments);
    } else {
        const auto limit = output_limit(body);
        for (auto& piece : pieces_for(how)) {
            const auto cost = tokens_of(piece);
            s.cut_by_limit = spoken + cost > limit;
            if (s.cut_by_limit) break;
            spoken += cost;
            s.pieces.push_back(std::move(piece));
        }
    }
    s.usage.completion = spoken * s.choices + how.reasoning;
    return s;
}

void put_error_event(answer& out, const voice& with, int after) {
    const auto keep = std::min(static_cast<std::size_t>(std::max(after, 0)), out.events.size());
    out.events.resize(keep);
    out.events.push_back(with.error_event("the mock provider was told to fail here"));
    out.events.back().terminator = false;
}

answer spoken_answer(const asked& request, const json::value& body, const voice& with, bool stream, const script& how,
                     std::uint64_t serial) {
    answer out;
    out.model = model_of(request);
    const auto s = say(body, out.model, how, serial);
    out.usage = s.usage;
    out.stream = stream;
    if (!stream) {
        out.events.push_back({.bytes = json::serialize(with.unary(s, how))});
        return out;
    }
    out.content_type = "text/event-stream; charset=utf-8";
    out.events = with.stream(s, how);
    if (how.error_event) put_error_event(out, with, *how.error_event);
    if (!how.terminator) std::erase_if(out.events, [](const event& e) { return e.terminator; });
    return out;
}

answer refused(int status, const voice& with, std::string_view message) {
    answer out;
    out.status = status;
    out.events.push_back({.bytes = json::serialize(with.error(status, message))});
    return out;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = (group << 8) | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? digits[(group >> (18 - 6 * k)) & 63] : '=';
    }
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
        data.push_back(
            {{"object", "embedding"},
             {"index", data.size()},
             {"embedding", embedding_of(text, dimensions, string_member(body, "encoding_format") == "base64")}});
    }
    out.usage.prompt = prompt_tokens(body);
    out.events.push_back({.bytes = json::serialize(json::value{
                              {"object", "list"},
                              {"data", data},
                              {"model", out.model},
                              {"usage", {{"prompt_tokens", out.usage.prompt}, {"total_tokens", out.usage.prompt}}}})});
    return out;
}

answer model_list(const std::vector<std::string>& models) {
    answer out;
    json::array data;
    for (const auto& model : models)
        data.push_back({{"id", model}, {"object", "model"}, {"created", 1700000000}, {"owned_by", "mock"}});
    out.events.push_back({.bytes = json::serialize(json::value{{"object", "list"}, {"data", data}})});
    return out;
}

answer speech() {
    answer out;
    out.content_type = "audio/mpeg";
    std::string sound;
    for (int i = 0; i < 32 * 1024; ++i) sound += static_cast<char>((i * 31) ^ (i >> 3));
    out.events.push_back({.bytes = std::move(sound)});
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

answer count_tokens(const asked& request, const json::value& body) {
    answer out;
    out.model = model_of(request);
    out.events.push_back({.bytes = json::serialize(json::value{{"input_tokens", prompt_tokens(body)}})});
    return out;
}

std::string multipart_model(std::string_view body) {
    const auto field = body.find("name=\"model\"");
    if (field == std::string_view::npos) return {};
    const auto begin = body.find("\r\n\r\n", field);
    const auto end = begin == std::string_view::npos ? begin : body.find("\r\n", begin + 4);
    return end == std::string_view::npos ? std::string{} : std::string{body.substr(begin + 4, end - begin - 4)};
}

}  // namespace

std::int64_t tokens_of(std::string_view text) {
    std::int64_t sum = 0;
    for (const auto& word : words_of(text)) {
        const auto size = static_cast<std::int64_t>(word.size());
        sum += size <= 12 ? 1 : 1 + (size - 12 + 3) / 4;
    }
    return sum;
}

std::vector<std::string> words_of(std::string_view text) {
    const auto white = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
    std::vector<std::string> out;
    std::size_t begin = 0;
    for (std::size_t i = 1; i <= text.size(); ++i)
        if (i == text.size() || (white(text[i]) && !white(text[i - 1]))) {
            out.emplace_back(text.substr(begin, i - begin));
            begin = i;
        }
    return out;
}

std::string model_of(const asked& request) {
    const auto path = path_of(request.target);
    if (const auto at = path.find("/models/");
        at != std::string_view::npos && path.find(':', at) != std::string_view::npos)
        return std::string{path.substr(at + 8, path.find_last_of(':') - at - 8)};
    if (request.content_type.find("multipart/") != std::string_view::npos) return multipart_model(request.body);
    return string_member(parsed(request.body), "model");
}

answer answer_to(const asked& request, const script& how, const std::vector<std::string>& models,
                 std::uint64_t serial) {
    const auto endpoint = endpoint_of(request.target);
    if (request.method == "GET" && endpoint == "/models") return model_list(models);
    if (request.method != "POST") return plain(request);
    if (endpoint == "/audio/speech") return speech();
    const bool json_body = request.content_type.find("multipart/") == std::string_view::npos;
    const auto body = parsed(request.body);
    const bool stream = flag_member(body, "stream");
    const bool gemini = endpoint.find("enerateContent") != std::string_view::npos;
    const auto& with = endpoint.starts_with("/messages") ? anthropic_voice()
                       : endpoint == "/responses"        ? responses_voice()
                       : endpoint == "/completions"      ? completion_voice()
                       : gemini                          ? gemini_voice()
                                                         : chat_voice();
    const bool talks = gemini || endpoint == "/chat/completions" || endpoint == "/completions" ||
                       endpoint == "/responses" || endpoint.starts_with("/messages") || endpoint == "/embeddings";
    if (!talks) return plain(request);
    if (json_body && body.is_null()) return refused(400, with, "the request body is not a JSON object");
    if (endpoint == "/embeddings") return embeddings(request, body);
    if (endpoint == "/messages/count_tokens") return count_tokens(request, body);
    if (gemini) return spoken_answer(request, body, with, endpoint.ends_with(":streamGenerateContent"), how, serial);
    return spoken_answer(request, body, with, stream, how, serial);
}

}  // namespace weir::mock
