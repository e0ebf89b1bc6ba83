// `weir translate`: the same decisions and the same bytes as the server's, and every mistake by name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/run_command.hpp"
#include "support/temp_folder.hpp"

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using weir::test::run;
using weir::test::said;

namespace {

const std::string messages_body = R"({"model":"m","max_tokens":100,"system":"Be brief.","top_k":3,"messages":[{"role":"user","content":"say it"}]})";
const std::string gemini_body = R"({"contents":[{"role":"user","parts":[{"text":"say it"}]}]})";
const std::string chat_stream =
    "data: "
    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"served\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":"
    "\"Hi\"}}]}\n\n"
    "data: "
    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"served\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}"
    "\n\n";

class Translate : public testing::Test {
protected:
    /// Of a file with this text.
    said translate(std::vector<std::string> words, std::string_view text, const char* option = nullptr) const {
        words.insert(words.begin(), "translate");
        if (option) words.emplace_back(option);
        words.push_back(folder_.write("input", text));
        return run(std::move(words));
    }
    said answer(const std::string& from, const std::string& to, std::string_view text) const {
        return translate({"--from", from, "--to", to}, text, "--answer");
    }
    std::string conf(const std::string& pool) const {
        return folder_.write("weir.yaml", "listeners: [{address: \"127.0.0.1:8080\"}]\npools:\n  main: {" + pool +
                                              ", upstreams: [{name: u, url: \"http://127.0.0.1:1\"}]}\n");
    }
    weir::test::temp_folder folder_;
};

}  // namespace

TEST_F(Translate, PrintsWhatWouldBeSent) {
    const auto got = translate({"--from", "messages", "--to", "chat"}, messages_body);
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_EQ(got.out, R"({"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"say it"}],"max_tokens":100})"
                       "\n");
    EXPECT_EQ(got.err, "dropped: top_k\n");
}

TEST_F(Translate, CallsTheModelAsItIsTold) {
    EXPECT_THAT(translate({"--from", "messages", "--to", "responses", "--model", "other"}, messages_body).out, HasSubstr(R"("model":"other")"));
    EXPECT_THAT(translate({"--from", "gemini", "--to", "chat"}, gemini_body).out, HasSubstr(R"("model":"model")"));
    EXPECT_THAT(translate({"--from", "gemini", "--to", "chat", "--model", "gpt-4o"}, gemini_body).out, HasSubstr(R"("model":"gpt-4o")"));
}

TEST_F(Translate, AsksForAStreamWhereTheBodyCannotSayIt) {
    EXPECT_THAT(translate({"--from", "gemini", "--to", "chat"}, gemini_body).out, Not(HasSubstr("stream")));
    EXPECT_THAT(translate({"--from", "gemini", "--to", "chat", "--stream"}, gemini_body).out, HasSubstr(R"("stream":true)"));
    EXPECT_THAT(translate({"--from", "messages", "--to", "chat", "--stream"}, messages_body).out, HasSubstr(R"("stream":true)"));
}

TEST_F(Translate, LeavesABodyOfTheSameDialectAsItIs) {
    EXPECT_EQ(translate({"--from", "messages", "--to", "messages"}, messages_body).out, messages_body + "\n");
    EXPECT_EQ(translate({"--from", "gemini", "--to", "gemini", "--stream"}, gemini_body).out, gemini_body + "\n");
    const auto renamed = translate({"--from", "chat", "--to", "chat", "--model", "b", "--stream"}, R"({"model":"a", "messages":[]})");
    EXPECT_EQ(renamed.code, 0) << renamed.err;
    EXPECT_THAT(renamed.out, AllOf(HasSubstr(R"("model":"b", "messages":[])"), HasSubstr(R"("stream":true)")));
    EXPECT_EQ(answer("chat", "chat", chat_stream).out, chat_stream);
}

TEST_F(Translate, SaysWhatIsRefusedAndWhy) {
    const auto got =
        translate({"--from", "chat", "--to", "messages"},
                  R"({"model":"m","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}}]}]})");
    EXPECT_EQ(got.code, 1);
    EXPECT_EQ(got.out, "");
    EXPECT_THAT(got.err, AllOf(HasSubstr("refused: 'messages"), HasSubstr("cannot be sent to a messages upstream: "), Not(HasSubstr("pool"))));
}

