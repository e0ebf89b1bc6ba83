// A provider's answer to a client of another dialect, and what the client says next, back to a provider: for tests.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dialect/hub/answer/documents.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/hub/tool_names.hpp"
#include "dialect/hub/writing.hpp"

namespace weir::dialect::hub::test {

inline constexpr std::uint32_t account = 7;

inline std::string padded(std::string_view text) { return std::string{text}.append(64, '\0'); }

inline answer_names names_of_answer(std::vector<tool_form> tools = {}, std::string id = "x1") {
    return {.id = std::move(id), .model = "m", .created = 5, .show_reasoning = true, .scope = account, .tools = std::move(tools)};
}

/// A provider's whole answer as a client of `to` gets it.
inline std::string answer_for(spoke to, spoke from, std::string_view answer, answer_names names = names_of_answer()) {
    const auto body = padded(answer);
    json::index where;
    EXPECT_EQ(where.build(std::string_view{body}.substr(0, answer.size())), json::fault::none) << answer;
    document_writer out{to, std::move(names)};
    EXPECT_TRUE(read_document(from, json::cursor{where}, out));
    return out.take();
}

/// The `data:` of each event of a provider's stream as a client of `to` gets it.
inline std::vector<std::string> stream_for(spoke to, spoke from, const std::vector<std::string>& events) {
    const auto read = read_stream_of(from);
    const auto write = write_stream_of(to, names_of_answer());
    std::string said;
    write->into(&said);
    for (const auto& each : events) {
        const auto data = padded(each);
        read->read(std::string_view{data}.substr(0, each.size()), *write);
    }
    read->end(*write);
    write->end();
    std::vector<std::string> out;
    for (auto at = said.find("data: "); at != std::string::npos; at = said.find("data: ", at + 1))
        out.push_back(said.substr(at + 6, said.find('\n', at) - at - 6));
    return out;
}

/// The value behind `name`, a whole object or list, of the first one of that name.
inline std::string value_of(const std::string& text, std::string_view name) {
    const auto key = "\"" + std::string{name} + "\":";
    const auto begin = text.find(key);
    if (begin == std::string::npos) return {};
    const auto body = text.substr(begin + key.size());
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < body.size(); ++i) {
        const char c = body[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (--depth == 0) return body.substr(0, i + 1);
        }
    }
    return {};
}

/// What an assistant said, as it stands in the client's next request: a message, a content, or items without brackets.
inline std::string said_turn(spoke of, const std::string& answer) {
    switch (of) {
        case spoke::chat: return value_of(answer, "message");
        case spoke::responses: {
            const auto items = value_of(answer, "output");
            return items.size() < 2 ? items : items.substr(1, items.size() - 2);
        }
        case spoke::messages: return R"({"role":"assistant","content":)" + value_of(answer, "content") + "}";
        case spoke::gemini: return value_of(answer, "content");
        case spoke::completions: break;  // they know no turns
    }
    return {};
}

/// The result of one call, as a client sends it.
inline std::string result_turn(spoke of, std::string_view id, std::string_view text) {
    const std::string call{id}, said{text};
    switch (of) {
        case spoke::chat: return R"({"role":"tool","tool_call_id":")" + call + R"(","content":")" + said + R"("})";
        case spoke::responses: return R"({"type":"function_call_output","call_id":")" + call + R"(","output":")" + said + R"("})";
        case spoke::messages:
            return R"({"role":"user","content":[{"type":"tool_result","tool_use_id":")" + call + R"(","content":")" + said + R"("}]})";
        case spoke::gemini:
            return R"({"role":"user","parts":[{"functionResponse":{"name":"f","id":")" + call + R"(","response":{"output":")" + said + R"("}}}]})";
        case spoke::completions: break;  // they know no turns
    }
    return {};
}

/// A request of these turns, behind the user's first.
inline std::string request_of(spoke of, const std::vector<std::string>& turns) {
    std::string rest;
    for (const auto& each : turns) rest += "," + each;
    switch (of) {
        case spoke::chat: return R"({"model":"m","messages":[{"role":"user","content":"q"})" + rest + "]}";
        case spoke::responses: return R"({"model":"m","input":[{"role":"user","content":"q"})" + rest + "]}";
        case spoke::messages: return R"({"model":"m","max_tokens":50,"messages":[{"role":"user","content":"q"})" + rest + "]}";
        case spoke::gemini: return R"({"contents":[{"role":"user","parts":[{"text":"q"}]})" + rest + "]}";
        case spoke::completions: break;  // they know no turns
    }
    return {};
}

/// The client's next turn: what it was told, and the tool's result.
inline std::string next_request(spoke of, const std::string& answer) { return request_of(of, {said_turn(of, answer), result_turn(of, "c1", "r")}); }

/// A model that can be given back all that there is.
inline target_settings remembering(spoke to, std::uint32_t whose = account) {
    target_settings with;
    with.model = "m";
    with.scope = whose;
    with.can.thinks = to == spoke::gemini ? capabilities::reasoning::level : capabilities::reasoning::adaptive;
    with.can.reasoning_back = true;
    return with;
}

