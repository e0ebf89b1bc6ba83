// A gateway with prices, a mock behind it, and what the access log says of one request's cost.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <memory>
#include <string>

#include "support/gateway_process.hpp"
#include "support/packed.hpp"

namespace weir::test {

/// For fixtures: SetUpTestSuite() calls raise(), TearDownTestSuite() calls lower().
class charge_stage {
protected:
    static void raise() {
        a_ = quick_provider("a");
        // One host that has them all, as resellers do.
        const std::string calm =
            "    speaks: [chat, completions, responses, messages, gemini, count_tokens, embeddings]\n    ejection: {consecutive_failures: 1000}\n    "
            "retry: {attempts: 1}\n    timeouts: {idle: 700ms}\n";
        const std::string conf =
            "listeners: [{address: \"127.0.0.1:0\"}]\nprices: prices.yaml\npools:\n  one:\n" + calm + "    upstreams:\n" + upstream_of(*a_) +
            "  drains:\n" + calm + "    on_disconnect: drain\n    upstreams:\n" + upstream_of(*a_) + "  collects:\n    collect: on\n" + calm +
            "    upstreams:\n" + upstream_of(*a_) +
            "routes:\n  - {models: [drained], pool: drains}\n  - {models: [collected], pool: collects}\n  - {models: [\"*\"], pool: one}\n" +
            std::string{conf_end};
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY, conf,
            gateway_process::files{{"prices.yaml",
                                    "models:\n  m: {input: 1000, output: 2000}\n  drained: {input: 1000, output: 2000}\n"
                                    "  collected: {input: 1000, output: 2000}\n"
                                    "  thinker: {input: 1000, output: 2000}\n  fee: {per_request: 0.04}\n  gratis: {input: 0, output: 0}\n"}});
    }
    static void lower() {
        weir_.reset();
        a_.reset();
    }
    static std::string next_id() {
        static int serial = 0;
        return "charge-" + std::to_string(++serial) + "-";
    }
    static response ask(const std::string& id, const std::string& path, const std::string& body, const headers& more = {}) {
        headers all = more;
        all.emplace_back("x-request-id", id);
        return exchange_once(weir_->url(), request_text("POST", path, body, all));
    }
    /// The client takes the head and some of the body where `reads` says so, and leaves.
    static void ask_and_leave(const std::string& id, const std::string& path, const std::string& body, bool reads) {
        raw_client client{weir_->url()};
        ASSERT_TRUE(client.send(request_text("POST", path, body, {{"x-request-id", id}})));
        if (reads) {
            ASSERT_EQ(client.read_head().status, 200);
            ASSERT_FALSE(client.read_bytes(70'000, milliseconds{500}).empty());
        } else {
            ASSERT_TRUE(a_->wait_for([](const auto& calls) { return !calls.empty() && calls.back().bytes_sent > 0; }));
            std::this_thread::sleep_for(milliseconds{100});
        }
        client.reset();
    }
    static boost::json::object line_of(const std::string& id) {
        const auto line = weir_->log_line("\"" + id + "\"", milliseconds{5000});
        boost::json::error_code failed;
        const auto read = boost::json::parse(line, failed);
        EXPECT_FALSE(failed) << id << ": " << line;
        return failed ? boost::json::object{} : read.as_object();
    }
    static std::int64_t number(const boost::json::object& line, const char* name) {
        return line.contains(name) ? line.at(name).to_number<std::int64_t>() : -1;
    }
    static double cost(const boost::json::object& line) {
        if (!line.contains("cost_usd")) return -1;
        const auto& c = line.at("cost_usd");
        return c.is_string() ? std::strtod(c.as_string().c_str(), nullptr) : c.to_number<double>();
    }
    static bool says(const boost::json::object& line, const char* name) { return line.contains(name) && line.at(name).as_bool(); }

    /// An answer as `body`, with a content coding where `coding` names one.
    static mock::script said(const std::string& body, const std::string& coding, std::string type = "application/json") {
        mock::script how{.body = body, .content_type = std::move(type)};
        if (coding.empty()) return how;
        how.headers = {{"content-encoding", coding}};
        how.encode = packer_of(coding);
        return how;
    }

    static inline std::unique_ptr<mock::provider> a_;
    static inline std::unique_ptr<gateway_process> weir_;
};

}  // namespace weir::test