// MinusPod#926 (36 of the peers' bugs): from this version on no model is sampled.
TEST_F(Translate, SamplesNothingWithAVersionThatRefusesIt) {
    const std::string body = R"({"model":"m","max_tokens":9,"temperature":0.5,"top_p":0.9,"messages":[{"role":"user","content":"a"}]})";
    const auto with = [&](const std::string& version) {
        return translate({"--from", "chat", "--to", "messages", "-c",
                          conf("dialect: anthropic, translation: {anthropic_version: \"" + version + "\"}"), "--pool", "main"},
                         body);
    };
    EXPECT_THAT(with("2023-06-01").out, HasSubstr(R"("temperature":0.5)"));
    const auto newer = with("2026-10-21");
    EXPECT_EQ(newer.code, 0) << newer.err;
    EXPECT_THAT(newer.out, AllOf(Not(HasSubstr("temperature")), Not(HasSubstr("top_p"))));
    EXPECT_THAT(newer.err, HasSubstr("dropped: temperature\ndropped: top_p\n"));
}

TEST_F(Translate, GoesByThePoolOfAConf) {
    const auto strict = conf("translate: strict");
    const auto with = [&](const std::string& file, const std::string& to) {
        return translate({"--from", "messages", "--to", to, "-c", file, "--pool", "main"}, messages_body);
    };
    const auto refused = with(strict, "chat");
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("refused: 'top_k' cannot be sent to a chat upstream (pool 'main'): "));
    EXPECT_EQ(translate({"--from", "messages", "--to", "chat", "-c", strict}, messages_body).code, 0);
    const auto other = with(conf("speaks: [responses]"), "chat");
    EXPECT_EQ(other.code, 0) << other.err;
    EXPECT_THAT(other.err, HasSubstr("weir: the pool 'main' would be sent this request as responses\n"));
    const auto native = with(conf("dialect: anthropic"), "chat");
    EXPECT_THAT(native.err, HasSubstr("weir: the pool 'main' would be sent this request as it came\n"));
    const auto off = with(conf("translate: off"), "chat");
    EXPECT_EQ(off.code, 1);
    EXPECT_THAT(off.err, HasSubstr("translates nothing (translate: off)"));
    const auto unread = conf("translation: {show_reasoning: off}");
    const auto thought = translate({"--from", "chat", "--to", "messages", "-c", unread, "--pool", "main"},
                                   R"({"id":"i","type":"message","role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},)"
                                   R"({"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}})",
                                   "--answer");
    EXPECT_THAT(thought.out, AllOf(HasSubstr("Hi"), Not(HasSubstr("hm")))) << thought.err;
    const auto wide = folder_.write("wide.yaml", "models: {\"m\": {max_output: 777}}\n");
    const auto named = folder_.write("named.yaml",
                                     "listeners: [{address: \"127.0.0.1:8080\"}]\ncapabilities: wide.yaml\n"
                                     "pools: {main: {dialect: anthropic, upstreams: [{url: \"http://127.0.0.1:1\"}]}}\n");
    const auto capped = translate({"--from", "gemini", "--to", "messages", "--model", "m", "-c", named, "--pool", "main"}, gemini_body);
    EXPECT_THAT(capped.out, HasSubstr(R"("max_tokens":777)")) << capped.err;
    EXPECT_EQ(capped.err, "changed: max_tokens\n");
}

TEST_F(Translate, TurnsADocumentBack) {
    const auto got =
        answer("messages", "chat",
               R"({"id":"c","model":"served","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]})");
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_THAT(got.out, AllOf(HasSubstr(R"("type":"message")"), HasSubstr(R"("model":"served")"), HasSubstr(R"("text":"Hi")"), HasSubstr("}\n")));
    EXPECT_EQ(got.err, "");
}

TEST_F(Translate, TurnsAStreamBack) {
    for (const auto& text : {chat_stream + "data: [DONE]\n\n", chat_stream, chat_stream + "data: [DONE]", "\xEF\xBB\xBF" + chat_stream}) {
        const auto got = answer("messages", "chat", text);
        EXPECT_EQ(got.code, 0) << got.err;
        EXPECT_THAT(got.out, AllOf(HasSubstr("event: message_start\n"), HasSubstr(R"("model":"served")"), HasSubstr("event: message_stop\n")));
        EXPECT_EQ(got.err, "");
    }
    // Without alt=sse a stream of Gemini's is an array.
    const auto array = answer("chat", "gemini",
                              "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"H\"}]}}]}\n,\r\n{\"candidates\": [\n"
                              "{\"content\":{\"parts\":[{\"text\":\"i\"}]},\"finishReason\":\"STOP\"}]}\n]");
    EXPECT_EQ(array.code, 0) << array.err;
    EXPECT_THAT(array.out, AllOf(HasSubstr(R"("content":"H")"), HasSubstr(R"("content":"i")"), HasSubstr("data: [DONE]\n\n")));
}

TEST_F(Translate, SaysThatAStreamBreaksOff) {
    const auto got = answer("messages", "chat", chat_stream.substr(0, chat_stream.find("\n\n") + 2));
    EXPECT_EQ(got.code, 1);
    EXPECT_THAT(got.out, AllOf(HasSubstr("event: error\n"), Not(HasSubstr("message_stop"))));
    EXPECT_THAT(got.err, HasSubstr(": the answer breaks off\n"));
}

