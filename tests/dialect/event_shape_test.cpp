// Events that are known by their shape must mean what they mean read as JSON: each stream here is read both ways and compared.
#include "dialect/read/event_shape.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "dialect/read/readers.hpp"

using namespace weir;
using namespace weir::dialect;

namespace {

struct writer : text_sink {
    std::vector<std::pair<std::uint32_t, std::string>> pieces;
    void text(std::uint32_t lane, std::string_view piece) override { pieces.emplace_back(lane, piece); }
};

class both_ways {
public:
    explicit both_ways(endpoint e) : by_shape_(e), whole_(e, false) {}

    void read(const std::string& event) {
        const std::vector<char> exact(event.begin(), event.end());
        const std::string_view bytes{exact.data(), exact.size()};
        const event_facts a = by_shape_.read(bytes, &of_shape_), b = whole_.read(bytes, &of_whole_);
        ASSERT_EQ(a.content, b.content) << event;
        ASSERT_EQ(a.finish, b.finish) << event;
        ASSERT_EQ(a.terminator, b.terminator) << event;
        ASSERT_EQ(a.error, b.error) << event;
        ASSERT_EQ(a.usage_only, b.usage_only) << event;
        ASSERT_EQ(of_shape_.pieces, of_whole_.pieces) << event;
        ASSERT_EQ(by_shape_.served_model(), whole_.served_model()) << event;
        ASSERT_EQ(by_shape_.usage(), whole_.usage()) << event;
        ASSERT_EQ(by_shape_.error_message(), whole_.error_message()) << event;
    }
    const writer& pieces() const { return of_shape_; }

private:
    stream_reader by_shape_, whole_;
    writer of_shape_, of_whole_;
};

struct sample {
    endpoint where;
    std::string before, after;  ///< the text stands between
};

const std::vector<sample>& samples() {
    static const std::vector<sample> all{
        {endpoint::chat_completions,
         R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1763740800,"model":"m","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":")",
         "\"},\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"aB3\"}\n\n"},
        {endpoint::chat_completions, R"(data: {"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"arguments":")",
         "\"}}]},\"index\":2}],\"created\":0}\r\n\r\n"},
        {endpoint::completions, R"(data: {"id":"c","choices":[{"text":")", "\",\"index\":0}]}\n\n"},
        {endpoint::responses,
         "event: response.output_text.delta\n"
         R"(data: {"type":"response.output_text.delta","sequence_number":7,"item_id":"msg_1","output_index":0,"content_index":0,"delta":")",
         "\",\"logprobs\":[],\"obfuscation\":\"\"}\n\n"},
        {endpoint::messages,
         "event: content_block_delta\n"
         R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")",
         "\"}}\n\n"},
        {endpoint::gemini_stream_generate, R"(data: {"candidates":[{"content":{"parts":[{"text":")",
         "\"}],\"role\":\"model\"},\"index\":0}],\"modelVersion\":\"g\"}\n\n"},
    };
    return all;
}

const std::vector<std::string> texts{" word",
                                     "",
                                     "x",
                                     R"(\n)",
                                     R"(\")",
                                     R"(\\)",
                                     R"(\u00e9)",
                                     R"(\ud83d\ude00)",
                                     R"(\ud83d)",
                                     R"(\x)",
                                     "\xc3\xa9",
                                     "\xff",
                                     "\xc3",
                                     "\x1f",
                                     "\"",
                                     "\\",
                                     R"(","a":")",
                                     "{}[],:",
                                     "\x7f",
                                     std::string(70, 'y'),
                                     std::string(40, 'z') + "\\\"" + std::string(40, 'w'),
                                     std::string(31, 'v') + "\xe2\x82\xac",
                                     R"(\u12)"};

}  // namespace

TEST(EventShape, ReadsTheTextOfEachEventAsJsonWould) {
    for (const sample& s : samples()) {
        both_ways stream{s.where};
        for (int round = 0; round < 2; ++round)
            for (const std::string& text : texts) {
                stream.read(s.before + "plain" + s.after);
                stream.read(s.before + text + s.after);
            }
    }
}

TEST(EventShape, KnowsWhatItHasSeen) {
    for (const sample& s : samples()) {
        stream_reader reader{s.where};
        shape_notes notes;
        writer sink;
        const std::string event = s.before + "one" + s.after;
        json::index where;
        const std::size_t brace = event.find('{');
        ASSERT_EQ(where.build(std::string_view{event}.substr(brace, event.find_last_of('}') + 1 - brace)), json::fault::none);
        const std::size_t colon = event.find("event: ");
        const std::string name = colon == 0 ? event.substr(7, event.find('\n') - 7) : "";
        reader_of(s.where)(stream_access{reader, &sink, nullptr}, name, json::cursor{where});  // the first names the model
        reader_of(s.where)(stream_access{reader, &sink, &notes}, name, json::cursor{where});
        event_shape shape;
        ASSERT_TRUE(shape.learn(event, notes)) << event;
        shape_match seen;
        const std::string next = s.before + "another\\n" + s.after;  // the text is a part of it
        EXPECT_TRUE(shape.matches(next, seen)) << event;
        EXPECT_EQ(seen.text.text, "another\\n");
        EXPECT_TRUE(seen.text.escaped);
        EXPECT_FALSE(shape.matches(s.before + s.after, seen)) << "an event without text says something else";
        EXPECT_FALSE(shape.matches(s.before + "one" + s.after + "\n", seen));
        EXPECT_FALSE(shape.matches(" " + s.before + "one" + s.after, seen));
        for (std::size_t cut = 0; cut < event.size(); ++cut) EXPECT_FALSE(shape.matches(event.substr(0, cut), seen)) << cut;
    }
}

