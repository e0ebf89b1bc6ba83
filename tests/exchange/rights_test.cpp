// Keys against endpoints against methods, without a socket: who is served, and with which code the others are refused. The same functions in the
// same order as for a request: classify, right_for, check_endpoint, admit.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "dialect/endpoint_rights.hpp"
#include "policy/keys/key_ring.hpp"

namespace {

using namespace weir;
using core::code;

policy::key_settings named(std::string name) {
    policy::key_settings s;
    s.sha256 = policy::sha256_of(name);
    s.name = std::move(name);
    return s;
}

/// One key of each kind.
const policy::key_ring& ring() {
    static const policy::key_ring all{[] {
        std::vector<policy::key_settings> keys;
        keys.push_back(named("free"));
        keys.push_back(named("models"));
        keys.back().models = {"cheap"};
        keys.push_back(named("budget"));
        keys.back().budgets = {{1'000'000, std::chrono::hours{24}, "1d"}};
        keys.push_back(named("capped"));
        keys.back().max_output_tokens = 16;
        keys.push_back(named("chat-only"));
        keys.back().endpoints = {"chat"};
        keys.push_back(named("files-too"));
        keys.back().models = {"cheap"};
        keys.back().endpoints = {"chat", "files", "batches"};
        keys.push_back(named("other-too"));
        keys.back().budgets = {{1'000'000, std::chrono::hours{24}, "1d"}};
        keys.back().endpoints = {"chat", "other", "models"};
        return keys;
    }()};
    return all;
}

code ask(std::string_view key, std::string_view method, std::string_view path, std::string_view model, bool priced) {
    const auto what = dialect::classify(method, path, {}, true);
    if (what.refusal) return what.refusal.what;
    const auto* who = ring().authenticate(key);
    const auto right = dialect::right_for(what, method);
    if (auto why = policy::key_ring::check_endpoint(*who, right.word, right.wanted, dialect::label_of(what.id))) return why.what;
    policy::ask it;
    const std::string in_path{what.model};
    it.model = in_path.empty() ? model : in_path;
    it.works_a_model = dialect::works_a_model(what);
    it.priced = priced || !it.works_a_model;
    it.to_price = it.model;
    return ring().admit(who, it, core::time_point{std::chrono::seconds{1}}, core::wall_time{std::chrono::seconds{1}}).refused.what;
}

constexpr auto served = code::none, shut = code::endpoint_not_allowed, model = code::model_not_allowed, price = code::model_not_priced;

struct row {
    const char* method;
    const char* path;
    const char* model;
    bool priced;
    // free, models, budget, capped, chat-only, files-too, other-too
    code want[7];
};

constexpr const char* keys[] = {"free", "models", "budget", "capped", "chat-only", "files-too", "other-too"};

const row rows[] = {
    {"POST", "/v1/chat/completions", "cheap", true, {served, served, served, served, served, served, served}},
    {"POST", "/v1/chat/completions", "cheap", false, {served, served, price, served, served, served, price}},
    {"POST", "/v1/chat/completions", "dear", true, {served, model, served, served, served, model, served}},
    {"POST", "/v1/chat/completions", "dear", false, {served, model, price, served, served, model, price}},
    {"POST", "/v1/completions", "cheap", true, {served, served, served, served, shut, shut, shut}},
    {"POST", "/v1/responses", "cheap", true, {served, served, served, served, shut, shut, shut}},
    {"POST", "/v1/responses", "", false, {served, model, price, served, shut, shut, shut}},
    {"POST", "/v1/responses/compact", "cheap", true, {served, served, served, served, shut, shut, shut}},
    {"POST", "/v1/responses/input_tokens", "cheap", true, {served, served, served, served, served, served, served}},
    {"POST", "/v1/messages/count_tokens", "cheap", true, {served, served, served, served, served, served, served}},
    {"POST", "/v1beta/models/cheap:countTokens", "", true, {served, served, served, served, served, served, served}},
    {"POST", "/v1/embeddings", "cheap", true, {served, served, served, served, shut, shut, shut}},
    {"POST", "/v1/rerank", "cheap", true, {served, served, served, served, shut, shut, shut}},
    {"POST", "/v1/messages", "cheap", true, {served, served, served, served, shut, shut, shut}},
    {"POST", "/v1beta/models/cheap:generateContent", "", true, {served, served, served, served, shut, shut, shut}},
    {"POST", "/v1beta/models/dear:streamGenerateContent", "", true, {served, model, served, served, shut, shut, shut}},
    {"POST", "/v1/audio/speech", "cheap", true, {served, served, served, served, shut, shut, shut}},
    {"POST", "/v1/audio/transcriptions", "cheap", true, {served, served, served, served, shut, shut, shut}},
    // Where the endpoint has a default model, a key with models names one.
    {"POST", "/v1/images/generations", "cheap", true, {served, served, served, served, shut, shut, shut}},
    {"POST", "/v1/images/generations", "", false, {served, model, price, served, shut, shut, shut}},
    {"POST", "/v1/images/edits", "", false, {served, model, price, served, shut, shut, shut}},
    {"POST", "/v1/videos", "", false, {served, model, price, served, shut, shut, shut}},
    {"POST", "/v1/moderations", "", false, {served, model, price, served, shut, shut, shut}},
    {"POST", "/v1/moderations", "cheap", true, {served, served, served, served, shut, shut, shut}},
    // A cap of the output cannot be kept in a realtime session.
    {"GET", "/v1/realtime", "cheap", true, {served, served, served, shut, shut, shut, shut}},
    // What weir does not read, and what belongs to everybody.
    {"POST", "/v1/files", "", false, {served, shut, shut, shut, shut, served, shut}},
    {"GET", "/v1/files", "", false, {served, shut, shut, shut, shut, shut, shut}},
    {"GET", "/v1/files/file-1", "", false, {served, shut, shut, shut, shut, served, shut}},
    {"GET", "/v1/files/file-1/content", "", false, {served, shut, shut, shut, shut, served, shut}},
    {"DELETE", "/v1/files/file-1", "", false, {served, shut, shut, shut, shut, served, shut}},
    {"POST", "/v1/batches", "", false, {served, shut, shut, shut, shut, served, shut}},
    {"GET", "/v1/batches", "", false, {served, shut, shut, shut, shut, shut, shut}},
    {"GET", "/v1/batches/b", "", false, {served, shut, shut, shut, shut, served, shut}},
    {"POST", "/v1/messages/batches", "", false, {served, shut, shut, shut, shut, served, shut}},
    {"POST", "/v1beta/models/cheap:batchGenerateContent", "", false, {served, shut, shut, shut, shut, served, shut}},
    {"POST", "/v1beta/models/dear:batchGenerateContent", "", false, {served, shut, shut, shut, shut, model, shut}},
    {"POST", "/v1/fine_tuning/jobs", "", false, {served, shut, shut, shut, shut, shut, shut}},
    {"POST", "/v1/uploads", "", false, {served, shut, shut, shut, shut, shut, shut}},
    {"POST", "/v1/threads/runs", "", false, {served, shut, shut, shut, shut, shut, served}},
    {"POST", "/v1/complete", "", false, {served, shut, shut, shut, shut, shut, served}},
    {"POST", "/v1/engines/m/completions", "", false, {served, shut, shut, shut, shut, shut, served}},
    {"POST", "/v1beta/tunedModels/m:generateContent", "", false, {served, shut, shut, shut, shut, shut, served}},
    {"GET", "/v1/organization/users", "", false, {served, shut, shut, shut, shut, shut, shut}},
    {"GET", "/v1/dashboard/billing/usage", "", false, {served, shut, shut, shut, shut, shut, shut}},
    {"DELETE", "/v1/models/ft:gpt-4o:me", "", false, {served, shut, shut, shut, shut, shut, served}},
    // Lists of models, and what was made before: whose it is, is asked elsewhere.
    {"GET", "/v1/models", "", false, {served, served, served, served, served, served, served}},
    {"GET", "/llms.txt", "", false, {served, served, served, served, served, served, served}},
    {"GET", "/v1/videos", "", false, {served, shut, shut, shut, shut, shut, shut}},
    {"POST", "/v1/videos/v/remix", "", false, {served, shut, shut, shut, shut, shut, shut}},
    {"GET", "/v1/videos/v", "", false, {served, served, served, served, shut, shut, shut}},
    {"DELETE", "/v1/videos/v", "", false, {served, served, served, served, shut, shut, shut}},
    {"GET", "/v1/responses/r", "", false, {served, served, served, served, shut, shut, shut}},
    {"POST", "/v1/responses/r/cancel", "", false, {served, served, served, served, shut, shut, shut}},
    {"DELETE", "/v1/responses/r", "", false, {served, served, served, served, shut, shut, shut}},
};

TEST(Rights, OfEachKindOfKeyAtEachEndpointAreWhatTheirTableSays) {
    for (const auto& r : rows)
        for (std::size_t i = 0; i < std::size(keys); ++i)
            EXPECT_EQ(core::name_of(ask(keys[i], r.method, r.path, r.model, r.priced)), core::name_of(r.want[i]))
                << keys[i] << ": " << r.method << " " << r.path << " " << r.model << (r.priced ? "" : " (no price)");
}

TEST(Rights, ARefusalNamesTheWordToAddAndTheLineToWrite) {
    const auto* budget = ring().authenticate("budget");
    const auto closed = policy::key_ring::check_endpoint(*budget, "batches", core::access::unread, "/v1/batches");
    EXPECT_NE(closed.message.find("'batches'"), std::string::npos) << closed.message;
    const auto narrow = policy::key_ring::check_endpoint(*ring().authenticate("chat-only"), "messages", core::access::read, "/v1/messages");
    EXPECT_NE(narrow.message.find("'messages'"), std::string::npos) << narrow.message;
    const auto line_for = [&](std::string_view name) {
        policy::ask it;
        it.model = it.to_price = name;
        it.priced = false;
        return ring().admit(budget, it, {}, {}).refused.message;
    };
    EXPECT_NE(line_for("mistral/large-2").find("`mistral/large-2: {per_request: 0.01}`"), std::string::npos) << line_for("mistral/large-2");
    EXPECT_NE(line_for("llama3:8b").find("`llama3:8b: {per_request: 0.01}`"), std::string::npos);
    EXPECT_NE(line_for("it's {odd}").find("`'it''s {odd}': {per_request: 0.01}`"), std::string::npos) << line_for("it's {odd}");
    EXPECT_NE(line_for("*x").find("`'*x': "), std::string::npos);
    EXPECT_LT(line_for(std::string(10'000, 'x')).size(), 600U);
}

}  // namespace