TEST_F(Translate, TurnsErrorsBack) {
    const auto whole = answer("messages", "chat", R"({"error":{"message":"no such thing","type":"invalid_request_error","code":"nothing"}})");
    EXPECT_EQ(whole.code, 0) << whole.err;
    EXPECT_THAT(whole.out, AllOf(HasSubstr(R"("type":"error")"), HasSubstr("upstream says: no such thing")));
    const auto inside =
        answer("chat", "messages", "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n");
    EXPECT_EQ(inside.code, 0) << inside.err;
    EXPECT_THAT(inside.out, AllOf(HasSubstr("upstream says: busy"), Not(HasSubstr("[DONE]"))));
}

TEST_F(Translate, SaysWhatIsNoAnswer) {
    const auto none = [&](const std::string& to, std::string_view text, const char* why) {
        const auto got = answer(to == "chat" ? "messages" : "chat", to, text);
        EXPECT_EQ(got.code, 1) << text;
        EXPECT_EQ(got.out, "") << text;
        EXPECT_THAT(got.err, AllOf(HasSubstr("it is no answer of " + to + ": "), HasSubstr(why))) << text;
    };
    none("chat", "hello", "neither a JSON document nor a stream of events");
    none("chat", "[1]", "neither a JSON document nor a stream of events");
    none("chat", R"({"choices":)", "it is not valid JSON");
    for (const char* to : {"chat", "responses", "messages", "gemini"}) none(to, R"({"foo":1})", "nothing of what such answers have");
    none("messages", chat_stream, "none of its events (2)");
    none("gemini", chat_stream, "none of its events (2)");
    none("gemini", "[1, 2]", "none of its events (2)");
    none("gemini", "[1, 2", "none of its events (2)");
    none("chat", R"({"choices":[]} x)", "it has something after the JSON value");
}

TEST_F(Translate, SaysWhatIsWrongWithAnInput) {
    const auto empty = translate({"--from", "chat", "--to", "messages"}, " \n");
    EXPECT_EQ(empty.code, 1);
    EXPECT_THAT(empty.err, HasSubstr("input: it is empty"));
    EXPECT_EQ(answer("chat", "messages", "").code, 1);
    const auto none = translate({"--from", "chat", "--to", "messages"}, "{\"model\":");
    EXPECT_EQ(none.code, 1);
    EXPECT_EQ(none.out, "");
    EXPECT_THAT(none.err, HasSubstr("refused: the body "));
    const auto nameless = translate({"--from", "chat", "--to", "messages"}, R"({"messages":[]})");
    EXPECT_EQ(nameless.code, 1);
    EXPECT_THAT(nameless.err, HasSubstr("`model` is missing"));
    const auto absent = run({"translate", "--from", "chat", "--to", "messages", folder_.file("absent")});
    EXPECT_EQ(absent.code, 1);
    EXPECT_THAT(absent.err, AllOf(HasSubstr("absent: "), HasSubstr("No such file")));
}

TEST_F(Translate, CallsWrongUsageTwo) {
    const auto wrong = [&](std::vector<std::string> words, const char* why) {
        const auto got = translate(std::move(words), messages_body);
        EXPECT_EQ(got.code, 2);
        EXPECT_EQ(got.out, "");
        EXPECT_THAT(got.err, AllOf(HasSubstr(why), HasSubstr("see: weir translate --help")));
    };
    wrong({"--from", "mesages", "--to", "chat"}, "--from: 'mesages' is no dialect; did you mean 'messages'?");
    wrong({"--from", "chat", "--to", "bedrock"}, "--to: 'bedrock' is no dialect (it knows chat, responses, messages, gemini)");
    wrong({"--to", "chat"}, "--from is missing (it knows chat, responses, messages, gemini, completions)");
    wrong({"--from", "chat", "--to", "completions"}, "--to: 'completions' is no dialect (it knows chat, responses, messages, gemini)");
    wrong({"--from", "chat"}, "--to is missing");
    wrong({"--from", "chat", "--to", "messages", "--answer", "x"}, "either a request's file is due, or --answer FILE");
    wrong({"--from", "chat", "--to", "messages", "--pool", "main"}, "--pool main: whose pool? Name the conf with -c FILE");
    wrong({"--from", "chat", "--to", "messages", "-c", conf("translate: on"), "--pool", "mian"}, "the conf has no pool 'mian'; did you mean 'main'?");
    const auto neither = run({"translate", "--from", "chat", "--to", "messages"});
    EXPECT_EQ(neither.code, 2);
    EXPECT_THAT(neither.err, HasSubstr("either a request's file is due"));
    EXPECT_EQ(translate({"--from", "chat", "--to", "messages", "-c", "/nowhere/weir.yaml"}, messages_body).code, 1);
}
