// Streams through a reader and a writer, and what a client makes of one, for tests.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dialect/hub/answer/documents.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/json/json_index.hpp"

namespace weir::dialect::hub::test {

inline constexpr std::array<spoke, 4> every_dialect{spoke::chat, spoke::responses, spoke::messages, spoke::gemini};

inline answer_names names_for_tests() { return {.id = "id1", .model = "m", .created = 7, .include_usage = true, .show_reasoning = true}; }

inline void read_event(answer_stream_reader& by, std::string event, answer_listener& to) {
    const auto size = event.size();
    event.append(64, '\0');
    by.read(std::string_view{event}.substr(0, size), to);
}

/// Events of one dialect's stream as another's.
inline std::string streamed(spoke from, spoke to, const std::vector<std::string>& events, answer_names with = names_for_tests()) {
    std::string out;
    const auto read = read_stream_of(from);
    const auto write = write_stream_of(to, std::move(with));
    write->into(&out);
    for (const auto& each : events) read_event(*read, each, *write);
    read->end(*write);
    write->end();
    return out;
}

/// A whole answer of one dialect as another's.
inline std::string translated_answer(spoke from, spoke to, const std::string& body, answer_names with = names_for_tests()) {
    json::index where;
    EXPECT_EQ(where.build(body), json::fault::none) << body;
    document_writer writer{to, std::move(with)};
    EXPECT_TRUE(read_document(from, json::cursor{where}, writer)) << body;
    EXPECT_FALSE(writer.failed()) << body;
    auto out = writer.take();
    json::index again;
    EXPECT_EQ(again.build(out), json::fault::none) << out;
    json::cursor whole{again};
    EXPECT_TRUE(whole.skip() && whole.at_end()) << out;
    return out;
}

/// The `data:` of each event, each of them JSON.
inline std::vector<std::string> data_of(const std::string& stream) {
    std::vector<std::string> out;
    for (std::size_t at = stream.find("data: "); at != std::string::npos; at = stream.find("\ndata: ", at)) {
        at += stream[at] == '\n' ? 7 : 6;
        out.push_back(stream.substr(at, stream.find('\n', at) - at));
        if (out.back() == "[DONE]") continue;
        json::index where;
        EXPECT_EQ(where.build(out.back()), json::fault::none) << out.back();
        json::cursor whole{where};
        EXPECT_TRUE(whole.skip() && whole.at_end()) << out.back();
    }
    return out;
}

/// What the client of a stream has at its end, as a whole answer.
inline std::string collected(spoke of, const std::string& stream, answer_names with = names_for_tests()) {
    const auto read = read_stream_of(of);
    document_writer whole{of, std::move(with)};
    for (const auto& each : data_of(stream)) read_event(*read, each, whole);
    read->end(whole);
    EXPECT_FALSE(whole.failed()) << stream;
    return whole.take();
}

inline bool says(const std::string& in, std::string_view text) { return in.find(text) != std::string::npos; }

inline std::size_t times(const std::string& in, std::string_view text) {
    std::size_t out = 0;
    for (auto at = in.find(text); at != std::string::npos; at = in.find(text, at + text.size())) ++out;
    return out;
}

/// A string or a number of the event at hand, and of the object that is its member `in`; empty: it has no such.
inline std::string member(const std::string& event, std::string_view name, std::string_view in = {}) {
    std::string out;
    json::index where;
    if (where.build(event) != json::fault::none) return out;
    json::cursor at{where};
    const auto look = [&](std::string_view key, json::cursor& value) {
        if (key == name) out = written(value);
    };
    at.members([&](std::string_view key, json::cursor& value) {
        if (in.empty())
            look(key, value);
        else if (key == in)
            value.members(look);
    });
    if (out.starts_with('"')) out = out.substr(1, out.size() - 2);
    return out;
}

/// Blocks of a stream of messages begin and end one after the other, and each delta is of the type of the block that is open.
inline void expect_whole_blocks(const std::string& stream) {
    int next = 0, ends = 0;
    std::string open;
    for (const auto& each : data_of(stream)) {
        const auto type = member(each, "type");
        if (type == "content_block_start") {
            EXPECT_EQ(open, "") << each;
            EXPECT_EQ(member(each, "index"), std::to_string(next)) << each;
            open = member(each, "type", "content_block");
        } else if (type == "content_block_stop") {
            EXPECT_NE(open, "") << each;
            EXPECT_EQ(member(each, "index"), std::to_string(next++)) << each;
            open.clear();
        } else if (type == "content_block_delta") {
            const auto of = member(each, "type", "delta");
            const std::string fits = of == "text_delta" ? "text" : of == "input_json_delta" ? "tool_use" : "thinking";
            EXPECT_EQ(open, fits) << each;
            EXPECT_EQ(member(each, "index"), std::to_string(next)) << each;
        } else if (type == "message_delta") {
            EXPECT_EQ(open, "") << each;
            ++ends;
        }
    }
    EXPECT_EQ(ends, 1) << stream;
}

}  // namespace weir::dialect::hub::test
