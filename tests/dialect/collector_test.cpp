// Streams put together again: every cassette that has a `unary.json` beside its stream, under every slicing, and the
// ways in which providers differ. That a provider's own two answers agree is tested end to end.
#include "dialect/collect/collector.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "dialect/read/answer.hpp"
#include "http/sse_scanner.hpp"

using namespace weir::dialect;
namespace fs = std::filesystem;
namespace bj = boost::json;

namespace {

constexpr std::size_t enough = 1 << 20;

std::string slurp(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<fs::path> pairs() {
    std::vector<fs::path> out;
    for (const auto& dialect : fs::directory_iterator{fs::path{WEIR_SOURCE_DIR} / "tests/cassettes"})
        for (const auto& one : fs::directory_iterator{dialect.path()})
            if (fs::exists(one.path() / "unary.json")) out.push_back(one.path());
    std::sort(out.begin(), out.end());
    return out;
}

endpoint endpoint_of(const fs::path& cassette) {
    const auto text = slurp(cassette / "expect.txt");
    const auto from = text.find("path: ") + 6;
    return classify("POST", text.substr(from, text.find('\n', from) - from), "", false).id;
}

bj::value parsed(const std::string& text) {
    bj::error_code failed;
    auto out = bj::parse(text, failed);
    EXPECT_FALSE(failed) << text;
    return out;
}

/// Feeds `stream` as it would arrive in reads of `slice` bytes.
std::string collected(endpoint e, const std::string& stream, std::size_t slice, std::size_t limit = enough) {
    const auto parts = make_collector(e, limit);
    weir::http::sse_scanner scanner;
    std::string window;
    for (std::size_t at = 0; at < stream.size(); at += slice) {
        window += stream.substr(at, slice);
        while (const auto size = scanner.find(window)) {
            const std::string event = window.substr(0, size);  // of its own, so that nothing can point into the window
            window.erase(0, size);
            if (!parts->take(event)) return "fault: " + parts->why();
        }
    }
    if (!window.empty() && !parts->take(window)) return "fault: " + parts->why();
    std::string out;
    return parts->write(out) ? out : "fault: " + parts->why();
}

std::string event(const std::string& data) { return "data: " + data + "\n\n"; }

std::string chat(const std::vector<std::string>& deltas) {
    std::string stream;
    for (const auto& delta : deltas)
        stream += event(R"({"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":)" + delta +
                        R"(,"finish_reason":null}]})");
    return stream + event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})") + event("[DONE]");
}

/// The message that the deltas become.
bj::value message(const std::vector<std::string>& deltas) {
    const auto answer = parsed(collected(endpoint::chat_completions, chat(deltas), enough));
    return answer.at("choices").at(0).at("message");
}

std::string claude(const std::string& delta, const std::string& block = R"({"type":"text","text":""})", const std::string& reason = "end_turn") {
    return event(R"({"type":"message_start","message":{"id":"m","content":[],"usage":{"output_tokens":1}}})") +
           event(R"({"type":"content_block_start","index":0,"content_block":)" + block + "}") +
           event(R"({"type":"content_block_delta","index":0,"delta":)" + delta + "}") +
           event(R"({"type":"message_delta","delta":{"stop_reason":")" + reason + R"("},"usage":{}})") + event(R"({"type":"message_stop"})");
}

std::string tool_input(const std::string& partial_json, const std::string& reason) {
    const auto answer = collected(endpoint::messages,
                                  claude(R"({"type":"input_json_delta","partial_json":)" + bj::serialize(bj::value(partial_json)) + "}",
                                         R"({"type":"tool_use","id":"t","name":"f","input":{}})", reason),
                                  enough);
    return answer.starts_with("fault") ? answer : bj::serialize(parsed(answer).at("content").at(0).at("input"));
}

}  // namespace

TEST(Collector, MakesTheUnaryAnswerOfEveryRecordedStreamInEverySlicing) {
    const auto all = pairs();
    ASSERT_GE(all.size(), 20U);
    for (const auto& one : all) {
        SCOPED_TRACE(one.lexically_relative(WEIR_SOURCE_DIR).string());
        const auto e = endpoint_of(one);
        const auto stream = slurp(one / "response.sse");
        const auto whole = collected(e, stream, stream.size());
        EXPECT_EQ(parsed(whole), parsed(slurp(one / "unary.json"))) << whole;
        for (std::size_t slice = 1; slice < std::min<std::size_t>(stream.size(), 300); ++slice)
            ASSERT_EQ(collected(e, stream, slice), whole) << "slices of " << slice;
    }
}

