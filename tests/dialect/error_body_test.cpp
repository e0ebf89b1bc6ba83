#include "dialect/error_body.hpp"

#include <gtest/gtest.h>

#include <string>

#include "dialect/read/answer.hpp"

using namespace weir;
using namespace weir::dialect;
using core::code;

namespace {

const core::error broken{code::stream_interrupted, "the upstream \"eu\" closed the connection"};

}  // namespace

TEST(ErrorBody, WritesEachDialectsShape) {
    const core::error why{code::budget_exceeded, "the budget of key \"dify\" is spent", 30};
    EXPECT_EQ(write_error(kind::openai, why, "r1"),
              R"({"error":{"message":"the budget of key \"dify\" is spent","type":"insufficient_quota","param":null,"code":"budget_exceeded"}})");
    EXPECT_EQ(
        write_error(kind::anthropic, why, "r1"),
        R"({"type":"error","error":{"type":"rate_limit_error","message":"the budget of key \"dify\" is spent","code":"budget_exceeded"},"request_id":"r1"})");
    EXPECT_EQ(write_error(kind::gemini, why, "r1"),
              R"({"error":{"code":429,"message":"the budget of key \"dify\" is spent","status":"RESOURCE_EXHAUSTED","details":[)"
              R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"budget_exceeded","domain":"weir"},)"
              R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"30s"}]}})");
    EXPECT_EQ(write_error(kind::gemini, {code::model_not_found, "m"}, ""),
              R"({"error":{"code":404,"message":"m","status":"NOT_FOUND","details":[)"
              R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"model_not_found","domain":"weir"}]}})");
}

TEST(ErrorBody, NamesTypesAsTheSdksKnowThem) {
    const struct {
        code what;
        const char *openai, *anthropic, *gemini;
    } rows[] = {
        {code::bad_request, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"},
        {code::invalid_key, "authentication_error", "authentication_error", "UNAUTHENTICATED"},
        {code::model_not_allowed, "permission_error", "permission_error", "PERMISSION_DENIED"},
        {code::unknown_endpoint, "not_found_error", "not_found_error", "NOT_FOUND"},
        {code::model_not_found, "invalid_request_error", "not_found_error", "NOT_FOUND"},
        {code::body_too_large, "invalid_request_error", "request_too_large", "INVALID_ARGUMENT"},
        {code::rate_limited, "rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED"},
        {code::overloaded, "overloaded_error", "overloaded_error", "UNAVAILABLE"},
        {code::upstream_unreachable, "api_error", "api_error", "UNAVAILABLE"},
        {code::upstream_timeout, "timeout_error", "timeout_error", "DEADLINE_EXCEEDED"},
        {code::internal, "api_error", "api_error", "INTERNAL"},
    };
    const auto has = [](const std::string& body, const char* name) { return body.find("\"" + std::string{name} + "\"") != std::string::npos; };
    for (const auto& row : rows) {
        const core::error why{row.what, "m"};
        EXPECT_TRUE(has(write_error(kind::openai, why, ""), row.openai)) << core::name_of(row.what);
        EXPECT_TRUE(has(write_error(kind::anthropic, why, ""), row.anthropic)) << core::name_of(row.what);
        EXPECT_TRUE(has(write_error(kind::gemini, why, ""), row.gemini)) << core::name_of(row.what);
    }
}

TEST(ErrorBody, IsReadAsAnErrorByWhoeverReadsTheDialect) {
    const std::pair<kind, endpoint> ends[] = {
        {kind::openai, endpoint::chat_completions}, {kind::anthropic, endpoint::messages}, {kind::gemini, endpoint::gemini_generate}};
    for (int c = 1; c <= static_cast<int>(code::internal); ++c) {
        const core::error why{static_cast<code>(c), "say \"why\"\n\x01"};
        for (const auto& [k, e] : ends) {
            const std::string body = write_error(k, why, "r");
            const unary_facts facts = read_unary(e, body.data(), body.size());
            EXPECT_TRUE(facts.json && facts.error) << body;
            EXPECT_EQ(facts.error_message, why.message);
        }
    }
}

TEST(ErrorBody, WritesTheEventThatEndsABrokenStream) {
    EXPECT_EQ(write_error_event(endpoint::chat_completions, broken, "r"),
              "data: {\"error\":{\"message\":\"the upstream \\\"eu\\\" closed the "
              "connection\",\"type\":\"api_error\",\"param\":null,"
              "\"code\":\"stream_interrupted\"}}\n\n");
    EXPECT_EQ(write_error_event(endpoint::responses, {code::stream_interrupted, "m"}, "r"),
              "event: error\ndata: "
              "{\"type\":\"error\",\"code\":\"stream_interrupted\",\"message\":\"m\",\"param\":null,\"sequence_"
              "number\":0}\n\n");
    EXPECT_EQ(write_error_event(endpoint::messages, {code::stream_interrupted, "m"}, "r"),
              "event: error\ndata: "
              "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"m\",\"code\":\"stream_interrupted\"}"
              ",\"request_id\":\"r\"}\n\n");
    for (const endpoint silent : {endpoint::gemini_stream_generate, endpoint::other, endpoint::files, endpoint::audio_speech})
        EXPECT_EQ(write_error_event(silent, broken, "r"), "");
}

TEST(ErrorBody, WritesAnEventThatIsReadAsAnErrorAndNeverAsAnEnd) {
    for (const endpoint e :
         {endpoint::chat_completions, endpoint::completions, endpoint::responses, endpoint::messages, endpoint::images_generations}) {
        stream_reader reader{e};
        const event_facts facts = reader.read(write_error_event(e, broken, "r"));
        EXPECT_TRUE(facts.error);
        EXPECT_FALSE(facts.terminator || facts.finish);
        EXPECT_EQ(reader.error_message(), broken.message);
    }
}

TEST(ErrorBody, WritesAWebSocketServersErrorMessage) {
    EXPECT_EQ(write_websocket_error(endpoint::responses, {code::budget_exceeded, "m"}),
              R"({"type":"error","status":429,"error":{"type":"insufficient_quota","code":"budget_exceeded","message":"m","param":null}})");
    EXPECT_EQ(write_websocket_error(endpoint::realtime, {code::budget_exceeded, "m"}),
              R"({"type":"error","error":{"type":"insufficient_quota","code":"budget_exceeded","message":"m","param":null,"event_id":null}})");
}
