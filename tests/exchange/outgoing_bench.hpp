// What `outgoing` writes of a client's request, for the tests of it: confs, a request that goes through all of its admission without a socket, and
// the head and body that are made of it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/load.hpp"
#include "exchange/attempt/outgoing.hpp"
#include "exchange/intake.hpp"
#include "exchange/scripted.hpp"
#include "net/resolver.hpp"

namespace weir::test {

using strings = std::vector<std::string>;

inline constexpr std::string_view client_key = "sk-client-secret-1";

inline constexpr std::string_view pools_text = R"(
listeners: [{address: "127.0.0.1:0"}]
state: {ledger: off}
log: {access: off}
pools:
  openai: {upstreams: [{name: a, url: "http://openai.example/v1", api_key: sk-upstream-1}]}
  claude: {dialect: anthropic, upstreams: [{name: a, url: "http://claude.example", api_key: sk-upstream-1}]}
  gemini: {dialect: gemini, upstreams: [{name: a, url: "http://gemini.example", api_key: sk-upstream-1}]}
  nokey: {upstreams: [{name: a, url: "http://nokey.example/v1"}]}
  header: {upstreams: [{name: a, url: "http://header.example/v1", headers: {api-key: sk-upstream-2, X-Org: ours}}]}
  silent: {ask_usage: false, upstreams: [{name: a, url: "http://silent.example/v1", api_key: sk-upstream-1}]}
  collected: {collect: on, upstreams: [{name: a, url: "http://collected.example/v1", api_key: sk-upstream-1}]}
  gathered: {collect: on, dialect: gemini, upstreams: [{name: a, url: "http://gathered.example", api_key: sk-upstream-1}]}
  once: {idempotency: on, upstreams: [{name: a, url: "http://once.example/v1", api_key: sk-upstream-1}]}
routes:
  - {models: [nokey], pool: nokey}
  - {models: [header], pool: header}
  - {models: [silent], pool: silent}
  - {models: [collected], pool: collected}
  - {models: [gathered], pool: gathered}
  - {models: [once], pool: once}
  - {models: [old], pool: openai, rename: {old: "maker/new one"}}
  - {models: [gemini-old], pool: gemini, rename: {gemini-old: "gemini new"}}
  - {models: ["claude*"], pool: claude}
  - {models: ["gemini*"], pool: gemini}
  - {models: ["*"], pool: openai}
)";

// Their credential is weir's own, and ends there.
inline const std::string with_keys = std::string{pools_text} + R"(
keys:
  - {name: all, secret: sk-client-secret-1}
  - {name: capped, secret: sk-client-capped-1, max_output_tokens: 100}
  - {name: short, secret: sk-1234}
)";
// Their credential is their own: it goes on where the upstream has none.
inline const std::string without_keys{pools_text};

inline const std::string as_client = "Authorization: Bearer sk-client-secret-1\r\n";
inline const std::string as_capped = "Authorization: Bearer sk-client-capped-1\r\n";
inline const std::string asks = R"({"model":"gpt-4o","messages":[]})";

/// What `outgoing` wrote.
struct sent {
    std::string method, path, authority, lines, body;
    std::optional<std::uint64_t> length;
    bool upgrades = false, collects = false, hides_usage = false, has_terminator = false;
    std::size_t copied = 0;  ///< bytes of the body that are no pieces of what was received
    dialect::endpoint speaks = dialect::endpoint::other;

    /// Values of every field of that name, in any case.
    [[nodiscard]] strings all(std::string_view name) const {
        strings out;
        for (const auto& [n, value] : fields())
            if (http::iequals(n, name)) out.push_back(value);
        return out;
    }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> fields() const {
        std::vector<std::pair<std::string, std::string>> out;
        for (std::string_view left = lines; !left.empty();) {
            const auto line = left.substr(0, left.find("\r\n"));
            left.remove_prefix(std::min(left.size(), line.size() + 2));
            const auto colon = line.find(": ");
            out.emplace_back(line.substr(0, colon), line.substr(std::min(line.size(), colon + 2)));
        }
        return out;
    }
};

/// What differs from one request to the other besides its bytes.
struct circumstances {
    bool streams_upload = false;   ///< its body is not kept
    bool continues_trace = false;  ///< the client's
    bool reads_answer = false;
    std::function<void(exchange::asked&)> understood = [](exchange::asked&) {};  ///< may change what was understood of it
};

inline net::detached drive(net::task<core::error> work, core::error& into, bool& done) {
    auto mine = std::move(work);
    into = co_await std::move(mine);
    done = true;
}

class outgoing_bench : public testing::Test {
protected:
    outgoing_bench() : home_(metrics_.worker_shard(0), log_.worker_lane(0), counts_, 7) {}