TEST(Collector, AnswersHaveTheUsageThatTheStreamReported) {
    for (const auto& one : pairs()) {
        SCOPED_TRACE(one.lexically_relative(WEIR_SOURCE_DIR).string());
        const auto e = endpoint_of(one);
        const auto stream = slurp(one / "response.sse");
        stream_reader reader{e};
        weir::http::sse_scanner scanner;
        for (std::string rest = stream; const auto size = scanner.find(rest); rest.erase(0, size)) (void)reader.read(rest.substr(0, size));
        const auto answer = collected(e, stream, stream.size());
        const auto facts = read_unary(e, answer.data(), answer.size());
        EXPECT_TRUE(facts.json);
        EXPECT_EQ(facts.has_usage, reader.has_usage());
        EXPECT_EQ(facts.usage, reader.usage());
        EXPECT_EQ(facts.served_model, reader.served_model());
    }
}

TEST(Collector, KeepsNumbersAndEscapesAsTheyWereWritten) {
    const auto answer =
        collected(endpoint::chat_completions,
                  event(R"({"id":"c","created":12345678901234567890,"x":-0.0000012,"choices":[{"index":0,"delta":{"content":"\ud83d"}}]})") +
                      event(R"({"choices":[{"index":0,"delta":{"content":"\ude00 caf\u00e9\n"},"finish_reason":"stop"}]})"),
                  enough);
    EXPECT_NE(answer.find(R"("created":12345678901234567890)"), std::string::npos) << answer;
    EXPECT_NE(answer.find(R"("x":-0.0000012)"), std::string::npos) << answer;
    EXPECT_NE(answer.find(R"("content":"\ud83d\ude00 caf\u00e9\n")"), std::string::npos) << answer;
}

TEST(Collector, GivesEveryMessageARoleAndAContent) {
    EXPECT_EQ(message({R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]})"}),
              parsed(R"({"role":"assistant","content":null,
                         "tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]})"));
    EXPECT_EQ(message({"{}"}), parsed(R"({"role":"assistant","content":null})"));
}

TEST(Collector, MakesAWholeChoiceOfAStreamThatGivesNoReason) {
    const auto stream = event(R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]})") +
                        event("[DONE]");
    EXPECT_EQ(parsed(collected(endpoint::chat_completions, stream, enough)).at("choices").at(0),
              parsed(R"({"index":0,"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}],"role":"assistant","content":null},
                         "finish_reason":null})"));
}

TEST(Collector, TellsToolCallsApartHoweverTheyAreNumbered) {
    const auto two = parsed(R"([{"id":"a","function":{"name":"f","arguments":"{1}"}},
                                {"id":"b","function":{"name":"g","arguments":"{2}"}}])");
    const auto calls = [](const std::vector<std::string>& fragments) {
        std::vector<std::string> deltas;
        for (const auto& f : fragments) deltas.push_back(R"({"tool_calls":[)" + f + "]}");
        return message(deltas).at("tool_calls");
    };
    // All with the index 0, told apart by id and name.
    EXPECT_EQ(calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":"{1}"}})",
                     R"({"index":0,"id":"b","function":{"name":"g","arguments":"{2"}})", R"({"index":0,"function":{"arguments":"}"}})"}),
              two);
    // Without any index.
    EXPECT_EQ(calls({R"({"id":"a","function":{"name":"f","arguments":"{1"}})", R"({"function":{"arguments":"}"}})",
                     R"({"id":"b","function":{"name":"g","arguments":"{2}"}})"}),
              two);
    // A fresh id for every fragment, a name only in the first one.
    EXPECT_EQ(calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":"{"}})",
                     R"({"index":0,"id":"x1","function":{"name":null,"arguments":"1}"}})",
                     R"({"index":1,"id":"b","function":{"name":"g","arguments":"{2"}})", R"({"index":1,"id":"x2","function":{"arguments":"}"}})"}),
              two);
    // Id, type and name repeated with every fragment.
    EXPECT_EQ(
        calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":"{1"}})", R"({"index":0,"id":"a","function":{"name":"f","arguments":"}"}})",
               R"({"index":1,"id":"b","function":{"name":"g","arguments":"{2}"}})"}),
        two);
}

