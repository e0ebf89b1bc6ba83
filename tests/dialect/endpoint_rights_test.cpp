// Which word `endpoints` has for a request, and what it wants of the account: every row of the endpoint table and every family of paths.
#include "dialect/endpoint_rights.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dialect/endpoint_table.hpp"
#include "dialect/endpoint_traits.hpp"

namespace {

using namespace weir::dialect;
using weir::core::access;

asked_right of(std::string_view method, std::string_view path, std::string_view query = {}) {
    const auto what = classify(method, path, query, true);
    EXPECT_FALSE(what.refusal) << method << " " << path << ": " << what.refusal.message;
    return right_for(what, method);
}

struct expected {
    const char* methods;  // separated by spaces
    const char* path;
    const char* word;
    access wanted;
};

constexpr auto any = "GET HEAD POST PUT PATCH DELETE OPTIONS";
constexpr auto all_but_post = "GET HEAD PUT PATCH DELETE OPTIONS";

const expected table[] = {
    {"POST", "/v1/chat/completions", "chat", access::read},
    {"POST", "/v1/completions", "completions", access::read},
    {"POST", "/v1/responses", "responses", access::read},
    {"POST", "/v1/responses/compact", "responses", access::read},
    {"POST", "/v1/responses/input_tokens", "count_tokens", access::free},
    {any, "/v1/responses/resp_1", "responses", access::read},
    {any, "/v1/responses/resp_1/input_items", "responses", access::read},
    {any, "/v1/responses/resp_1/cancel", "responses", access::read},
    {any, "/responses/resp_1", "responses", access::read},
    {"POST", "/v1/embeddings", "embeddings", access::read},
    {"POST", "/v1/moderations", "moderations", access::read},
    {"POST", "/v1/rerank", "rerank", access::read},
    {"POST", "/v1/images/generations", "images", access::read},
    {"POST", "/v1/images/edits", "images", access::read},
    {"POST", "/v1/images/variations", "images", access::read},
    {"POST", "/v1/audio/transcriptions", "audio", access::read},
    {"POST", "/v1/audio/translations", "audio", access::read},
    {"POST", "/v1/audio/speech", "audio", access::read},
    {"POST", "/v1/videos", "video", access::read},
    {all_but_post, "/v1/videos", "video", access::account},
    {"GET HEAD DELETE PUT OPTIONS", "/v1/videos/video_1", "video", access::read},
    {"GET HEAD DELETE PUT OPTIONS", "/v1/videos/video_1/content", "video", access::read},
    {"POST", "/v1/videos/video_1/remix", "video", access::unread},
    {"POST", "/v1/videos/extensions", "video", access::unread},
    {"POST", "/v1/video/generations", "video", access::read},
    {"GET", "/v1/video/generations", "video", access::account},
    {"GET HEAD DELETE PUT OPTIONS", "/v1/video/generations/task_1", "video", access::read},
    {"POST", "/v1/video/create", "video", access::read},
    {"GET HEAD", "/v1/video/query", "video", access::read},
    {"POST DELETE PUT OPTIONS", "/v1/video/query", "video", access::unread},
    {"GET", "/v1/realtime", "realtime", access::read},
    {any, "/v1/realtime/client_secrets", "other", access::unread},
    {"POST", "/v1/files", "files", access::unread},
    {all_but_post, "/v1/files", "files", access::account},
    {all_but_post, "/v1/files/", "files", access::account},
    {any, "/v1/files/file-1", "files", access::unread},
    {any, "/v1/files/file-1/content", "files", access::unread},
    {"GET", "/v1beta/files", "files", access::account},
    {any, "/v1beta/files/f1", "files", access::unread},
    {"POST", "/v1/batches", "batches", access::unread},
    {all_but_post, "/v1/batches", "batches", access::account},
    {any, "/v1/batches/batch_1", "batches", access::unread},
    {any, "/v1/batches/batch_1/cancel", "batches", access::unread},
    {"GET", "/v1beta/batches", "batches", access::account},
    {any, "/v1beta/batches/b1", "batches", access::unread},
    {"POST", "/v1/messages/batches", "batches", access::unread},
    {"GET", "/v1/messages/batches", "batches", access::account},
    {any, "/v1/messages/batches/msgbatch_1", "batches", access::unread},
    {any, "/v1/messages/batches/msgbatch_1/results", "batches", access::unread},
    {"POST", "/v1beta/models/gemini-x:batchGenerateContent", "batches", access::unread},
    {"POST", "/v1/models/gemini-x:batchGenerateContent", "batches", access::unread},
    {"GET", "/v1/fine_tuning", "fine_tuning", access::account},
    {"POST", "/v1/fine_tuning/jobs", "fine_tuning", access::unread},
    {all_but_post, "/v1/fine_tuning/jobs", "fine_tuning", access::account},
    {any, "/v1/fine_tuning/jobs/ftjob-1/cancel", "fine_tuning", access::unread},
    {any, "/v1/fine_tuning/checkpoints/c/permissions", "fine_tuning", access::unread},
    {"POST", "/v1/uploads", "uploads", access::unread},
    {all_but_post, "/v1/uploads", "uploads", access::account},
    {any, "/v1/uploads/up_1/parts", "uploads", access::unread},
    {"POST", "/v1/messages", "messages", access::read},
    {"POST", "/v1/messages/count_tokens", "count_tokens", access::free},
    {"POST", "/v1beta/models/gemini-x:generateContent", "gemini", access::read},
    {"POST", "/v1/models/gemini-x:generateContent", "gemini", access::read},
    {"POST", "/v1beta/models/gemini-x:streamGenerateContent", "gemini", access::read},
    {"POST", "/v1beta/models/gemini-x:countTokens", "count_tokens", access::free},
    {"POST", "/v1beta/models/gemini-x:embedContent", "embeddings", access::read},
    {"POST", "/v1beta/models/gemini-x:batchEmbedContents", "embeddings", access::read},
    {"POST", "/v1beta/models/gemini-x:predict", "other", access::unread},
    {any, "/v1beta/tunedModels/m:generateContent", "other", access::unread},
    {any, "/v1/tunedModels/m:generateContent", "other", access::unread},
    {any, "/v1/engines/m/completions", "other", access::unread},
    {any, "/v1/complete", "other", access::unread},
    {"GET HEAD", "/v1/models", "models", access::free},
    {"GET HEAD", "/v1beta/models", "models", access::free},
    {"GET HEAD", "/v1/models/gpt-4o", "models", access::free},
    {"GET HEAD", "/v1beta/models/gemini-x", "models", access::free},
    {"PUT PATCH POST DELETE", "/v1/models/gpt-4o", "models", access::unread},
    {"DELETE PATCH", "/v1/models/ft:gpt-4o:org::id", "models", access::unread},
    {"GET HEAD", "/llms.txt", "models", access::free},
    {any, "/v1/threads/runs", "other", access::unread},
    {any, "/v1/chat/completions/chatcmpl_1", "other", access::unread},
    {any, "/v1/assistants", "other", access::unread},
    {any, "/v1/organization/users", "other", access::account},
    {any, "/v1/organizations/me", "other", access::account},
    {any, "/v1/dashboard/billing/usage", "other", access::account},
    {any, "/v1/dashboard/billing/subscription/", "other", access::account},
    // What an upstream may read as one of these is one of these.
    {any, "/v1/Organization/users", "other", access::account},
    {any, "/v1/organization%2Fusers", "other", access::account},
    {any, "/v1/responses%2Fresp_1", "responses", access::unread},
    {any, "/v1/Responses/resp_1", "responses", access::unread},
    {any, "/v1/Videos/video_1", "video", access::unread},
    {"POST", "/v1/models/gemini-x:GenerateContent", "gemini", access::unread},
    {any, "/v1/FILES/file-1", "files", access::unread},
    {any, "/v1/Messages/Batches/b", "batches", access::unread},
    {"GET", "/v1//files", "files", access::account},
};

TEST(EndpointRights, HaveAWordForEveryRowAndFamilyWithEveryMethod) {
    for (const auto& row : table) {
        std::string_view methods = row.methods;
        while (!methods.empty()) {
            const auto method = methods.substr(0, methods.find(' '));
            methods.remove_prefix(std::min(methods.size(), method.size() + 1));
            SCOPED_TRACE(std::string{method} + " " + row.path);
            const auto got = of(method, row.path);
            EXPECT_EQ(got.word, row.word);
            EXPECT_EQ(static_cast<int>(got.wanted), static_cast<int>(row.wanted));
        }
    }
}

TEST(EndpointRights, EveryEndpointOfTheTableHasARowHere) {
    for (const auto& row : endpoint_rows) {
        const bool seen = std::any_of(std::begin(table), std::end(table), [&](const expected& e) { return e.path == "/v1" + std::string{row.path}; });
        EXPECT_TRUE(seen) << row.path;
    }
    for (const auto& verb : gemini_verbs) {
        const bool seen = std::any_of(std::begin(table), std::end(table),
                                      [&](const expected& e) { return std::string_view{e.path}.ends_with(":" + std::string{verb.name}); });
        EXPECT_TRUE(seen) << verb.name;
    }
}

// The same path as a generous upstream would read it too: a capital, an escaped slash, two slashes, one at the end, a prefix that is taken off.
std::vector<std::string> disguises_of(std::string_view path) {
    std::vector<std::string> all{std::string{path} + "/", "/openai" + std::string{path}, "/v1" + std::string{path}};
    for (std::size_t i = 4; i < path.size(); ++i) {
        const std::string before{path.substr(0, i)}, behind{path.substr(i + 1)};
        if (path[i] == '/') {
            all.push_back(before + "//" + behind);
            all.push_back(before + "%2F" + behind);
            all.push_back(before + "%2f" + behind);
            all.push_back(before + "/%2F" + behind);
        }
        if (path[i] >= 'a' && path[i] <= 'z') all.push_back(before + static_cast<char>(path[i] - 'a' + 'A') + behind);
    }
    std::string upper{path};
    std::transform(upper.begin() + 4, upper.end(), upper.begin() + 4,
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    all.push_back(upper);
    all.push_back(std::string{path} + "%2F");
    all.push_back(std::string{path} + "/%2F");
    return all;
}

TEST(EndpointRights, ADisguiseOpensNothingThatThePlainPathDoesNot) {
    const auto rank = [](access a) { return a == access::free ? 0 : a == access::read ? 1 : a == access::unread ? 2 : 3; };
    for (const auto& row : table)
        for (const auto& path : disguises_of(row.path)) {
            std::string_view methods = row.methods;
            while (!methods.empty()) {
                const auto method = methods.substr(0, methods.find(' '));
                methods.remove_prefix(std::min(methods.size(), method.size() + 1));
                const auto what = classify(method, path, {}, true);
                if (what.refusal || what.id == endpoint::models || what.id == endpoint::llms_txt) continue;  // weir itself answers
                const auto got = right_for(what, method);
                // One whose name is another in capitals, such as an id, is no disguise of a family.
                EXPECT_EQ(got.word, row.word) << method << " " << path;
                EXPECT_GE(rank(got.wanted), rank(row.wanted)) << method << " " << path;
            }
        }
}

TEST(EndpointRights, EveryWordOfTheTableIsAWordOfConfs) {
    const auto words = endpoint_words();
    EXPECT_EQ(words.size(), 19U);
    for (const auto& row : table) EXPECT_NE(std::find(words.begin(), words.end(), row.word), words.end()) << row.word;
}

TEST(EndpointRights, TellWhatWorksAModelFromWhatFollowsUp) {
    const auto works = [](std::string_view method, std::string_view path) { return works_a_model(classify(method, path, {}, true)); };
    for (const char* path : {"/v1/chat/completions", "/v1/images/generations", "/v1/images/edits", "/v1/videos", "/v1/moderations",
                             "/v1beta/models/g:generateContent", "/v1/audio/transcriptions", "/v1/responses/input_tokens"})
        EXPECT_TRUE(works("POST", path)) << path;
    EXPECT_TRUE(works("GET", "/v1/realtime"));
    for (const char* path : {"/v1/videos/v", "/v1/responses/r/cancel", "/v1/files", "/v1/batches", "/v1/threads/runs"})
        EXPECT_FALSE(works("POST", path)) << path;
    for (const char* path : {"/v1/videos/v", "/v1/responses/r", "/v1/models/gpt-4o"}) EXPECT_FALSE(works("GET", path)) << path;
}

}  // namespace
