// What requests have to do with objects that providers keep: read off paths, whatever their spelling.
#include "dialect/object_path.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace weir::dialect;

namespace {

struct row {
    const char* method;
    const char* path;
    const char* query;
    const char* wanted;  ///< "KIND[+makes][+lines] ID"; "-": nothing
};

std::string words_of(object_kind kind) {
    using enum object_kind;
    switch (kind) {
        case response: return "response";
        case video: return "video";
        case batch: return "batch";
        case message_batch: return "message_batch";
        case gemini_batch: return "gemini_batch";
        case deferred: return "deferred";
    }
    return "?";
}

std::string asked_by(const row& r) {
    const auto what = classify(r.method, r.path, r.query, true);
    if (what.refusal) return "refused";
    const auto asked = object_asked(what, r.method, r.query);
    if (!asked) return "-";
    std::string out = words_of(asked->kind) + (asked->makes ? "+makes" : "") + (asked->lines ? "+lines" : "");
    if (!asked->id.empty()) out += " " + asked->id;
    return out;
}

const row rows[] = {
    {"POST", "/v1/chat/completions", "", "-"},
    {"POST", "/v1/responses", "", "response+makes"},
    {"POST", "/v1/responses/input_tokens", "", "-"},
    {"POST", "/v1/responses/compact", "", "-"},
    {"GET", "/v1/responses/resp_1", "", "response resp_1"},
    {"GET", "/v1/responses/resp_1", "stream=true", "response resp_1"},
    {"DELETE", "/v1/responses/resp_1", "", "response resp_1"},
    {"POST", "/v1/responses/resp_1/cancel", "", "response resp_1"},
    {"GET", "/v1/responses/resp_1/input_items", "", "response resp_1"},
    {"GET", "/v1/responses/resp_1/", "", "response resp_1"},
    {"GET", "/responses/resp_1", "", "response resp_1"},
    {"GET", "/v1/Responses/Resp_A", "", "response Resp_A"},
    {"GET", "/v1/responses//resp_1", "", "response resp_1"},
    {"GET", "/v1/responses/a%20b", "", "response a b"},
    {"POST", "/v1/videos", "", "video+makes"},
    {"GET", "/v1/videos", "", "-"},
    {"GET", "/v1/videos/video_1", "", "video video_1"},
    {"GET", "/v1/videos/video_1/content", "", "video video_1"},
    {"POST", "/v1/videos/video_1/remix", "", "video+makes video_1"},
    {"POST", "/v1/videos/edits", "", "video+makes"},
    {"DELETE", "/v1/videos/video_1", "", "video video_1"},
    {"POST", "/v1/video/generations", "", "video+makes"},
    {"GET", "/v1/video/generations/task_1", "", "video task_1"},
    {"POST", "/v1/video/create", "", "video+makes"},
    {"GET", "/v1/video/query", "id=task%5F1", "video task_1"},
    {"GET", "/v1/video/query", "a=b&ID=x", "video x"},
    {"GET", "/v1/video/query", "id=x&task_id=x", "video x"},
    {"GET", "/v1/video/query", "id=mine&task_id=yours", "video mine and yours"},
    {"GET", "/v1/video/query", "id=mine&id=yours", "video mine and yours"},
    {"GET", "/v1/video/query", "", "-"},
    {"POST", "/v1/batches", "", "batch+makes"},
    {"GET", "/v1/batches", "", "-"},
    {"GET", "/v1/batches/batch_1", "", "batch batch_1"},
    {"POST", "/v1/batches/batch_1/cancel", "", "batch batch_1"},
    {"POST", "/v1/messages/batches", "", "message_batch+makes"},
    {"GET", "/v1/messages/batches", "", "-"},
    {"GET", "/v1/messages/batches/msgbatch_1", "", "message_batch msgbatch_1"},
    {"GET", "/v1/messages/batches/msgbatch_1/results", "", "message_batch+lines msgbatch_1"},
    {"DELETE", "/v1/messages/batches/msgbatch_1", "", "message_batch msgbatch_1"},
    {"POST", "/v1beta/models/gemini-2.5-pro:batchGenerateContent", "", "gemini_batch+makes"},
    {"GET", "/v1beta/batches/abc", "", "gemini_batch abc"},
    {"POST", "/v1beta/batches/abc:cancel", "", "gemini_batch abc"},
    {"GET", "/v1beta/batches", "", "-"},
    {"GET", "/v1/chat/deferred-completion/d-1", "", "deferred d-1"},
    {"GET", "/v1/files/file_1", "", "-"},
    {"GET", "/v1/models/gpt-4o", "", "-"},
};

}  // namespace

TEST(ObjectPath, SaysWhatARequestHasToDoWithObjects) {
    for (const row& r : rows) EXPECT_EQ(asked_by(r), r.wanted) << r.method << ' ' << r.path << '?' << r.query;
}

TEST(ObjectPath, WeirAsksForResponsesOnlyAndForNoneWhoseIdLeadsElsewhere) {
    EXPECT_EQ(path_of(object_kind::response, "resp_1-a.b"), "/responses/resp_1-a.b");
    for (const char* id : {"", "..", ".", "a/b", "a?b", "a%2fb", "a b", "a\r\nb"}) EXPECT_EQ(path_of(object_kind::response, id), "") << id;
    EXPECT_EQ(path_of(object_kind::video, "video_1"), "");
    EXPECT_EQ(path_of(object_kind::deferred, "d"), "") << "it can be fetched once only";
}
