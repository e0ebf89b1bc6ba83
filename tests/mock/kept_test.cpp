// What the mock keeps between calls, and its media and realtime answers, without a socket.
#include <gtest/gtest.h>

#include "mock/media.hpp"
#include "mock/realtime.hpp"
#include "mock/request_body.hpp"
#include "mock/shelf.hpp"
#include "mock/websocket.hpp"

namespace mock = weir::mock;
namespace json = boost::json;

namespace {

constexpr std::string_view form_type = "multipart/form-data; boundary=b";

std::string form(const std::vector<std::pair<std::string, std::string>>& fields, const std::string& file_field = {},
                 const std::string& content = {}) {
    std::string out;
    if (!file_field.empty())
        out += "--b\r\nContent-Disposition: form-data; name=\"" + file_field +
               "\"; filename=\"a.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n" + content + "\r\n";
    for (const auto& [name, value] : fields) out += "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
    return out + "--b--\r\n";
}

mock::answer post_form(std::string_view target, const std::string& body) { return mock::answer_to({"POST", target, form_type, body}, {}, {}, 1); }

struct kept {
    mock::shelf shelf;
    std::uint64_t serial = 0;

    json::value ask(std::string_view method, std::string_view target, std::string_view body = {}, std::string_view type = "application/json",
                    int status = 200) {
        const auto got = shelf.answer_to({method, target, type, body}, ++serial);
        if (!got) return nullptr;
        EXPECT_EQ(got->status, status) << target;
        return json::parse(got->events.front().bytes);
    }
};

/// What a client sends: masked, in one frame.
std::string masked(unsigned char first, std::string_view payload) {
    std::string out{static_cast<char>(first), static_cast<char>(0x80 | payload.size()), 1, 2, 3, 4};
    for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ static_cast<char>(1 + i % 4));
    return out;
}

}  // namespace

TEST(RequestBody, ReadsFormsWithFilesInAnyPlace) {
    const auto text = form({{"model", "m"}, {"n", "3"}, {"stream", "true"}}, "image[]", "--b is no end\r\n--c");
    const mock::request_body body{{"POST", "/v1/images/edits", form_type, text}};
    EXPECT_EQ(body.text("model"), "m");
    EXPECT_EQ(body.number("n", 1), 3);
    EXPECT_TRUE(body.flag("stream"));
    EXPECT_EQ(body.file("image"), "--b is no end\r\n--c");
    EXPECT_EQ(body.file_name("image"), "a.bin");
    EXPECT_EQ(body.text("nothing"), "");
    const mock::request_body cut{{"POST", "/v1/images/edits", form_type, text.substr(0, text.size() / 2)}};
    EXPECT_EQ(cut.text("stream"), "");
}

TEST(Media, GivesTheEditedImageBack) {
    const auto said = post_form("/v1/images/edits", form({{"model", "m"}, {"prompt", "more"}}, "image", "abc"));
    EXPECT_EQ(json::parse(said.events.front().bytes).at("data").at(0).at("b64_json").as_string(), "YWJj");
    EXPECT_EQ(said.model, "m");
    const auto heard = post_form("/v1/images/edits", form({{"model", "m"}}));
    EXPECT_EQ(json::parse(heard.events.front().bytes).at("object").as_string(), "mock");
}

TEST(Media, StreamsATranscriptThatAddsUp) {
    const auto said = post_form("/v1/audio/transcriptions", form({{"model", "m"}, {"stream", "true"}}, "file", "sound"));
    ASSERT_TRUE(said.stream);
    const auto data = [](const mock::event& e) { return json::parse(std::string_view{e.bytes}.substr(6)); };
    std::string all;
    for (std::size_t i = 0; i + 1 < said.events.size(); ++i) all += data(said.events[i]).at("delta").as_string();
    EXPECT_EQ(data(said.events.back()).at("text").as_string(), all);
    EXPECT_EQ(data(said.events.back()).at("usage").at("output_tokens").as_int64(), said.usage.completion);
}

TEST(Shelf, KeepsFilesUntilTheyAreDeleted) {
    kept it;
    const auto id = std::string{it.ask("POST", "/v1/files", form({{"purpose", "batch"}}, "file", "abc"), form_type).at("id").as_string()};
    EXPECT_EQ(it.ask("GET", "/v1/files").at("data").as_array().size(), 1u);
    EXPECT_EQ(it.ask("GET", "/v1/files/" + id).at("bytes").to_number<int>(), 3);
    EXPECT_EQ(it.shelf.answer_to({"GET", "/v1/files/" + id + "/content", "", ""}, 9)->events.front().bytes, "abc");
    EXPECT_TRUE(it.ask("DELETE", "/v1/files/" + id).at("deleted").as_bool());
    it.ask("GET", "/v1/files/" + id, {}, {}, 404);
    it.ask("POST", "/v1/files", "{}", "application/json", 400);
}

TEST(Shelf, AnswersEveryLineOfABatch) {
    kept it;
    const std::string lines = R"({"custom_id":"one","method":"POST","url":"/v1/chat/completions","body":{"model":"m","messages":[]}})"
                              "\n{\"custom_id\":\"two\"}\n";
    const auto input = it.ask("POST", "/v1/files", form({{"purpose", "batch"}}, "file", lines), form_type).at("id");
    const auto batch = it.ask("POST", "/v1/batches", json::serialize(json::value{{"input_file_id", input}, {"endpoint", "/v1/chat/completions"}}));
    EXPECT_EQ(batch.at("status").as_string(), "validating");
    const auto done = it.ask("GET", "/v1/batches/" + std::string{batch.at("id").as_string()});
    EXPECT_EQ(done.at("request_counts").at("completed").to_number<int>(), 1);
    EXPECT_EQ(done.at("request_counts").at("failed").to_number<int>(), 1);
    const auto output = "/v1/files/" + std::string{done.at("output_file_id").as_string()} + "/content";
    const auto got = it.shelf.answer_to({"GET", output, "", ""}, 9)->events.front().bytes;
    const auto first = json::parse(std::string_view{got}.substr(0, got.find('\n')));
    EXPECT_EQ(first.at("response").at("body").at("object").as_string(), "chat.completion");
    it.ask("POST", "/v1/batches", R"({"input_file_id":"none"})", "application/json", 404);
}

