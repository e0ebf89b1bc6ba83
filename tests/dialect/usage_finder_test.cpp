#include "dialect/read/usage_finder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dialect/read/answer.hpp"

using namespace weir;
using namespace weir::dialect;

namespace {

struct answer {
    bool found;
    usage::counts used;
    std::string model;
    bool more = false;  ///< than tokens is charged
    bool operator==(const answer&) const = default;
};

answer fed(endpoint e, std::string_view body, const std::vector<std::size_t>& cuts) {
    usage_finder finder{e};
    std::size_t from = 0;
    for (const std::size_t cut : cuts) {
        finder.feed(body.substr(from, cut - from));
        from = cut;
    }
    finder.feed(body.substr(from));
    answer out{};
    out.found = finder.result(out.used);
    out.model = finder.served_model();
    out.more = finder.beyond_tokens();
    return out;
}

answer whole(endpoint e, std::string_view body) {
    const unary_facts facts = read_unary(e, body.data(), body.size());
    EXPECT_TRUE(facts.json) << body;
    return {facts.has_usage, facts.usage, facts.served_model, facts.beyond_tokens};
}

const std::pair<endpoint, std::string> bodies[] = {
    {endpoint::chat_completions,
     R"({"choices":[{"message":{"content":"\"usage\":{\"prompt_tokens\":9}\\"}}],"usage":{"prompt_tokens":3,"completion_tokens":4}})"},
    {endpoint::chat_completions, R"({"us\u0061ge" : {"prompt_tokens":3,"prompt_tokens_details":{"cached_tokens":2}},"x":"}{\\\""})"},
    {endpoint::chat_completions, R"({"usage":null,"a":{"usage":{"prompt_tokens":1}},"b":[{"usage":{"prompt_tokens":2}}]})"},
    {endpoint::chat_completions, R"({"usage":{"prompt_tokens":1},"usage":{"prompt_tokens":2},"usage":null})"},
    {endpoint::chat_completions, R"({"a":"usage","b":["usage",{"prompt_tokens":5}],"c":{"prompt_tokens":6}})"},
    {endpoint::chat_completions, R"({"usage":"usage","x":{"prompt_tokens":6}})"},
    {endpoint::chat_completions, R"({"usage":[{"prompt_tokens":1}]})"},
    {endpoint::chat_completions, R"([{"usage":{"prompt_tokens":1}}])"},
    {endpoint::chat_completions, R"("usage")"},
    {endpoint::embeddings, " {\"data\" : [ {\"embedding\":[0.1,-0.2]} ] ,\n \"usage\" :\t{ \"total_tokens\" : 12 } } "},
    {endpoint::messages,
     R"({"type":"message","content":[{"text":"{\"usage\":"}],"usage":{"input_tokens":5,"cache_read_input_tokens":7,"output_tokens":2}})"},
    {endpoint::gemini_generate,
     R"({"candidates":[],"usageMetadata":{"promptTokenCount":5,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":2}]}})"},
    {endpoint::gemini_stream_generate,
     R"([{"usageMetadata":{"promptTokenCount":5}},1,["usageMetadata"],{"x":{"usageMetadata":{"promptTokenCount":50}}},)"
     R"({"usageMetadata":{"promptTokenCount":6,"candidatesTokenCount":1}}])"},
    {endpoint::chat_completions, R"({"model":"m\u0031","service_tier":"flex","usage":{"prompt_tokens":1},"model":"two"})"},
    {endpoint::chat_completions, R"({"model" : null,"x":"model","service_tier":"default","model":"m","y":{"service_tier":"flex","model":"z"}})"},
    {endpoint::chat_completions,
     R"({"model":["a"],"z":"b","service_tier":{"a":"flex"},"q":"flex","usage":{"prompt_tokens":1,"num_sources_used":2}})"},
    {endpoint::messages, R"({"usage":{"input_tokens":5,"server_tool_use":{"web_search_requests":1},"service_tier":"standard"},"model":"c"})"},
    {endpoint::messages, R"({"usage":{"input_tokens":5,"server_tool_use":{"web_search_requests":0},"service_tier":"batch"}})"},
    {endpoint::gemini_generate, R"({"modelVersion":"g","usageMetadata":{"promptTokenCount":5,"trafficType":"PROVISIONED_THROUGHPUT"}})"},
    // The last one that reports anything counts.
    {endpoint::gemini_stream_generate, R"([{"usageMetadata":{"promptTokenCount":6}},{"usageMetadata":{"promptTokenCountunt":8}}])"},
    {endpoint::chat_completions, R"({"usage":{"prompt_tokens":1},"usage":{"x":2}})"},
    {endpoint::chat_completions, R"({"usage":{"prompt_tokens":1},"usage":{"prompt_tokens":9000000000000000000}})"},
};

}  // namespace

TEST(UsageFinder, EqualsTheWholeReadingUnderEverySlicing) {
    for (const auto& [e, body] : bodies) {
        const answer expected = whole(e, body);
        EXPECT_EQ(fed(e, body, {}), expected) << body;
        for (std::size_t a = 0; a <= body.size(); ++a) {
            for (std::size_t b = a; b <= body.size(); ++b) ASSERT_EQ(fed(e, body, {a, b}), expected) << body << " cut at " << a << ", " << b;
        }
        std::vector<std::size_t> every;
        for (std::size_t i = 1; i < body.size(); ++i) every.push_back(i);
        EXPECT_EQ(fed(e, body, every), expected) << body;
    }
}

TEST(UsageFinder, FindsTheUsageBehindMegabytes) {
    const std::string body = R"({"data":[{"b64_json":")" + std::string(3'000'000, 'A') + R"("}],"usage":{"input_tokens":5,"output_tokens":7}})";
    EXPECT_EQ(fed(endpoint::images_generations, body, {1'000, 2'000'000}), (answer{true, {.input = 5, .image_output = 7}}));
}

TEST(UsageFinder, HoldsNoMoreThanItsBound) {
    const std::string huge = R"({"usage":{"prompt_tokens":1,"x":")" + std::string(20'000, 'y') + R"("}})";
    EXPECT_FALSE(fed(endpoint::chat_completions, huge, {}).found);
    const std::string later = R"({"usage":{"x":")" + std::string(20'000, 'y') + R"("},"usage":{"prompt_tokens":4}})";
    EXPECT_EQ(fed(endpoint::chat_completions, later, {}), (answer{true, {.input = 4}}));
}

TEST(UsageFinder, FindsNothingInWhatIsCutBeforeItsEnd) {
    const std::string body = R"({"usage":{"prompt_tokens":3,"completion_tokens":4})";
    for (std::size_t size = 0; size < body.size(); ++size) EXPECT_FALSE(fed(endpoint::chat_completions, body.substr(0, size), {}).found) << size;
}

TEST(UsageFinder, SurvivesGarbage) {
    for (const char* body : {"}}}}", "]", "{{{{", "::::", "\"", "\\", "{\"usage\":{", "{\"usage\"{}}", "<html>"})
        EXPECT_FALSE(fed(endpoint::messages, body, {}).found);
}