TEST(Collector, JoinsWhatOnlySomeProvidersSend) {
    EXPECT_EQ(message({R"({"role":"assistant","reasoning_content":"a","vendor":{"note":"x","n":1}})",
                       R"({"role":"assistant","reasoning_content":"b","content":"c","vendor":{"note":"y","n":2}})",
                       R"({"audio":{"id":"au","data":"AAAA"}})", R"({"audio":{"data":"BBBB","expires_at":9}})"}),
              parsed(R"({"role":"assistant","reasoning_content":"ab","content":"c","vendor":{"note":"xy","n":2},
                         "audio":{"id":"au","data":"AAAABBBB","expires_at":9}})"));
    // Usage inside the choice (Moonshot) belongs to the answer.
    const auto answer =
        parsed(collected(endpoint::chat_completions,
                         event(R"({"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop","usage":{"total_tokens":3}}]})"), enough));
    EXPECT_EQ(answer.at("usage"), parsed(R"({"total_tokens":3})"));
    EXPECT_EQ(answer.at("object"), "chat.completion");
}

TEST(Collector, RefusesToMakeAnAnswerOfWhatIsNotWhole) {
    for (const auto e : {endpoint::chat_completions, endpoint::completions, endpoint::responses, endpoint::messages, endpoint::gemini_generate}) {
        EXPECT_EQ(collected(e, event("{\"a\":"), enough), "fault: an event of its stream is not JSON");
        EXPECT_EQ(collected(e, event(R"({"a":"\x"})"), enough), "fault: an event of its stream is not JSON");
        EXPECT_EQ(collected(e, event("{} {}"), enough), "fault: an event of its stream is not JSON");
        EXPECT_TRUE(collected(e, event("[DONE]") + ": comment\n\n" + event(""), enough).starts_with("fault"));
    }
    EXPECT_TRUE(collected(endpoint::messages, event(R"({"type":"content_block_delta","index":3,"delta":{"text":"x"}})"), enough)
                    .starts_with("fault: a delta"));
    EXPECT_TRUE(collected(endpoint::responses, event(R"({"type":"response.created","response":{"id":"r"}})"), enough).starts_with("fault"));
}