TEST(Shelf, RemembersResponsesWholeAndStreamed) {
    kept it;
    for (const bool stream : {false, true}) {
        const std::string body = stream ? R"({"model":"m","input":"x","stream":true})" : R"({"model":"m","input":"x"})";
        const mock::asked request{"POST", "/v1/responses", "application/json", body};
        auto said = mock::answer_to(request, {}, {}, stream ? 5 : 6);
        it.shelf.remember(request, said);
        const std::string id = stream ? "resp_mock5" : "resp_mock6";
        EXPECT_EQ(it.ask("GET", "/v1/responses/" + id).at("status").as_string(), "completed");
        EXPECT_TRUE(it.ask("DELETE", "/v1/responses/" + id).at("deleted").as_bool());
        it.ask("GET", "/v1/responses/" + id, {}, {}, 404);
    }
    EXPECT_TRUE(it.ask("POST", "/v1/responses", "{}").is_null()) << "what makes a response is not the shelf's";
}

TEST(Shelf, ABackgroundResponseIsQueuedThenInProgressThenCompletedWithUsage) {
    kept it;
    const mock::asked request{"POST", "/v1/responses", "application/json", R"({"model":"m","input":"x","background":true})"};
    auto said = mock::answer_to(request, {}, {}, 7);
    it.shelf.remember(request, said);
    const auto begun = json::parse(said.events.front().bytes);
    EXPECT_EQ(begun.at("status").as_string(), "queued");
    EXPECT_TRUE(begun.at("usage").is_null());
    EXPECT_EQ(it.ask("GET", "/v1/responses/resp_mock7").at("status").as_string(), "in_progress");
    const auto done = it.ask("GET", "/v1/responses/resp_mock7");
    EXPECT_EQ(done.at("status").as_string(), "completed");
    EXPECT_GT(done.at("usage").at("output_tokens").as_int64(), 0);
}

TEST(Shelf, KeepsVideosAndBatchesOfMessages) {
    kept it;
    const auto video = it.ask("POST", "/v1/videos", R"({"model":"sora-2","prompt":"rain"})");
    const std::string path = "/v1/videos/" + std::string{video.at("id").as_string()};
    EXPECT_EQ(it.ask("GET", path).at("status").as_string(), "in_progress");
    EXPECT_EQ(it.ask("GET", path).at("status").as_string(), "completed");
    EXPECT_TRUE(it.ask("DELETE", path).at("deleted").as_bool());
    it.ask("GET", path, {}, {}, 404);
    const auto batch = it.ask("POST", "/v1/messages/batches",
                              R"({"requests":[{"custom_id":"a","params":{"model":"c","max_tokens":9,"messages":[{"role":"user","content":"x"}]}}]})");
    const std::string of = "/v1/messages/batches/" + std::string{batch.at("id").as_string()};
    EXPECT_EQ(it.ask("GET", of).at("processing_status").as_string(), "ended");
    EXPECT_EQ(it.ask("GET", of + "/results").at("result").at("message").at("model").as_string(), "c");
}

TEST(WebSocket, PutsFragmentsTogetherUnderEverySlicing) {
    const std::string wire = masked(0x01, "hel") + masked(0x89, "ping") + masked(0x80, "lo") + masked(0x88, "");
    for (std::size_t slice = 1; slice <= wire.size(); ++slice) {
        mock::websocket_reader reader;
        std::string inbox, seen;
        for (std::size_t at = 0; at < wire.size(); at += slice) {
            inbox += wire.substr(at, slice);
            while (const auto got = reader.next(inbox)) seen += std::to_string(static_cast<int>(got->what)) + got->payload + ";";
        }
        EXPECT_EQ(seen, "9ping;1hello;8;") << slice;
    }
}

TEST(WebSocket, RefusesFramesWithoutAMask) {
    mock::websocket_reader reader;
    std::string inbox = mock::websocket_frame(mock::opcode::text, "hello");
    const auto got = reader.next(inbox);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->what, mock::opcode::close);
    for (const std::size_t size : {125u, 126u, 65536u})
        EXPECT_EQ(mock::websocket_frame(mock::opcode::binary, std::string(size, 'x')).size(), size + (size < 126 ? 2u : size < 65536 ? 4u : 10u));
}

TEST(Realtime, AnswersWithWordsAndTheirUsage) {
    mock::realtime_session session{"m", 1};
    EXPECT_EQ(json::parse(session.greeting()).at("session").at("model").as_string(), "m");
    const auto heard = session.answer_to(R"({"type":"conversation.item.create","item":{"type":"message"}})");
    EXPECT_EQ(json::parse(heard.at(0)).at("type").as_string(), "conversation.item.added");
    const auto said = session.answer_to(R"({"type":"response.create"})");
    std::string text;
    for (const auto& event : said)
        if (const auto value = json::parse(event); value.at("type").as_string() == "response.output_text.delta")
            text += value.at("delta").as_string();
    const auto done = json::parse(said.back()).at("response");
    EXPECT_EQ(done.at("output").at(0).at("content").at(0).at("text").as_string(), text);
    EXPECT_GT(done.at("usage").at("input_tokens").as_int64(), 0);
    EXPECT_EQ(json::parse(session.answer_to("nonsense").at(0)).at("type").as_string(), "error");
}