TEST(EventShape, LetsValuesWithoutMeaningDiffer) {
    const auto event = [](const std::string& id, const std::string& created, const std::string& padding) {
        return "data: {\"id\":\"" + id + "\",\"created\":" + created + R"(,"choices":[{"delta":{"content":"t"}}],"obfuscation":")" + padding +
               "\"}\n\n";
    };
    both_ways stream{endpoint::chat_completions};
    for (const char* id : {"a", "", "longer than before, and more than sixteen bytes", "\xc3\xa9", "\xff", "\\n", "\x01"})
        for (const char* created : {"1", "20", "0", "01", "-1", "1.5", "1e3", "null", "\"x\"", "99999999999999999999999"})
            for (const char* padding : {"", "abc", "\""}) {
                stream.read(event("a", "1", "b"));
                stream.read(event(id, created, padding));
            }
}

TEST(EventShape, IsNotLearnedFromWhatMeansMore) {
    const std::vector<std::string> others{R"({"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]})",
                                          R"({"choices":[{"delta":{"content":"a","reasoning":"b"}}]})",
                                          R"({"choices":[{"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}]})",
                                          R"({"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":1,"completion_tokens":2}})",
                                          R"({"choices":[{"delta":{"content":"a"}}],"error":{"message":"x"}})"};
    for (const std::string& one : others) {
        both_ways stream{endpoint::chat_completions};
        for (int i = 0; i < 3; ++i) stream.read("data: " + one + "\n\n");
        std::string changed = one;
        if (const std::size_t at = changed.find("\"a\""); at != std::string::npos) changed.replace(at, 3, "\"changed\"");
        if (const std::size_t at = changed.find(":2}"); at != std::string::npos) changed.replace(at, 3, ":7}");
        stream.read("data: " + changed + "\n\n");
    }
}

// Any byte of any event may change: what is then read is what JSON says.
TEST(EventShape, AgreesWithJsonWhateverChanges) {
    std::mt19937 random{11};
    const auto pick = [&](std::size_t below) { return std::uniform_int_distribution<std::size_t>{0, below - 1}(random); };
    const std::string bytes = "\"\\{}[]:, 019ae\n\r\x01\x7f\xc3\xa9-.";
    for (const sample& s : samples()) {
        both_ways stream{s.where};
        for (int round = 0; round < 6000; ++round) {
            std::string event = s.before + texts[pick(texts.size())] + s.after;
            stream.read(s.before + "plain" + s.after);
            for (std::size_t changes = pick(3); changes > 0; --changes) {
                const std::size_t at = pick(event.size());
                switch (pick(3)) {
                    case 0: event[at] = bytes[pick(bytes.size())]; break;
                    case 1: event.insert(at, 1, bytes[pick(bytes.size())]); break;
                    default: event.erase(at, 1);
                }
            }
            stream.read(event);
        }
    }
}

TEST(EventShape, MixesNoLanesWhenChoicesAlternate) {
    both_ways stream{endpoint::chat_completions};
    for (int i = 0; i < 40; ++i)
        stream.read(R"(data: {"choices":[{"index":)" + std::to_string(i % 5) + R"(,"delta":{"content":"t)" + std::to_string(i) + "\"}}]}\n\n");
    std::vector<std::uint32_t> lanes;
    for (const auto& [lane, text] : stream.pieces().pieces) lanes.push_back(lane);
    ASSERT_EQ(lanes.size(), 40u);
    for (std::size_t i = 5; i < 40; ++i) EXPECT_EQ(lanes[i], lanes[i - 5]);
    EXPECT_NE(lanes[0], lanes[1]);
}

TEST(EventShape, OfManyStreamsDoNotMix) {
    std::vector<both_ways> streams;
    for (int i = 0; i < 20; ++i) streams.emplace_back(i % 2 == 0 ? endpoint::chat_completions : endpoint::messages);
    for (int round = 0; round < 30; ++round)
        for (std::size_t i = 0; i < streams.size(); ++i) {
            const std::string number = std::to_string(i * 100 + static_cast<std::size_t>(round));
            if (i % 2 == 0)
                streams[i].read(R"(data: {"model":"m)" + std::to_string(i) + R"(","choices":[{"index":)" + std::to_string(i) +
                                R"(,"delta":{"content":")" + number + "\"}}]}\n\n");
            else
                streams[i].read("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":" + std::to_string(i) +
                                R"(,"delta":{"type":"text_delta","text":")" + number + "\"}}\n\n");
        }
}