inline std::string request_for(spoke to, spoke from, const std::string& request, const target_settings& with) {
    const auto body = padded(request);
    json::index where;
    EXPECT_EQ(where.build(std::string_view{body}.substr(0, request.size())), json::fault::none) << request;
    conversation said;
    notes told;
    EXPECT_TRUE(read_request(from, json::cursor{where}, said, told));
    fit_names(said, to);
    std::string out;
    const auto write = to == spoke::chat        ? write_chat
                       : to == spoke::responses ? write_responses
                       : to == spoke::messages  ? write_messages
                                                : write_gemini;
    write(said, with, out, told);
    return out;
}
inline std::string request_for(spoke to, spoke from, const std::string& request, std::uint32_t whose = account) {
    return request_for(to, from, request, remembering(to, whose));
}

inline std::string there_and_back(spoke upstream, spoke client, std::string_view answer) {
    return request_for(upstream, client, next_request(client, answer_for(client, upstream, answer)));
}

// --- what a client's library makes of a stream ---

/// Deltas as OpenAI's libraries put them together: texts behind each other, elements of lists by their index.
inline void merge_delta(boost::json::value& into, const boost::json::value& delta) {
    if (delta.is_array()) {
        if (!into.is_array()) into = boost::json::array{};
        auto& list = into.as_array();
        for (const auto& each : delta.as_array()) {
            const auto number = static_cast<std::size_t>(each.at("index").to_number<std::int64_t>());
            while (list.size() <= number) list.emplace_back(boost::json::object{});
            merge_delta(list[number], each);
        }
    } else if (delta.is_object()) {
        if (!into.is_object()) into = boost::json::object{};
        for (const auto& [key, value] : delta.as_object()) {
            auto& known = into.as_object()[key];
            if (key == "index" || key == "type")
                known = value;
            else
                merge_delta(known, value);
        }
    } else if (delta.is_string() && into.is_string()) {
        into = std::string{into.as_string()} + std::string{delta.as_string()};
    } else {
        into = delta;
    }
}

inline std::string merged_chat(const std::vector<std::string>& events) {
    boost::json::value message = boost::json::object{};
    for (const auto& each : events) {
        if (each == "[DONE]") break;
        const auto chunk = boost::json::parse(each);
        if (!chunk.at("choices").as_array().empty()) merge_delta(message, chunk.at("choices").at(0).at("delta"));
    }
    return boost::json::serialize(message);
}

inline std::string merged_messages(const std::vector<std::string>& events) {
    boost::json::array blocks;
    std::map<std::size_t, std::string> arguments;
    for (const auto& each : events) {
        const auto event = boost::json::parse(each);
        const auto type = event.at("type").as_string();
        if (type == "content_block_start") blocks.push_back(event.at("content_block"));
        if (type != "content_block_delta") continue;
        const auto number = static_cast<std::size_t>(event.at("index").to_number<std::int64_t>());
        for (const auto& [key, value] : event.at("delta").as_object()) {
            if (key == "partial_json")
                arguments[number] += value.as_string();
            else if (key == "signature")
                blocks[number].as_object()["signature"] = value;
            else if (key != "type")
                blocks[number].as_object()[key] = std::string{blocks[number].at(key).as_string()} + std::string{value.as_string()};
        }
    }
    for (const auto& [number, text] : arguments) blocks[number].as_object()["input"] = boost::json::parse(text);
    return R"({"role":"assistant","content":)" + boost::json::serialize(blocks) + "}";
}

/// Items from the ends of items alone, as Codex takes them.
inline std::string merged_responses(const std::vector<std::string>& events) {
    std::string out;
    for (const auto& each : events) {
        const auto event = boost::json::parse(each);
        if (event.at("type").as_string() != "response.output_item.done") continue;
        out += (out.empty() ? "" : ",") + boost::json::serialize(event.at("item"));
    }
    return out;
}

/// Google's libraries give back each chunk's parts as they came.
inline std::string merged_gemini(const std::vector<std::string>& events) {
    boost::json::array parts;
    for (const auto& each : events) {
        const auto chunk = boost::json::parse(each);
        const auto* candidates = chunk.as_object().if_contains("candidates");
        if (!candidates || !candidates->at(0).as_object().contains("content")) continue;
        for (const auto& one : candidates->at(0).at("content").at("parts").as_array()) parts.push_back(one);
    }
    return R"({"role":"model","parts":)" + boost::json::serialize(parts) + "}";
}

inline std::string merged_turn(spoke of, const std::vector<std::string>& events) {
    switch (of) {
        case spoke::chat: return merged_chat(events);
        case spoke::responses: return merged_responses(events);
        case spoke::messages: return merged_messages(events);
        case spoke::gemini: return merged_gemini(events);
        case spoke::completions: break;  // they know no turns
    }
    return {};
}

}  // namespace weir::dialect::hub::test