TEST(Collector, ClosesAToolInputThatTheLimitCutAndOnlyThen) {
    EXPECT_EQ(tool_input(R"({"a":1,"b":{"c":[1,2)", "max_tokens"), R"({"a":1,"b":{"c":[1]}})");
    EXPECT_EQ(tool_input(R"({"a":"x\"y","b":"unfinished \")", "max_tokens"), R"({"a":"x\"y"})");
    EXPECT_EQ(tool_input(R"({"a":true,"key)", "max_tokens"), R"({"a":true})");
    EXPECT_EQ(tool_input(R"({"a":)", "max_tokens"), "{}");
    EXPECT_EQ(tool_input(R"({"a":[{"b":"c"})", "max_tokens"), R"({"a":[{"b":"c"}]})");
    EXPECT_EQ(tool_input("}", "max_tokens"), "{}");
    EXPECT_EQ(tool_input("", "tool_use"), "{}");
    EXPECT_EQ(tool_input(R"({"a":"ü\n"})", "tool_use"), R"({"a":"ü\n"})");
    EXPECT_EQ(tool_input(R"({"path":"/da)", "tool_use"), "fault: the input of a tool call in its stream is not JSON");
}

TEST(Collector, HoldsNoMoreThanItsLimit) {
    const std::string word(1000, 'w');
    const auto parts = make_collector(endpoint::chat_completions, 64 * 1024);
    const auto delta = event(R"({"choices":[{"index":0,"delta":{"content":")" + word + R"("}}],"usage":{"n":1}})");
    int taken = 0;
    while (taken < 1000 && parts->take(delta)) ++taken;
    EXPECT_GT(taken, 50);
    EXPECT_LT(taken, 66);
    EXPECT_TRUE(parts->too_large());
    EXPECT_LE(parts->held(), 64u * 1024);
    EXPECT_NE(parts->why().find("limits.collected"), std::string::npos);
    std::string out;
    EXPECT_FALSE(parts->write(out));
    // Many small things weigh more than their bytes.
    for (const char* swarm : {R"({"choices":[{"index":0,"delta":{"images":[)", R"({"choices":[)"}) {
        std::string many = swarm;
        for (int i = 0; i < 5000; ++i) many += (i == 0 ? "{\"index\":" : ",{\"index\":") + std::to_string(i) + "}";
        const auto small = make_collector(endpoint::chat_completions, 64 * 1024);
        EXPECT_FALSE(small->take(event(many + (many.find("images") == std::string::npos ? "]}" : "]}}]}"))));
        EXPECT_TRUE(small->too_large());
    }
    // What is said again and again is held once.
    const auto same = make_collector(endpoint::chat_completions, 64 * 1024);
    const auto usage = event(R"({"id":"c","citations":[")" + word + R"("],"choices":[],"usage":{"n":1}})");
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(same->take(usage));
    for (const auto e : {endpoint::responses, endpoint::messages, endpoint::gemini_generate}) {
        const std::string big(70 * 1024, 'x');
        const auto stream = e == endpoint::messages    ? claude(R"({"type":"text_delta","text":")" + big + R"("})")
                            : e == endpoint::responses ? event(R"({"type":"response.completed","response":{"id":")" + big + R"("}})")
                                                       : event(R"({"candidates":[{"content":{"parts":[{"text":")" + big + R"("}]}}]})");
        EXPECT_NE(collected(e, stream, stream.size(), 64 * 1024).find("limits.collected"), std::string::npos);
    }
}

TEST(CanCollect, KnowsWhatHasAStreamThatSaysTheSame) {
    const auto can = [](const std::string& path, const std::string& body) {
        const target what = classify("POST", path, "", false);
        request_facts facts;
        EXPECT_FALSE(inspect(what.id, body.data(), body.size(), facts)) << body;
        return can_collect(what, facts);
    };
    const std::string m = R"({"model":"m")";
    EXPECT_TRUE(can("/v1/chat/completions", m + "}"));
    EXPECT_TRUE(can("/v1/chat/completions", m + R"(,"stream":false,"audio":null})"));
    EXPECT_FALSE(can("/v1/chat/completions", m + R"(,"stream":true})"));
    EXPECT_FALSE(can("/v1/chat/completions", m + R"(,"audio":{"format":"wav"}})"));
    EXPECT_TRUE(can("/v1/completions", m + R"(,"best_of":1})"));
    EXPECT_FALSE(can("/v1/completions", m + R"(,"best_of":2})"));
    EXPECT_TRUE(can("/v1/responses", m + R"(,"input":"x","background":false})"));
    EXPECT_FALSE(can("/v1/responses", m + R"(,"input":"x","background":true})"));
    EXPECT_FALSE(can("/v1/responses/input_tokens", m + "}"));
    EXPECT_TRUE(can("/v1/messages", m + "}"));
    EXPECT_FALSE(can("/v1/messages/count_tokens", m + "}"));
    EXPECT_FALSE(can("/v1/embeddings", m + "}"));
    EXPECT_TRUE(can("/v1beta/models/g:generateContent", "{}"));
    EXPECT_FALSE(can("/v1beta/models/g:streamGenerateContent", "{}"));
    EXPECT_FALSE(can("/v1beta/models/g:countTokens", "{}"));
}

TEST(CanCollect, TurnsGeminisPathIntoTheOneThatStreams) {
    target what = classify("POST", "/v1beta/models/a:b:generateContent", "", false);
    stream_in_path(what);
    EXPECT_EQ(what.suffix, "/models/a:b:streamGenerateContent");
    target other = classify("POST", "/v1/chat/completions", "", false);
    stream_in_path(other);
    EXPECT_EQ(other.suffix, "/chat/completions");
    EXPECT_TRUE(is_answer_format("alt=json"));
    EXPECT_TRUE(is_answer_format("$alt=json"));
    EXPECT_FALSE(is_answer_format("salt=x"));
    EXPECT_FALSE(is_answer_format("key=alt"));
}