    /// `head`: request line and fields; Host and Content-Length are added.
    sent send(const std::string& conf, const std::string& head, const std::string& body = {}, const circumstances& under = {}) {
        read(conf);
        auto text = head + "Host: weir.example\r\n";
        if (!body.empty() && head.find("Transfer-Encoding") == std::string::npos) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        text += "\r\n" + body;
        SCOPED_TRACE(text);
        sent out;
        scripted::client who{home_.loop, text, std::chrono::milliseconds{0}};
        exchange::request_body kept{who};
        exchange::asked what;
        record::request_record told;
        told.time = core::wall_clock::now();
        if (const auto why = take(who, kept, what, told, under)) {
            ADD_FAILURE() << core::name_of(why.what) << ": " << why.message;
            return out;
        }
        under.understood(what);
        const auto where = what.route->at(0, what.facts.model, what.names);
        const auto& pool = snapshot_->pools[where.pool];
        const auto at = exchange::place_in(pool, 0, where.model, what.names);
        const exchange::outgoing writes{what, kept, at, *snapshot_->conf};
        EXPECT_TRUE(writes.is_for(at));
        EXPECT_FALSE(writes.is_for({at.pool, at.to, "another model"}));
        write(out, writes, who.head(), at, under);
        return out;
    }
    sent post(const std::string& conf, const std::string& path, const std::string& fields, const std::string& body) {
        return send(conf, "POST " + path + " HTTP/1.1\r\n" + fields, body);
    }
    /// A chat completion by a client of weir.
    sent chat(const std::string& fields, const std::string& body = asks) { return post(with_keys, "/v1/chat/completions", as_client + fields, body); }

private:
    void read(const std::string& conf) {
        if (conf == conf_) return;
        conf_ = conf;
        const auto loaded = config::load_text(conf, "/nowhere/weir.yaml", [](std::string_view) { return std::nullopt; });
        for (const auto& f : loaded.faults)
            if (!f.warning) ADD_FAILURE() << config::to_string(f);
        snapshot_ = pools::make_snapshot(loaded.value, names_, nullptr);
    }

    // In the order of a request's admission.
    core::error take(scripted::client& who, exchange::request_body& kept, exchange::asked& what, record::request_record& told,
                     const circumstances& under) {
        exchange::intake in{*snapshot_, what, told};
        const auto& h = who.head();
        in.classify(h);
        if (auto why = in.check_head(h, {})) return why;
        if (auto why = in.check_caller(h, "127.0.0.1")) return why;
        if (auto why = in.check_rights(h)) return why;
        if (under.streams_upload)
            kept.stream(h.content_length);
        else if (auto why = take_body(who, kept, told))
            return why;
        if (auto why = in.understand(h, {kept.data(), kept.size()})) return why;
        return in.find_route({});
    }

    core::error take_body(scripted::client& who, exchange::request_body& kept, record::request_record& told) {
        exchange::stopwatch watch{who.sleeper()};
        exchange::stop_order order;
        const exchange::request_body::company with{home_, watch, order, snapshot_->conf->limits, told};
        core::error why;
        bool done = false;
        drive(kept.read(exchange::request_body::announced{who.head()}, false, with), why, done);
        EXPECT_TRUE(done) << "all of it was there";
        if (why || who.head().fields.value_of(http::field_id::content_encoding).empty()) return why;
        done = false;
        drive(kept.decode(http::content_coding::gzip, with), why, done);
        EXPECT_TRUE(done);
        return why;
    }

    void write(sent& out, const exchange::outgoing& writes, const http::request_head& h, const exchange::place& at, const circumstances& under) {
        exchange::outgoing::envelope with;
        with.request_id = "req-1";
        with.trace = {{0x0af7651916cd43ddULL, 0x8448eb211c80319cULL}, 0xb7ad6b7169203331ULL, core::trace_sampled};
        with.continues_trace = under.continues_trace;
        with.has_keys = snapshot_->has_keys();
        with.reads_answer = under.reads_answer;
        wire::request_out head;
        head.lines = "left over from another request";
        head.length = 77;
        writes.write_head(head, h, *at.to, with);
        out.method = head.method;
        out.path = head.path;
        out.authority = head.authority;
        out.lines = head.lines;
        out.length = head.length;
        out.upgrades = head.upgrades;
        net::gather pieces;
        std::string copied;
        writes.add_body(pieces, copied);
        for (const auto& p : pieces.pieces()) out.body.append(static_cast<const char*>(p.iov_base), p.iov_len);
        out.copied = copied.size();
        out.collects = writes.collects();
        out.hides_usage = writes.hides_usage();
        out.has_terminator = writes.has_terminator();
        out.speaks = writes.speaks();
    }

    telemetry::metrics metrics_;
    telemetry::access_log log_{"off"};
    exchange::process_counts counts_;
    net::resolver names_{net::resolver::settings{.threads = 0}};
    exchange::home home_;
    std::string conf_;
    std::shared_ptr<const pools::snapshot> snapshot_;
};

}  // namespace weir::test
