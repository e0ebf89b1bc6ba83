// Every recorded conversation of tests/cassettes/<dialect>/<name>/: request.json, response.sse or response.json (raw
// bytes), and expect.txt with what must be understood from them. A fact that expect.txt does not name must be absent
// (zero, false, empty).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "dialect/read/answer.hpp"
#include "dialect/read/usage_finder.hpp"
#include "dialect/request.hpp"

using namespace weir;
using namespace weir::dialect;
namespace fs = std::filesystem;

namespace {

using facts_map = std::map<std::string, std::string>;

std::string slurp(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<fs::path> cassettes() {
    std::vector<fs::path> out;
    for (const auto& dialect : fs::directory_iterator{fs::path{WEIR_SOURCE_DIR} / "tests/cassettes"}) {
        for (const auto& one : fs::directory_iterator{dialect.path()}) {
            if (fs::exists(one.path() / "expect.txt")) out.push_back(one.path());
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}

facts_map expected(const fs::path& cassette) {
    facts_map out;
    std::ifstream in{cassette / "expect.txt"};
    for (std::string line; std::getline(in, line);) {
        const std::size_t colon = line.find(": ");
        if (colon != std::string::npos && line.size() > colon + 2) out[line.substr(0, colon)] = line.substr(colon + 2);
    }
    return out;
}

// Blank lines end events; the line end is whatever the recording uses.
std::vector<std::string> events_of(const std::string& bytes) {
    const std::string blank = bytes.find("\r\n") != std::string::npos ? "\r\n\r\n" : "\n\n";
    std::vector<std::string> out;
    for (std::size_t from = 0; from < bytes.size();) {
        const std::size_t end = bytes.find(blank, from);
        if (end == std::string::npos) break;
        out.push_back(bytes.substr(from, end + blank.size() - from));
        from = end + blank.size();
    }
    return out;
}

void put(facts_map& out, const std::string& name, std::int64_t value) {
    if (value != 0) out[name] = std::to_string(value);
}
void put(facts_map& out, const std::string& name, const std::string& value) {
    if (!value.empty()) out[name] = value;
}

void put_usage(facts_map& out, const usage::counts& used) {
    put(out, "input", used.input);
    put(out, "cached_input", used.cached_input);
    put(out, "cache_write", used.cache_write);
    put(out, "cache_write_1h", used.cache_write_1h);
    put(out, "output", used.output);
    put(out, "reasoning", used.reasoning);
    put(out, "audio_input", used.audio_input);
    put(out, "audio_output", used.audio_output);
    put(out, "image_output", used.image_output);
}

struct lanes : text_sink {
    std::map<std::uint32_t, std::string> of;
    void text(std::uint32_t lane, std::string_view piece) override { of[lane] += piece; }
};

std::string printable(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '\n' ? std::string{"\\n"} : std::string{c};
    return out;
}

void understand_stream(endpoint e, const std::string& bytes, facts_map& out) {
    stream_reader reader{e};
    lanes text;
    int index = 0, content = 0, first = 0, usage_only = 0, errors = 0;
    for (const std::string& event : events_of(bytes)) {
        ++index;
        const event_facts facts = reader.read(event, &text);
        content += facts.content;
        usage_only += facts.usage_only;
        errors += facts.error;
        if (facts.content && first == 0) first = index;
    }
    std::string all;
    for (const auto& [lane, piece] : text.of) all += (all.empty() ? "" : "|") + piece;
    put(out, "text", printable(all));
    put(out, "content_events", content);
    put(out, "first_content", first);
    put(out, "usage_only_events", usage_only);
    put(out, "error_events", errors);
    put(out, "finished", std::string{reader.finished() ? "true" : "false"});
    put(out, "terminated", std::string{reader.terminated() ? "true" : "false"});
    put(out, "served_model", reader.served_model());
    put(out, "error_code", reader.error_code());
    put_usage(out, reader.usage());
}

void understand_unary(endpoint e, const std::string& bytes, facts_map& out) {
    const unary_facts facts = read_unary(e, bytes.data(), bytes.size());
    EXPECT_TRUE(facts.json);
    EXPECT_EQ(facts.error, !facts.error_code.empty());
    put(out, "served_model", facts.served_model);
    put(out, "error_code", facts.error_code);
    put_usage(out, facts.usage);
    usage_finder finder{e};
    for (const char c : bytes) finder.feed({&c, 1});
    usage::counts found;
    EXPECT_EQ(finder.result(found), facts.has_usage);
    EXPECT_EQ(found, facts.usage);
}

facts_map understood(const fs::path& cassette, const std::string& path) {
    facts_map out;
    const target what = classify("POST", path, "", false);
    EXPECT_FALSE(what.refusal) << what.refusal.message;
    const std::string body = slurp(cassette / "request.json");
    request_facts request;
    const core::error why = inspect(what.id, body.data(), body.size(), request);
    EXPECT_FALSE(why) << why.message;
    out["path"] = path;
    put(out, "model", request.model);
    out["stream"] = request.stream ? "true" : "false";
    if (request.asks_usage) out["asks_usage"] = "true";
    put(out, "max_output", request.max_output.value_or(0));
    if (fs::exists(cassette / "response.sse")) {
        understand_stream(what.id, slurp(cassette / "response.sse"), out);
    } else {
        understand_unary(what.id, slurp(cassette / "response.json"), out);
    }
    return out;
}

}  // namespace

TEST(Cassettes, AreUnderstoodAsWritten) {
    const std::vector<fs::path> all = cassettes();
    ASSERT_GE(all.size(), 20U);
    for (const fs::path& one : all) {
        SCOPED_TRACE(one.lexically_relative(WEIR_SOURCE_DIR).string());
        facts_map wanted = expected(one);
        const facts_map got = understood(one, wanted["path"]);
        for (const auto& [name, value] : got) {
            // Only the position of the first content and the flags of a stream may go unsaid.
            const bool optional = name == "first_content" || name == "terminated";
            if (optional && !wanted.contains(name)) continue;
            const auto it = wanted.find(name);
            if (it == wanted.end()) {
                ADD_FAILURE() << "unexpected " << name << " = " << value;
            } else {
                EXPECT_EQ(value, it->second) << name;
            }
        }
        for (const auto& [name, value] : wanted) {
            if (value != "0" && !got.contains(name)) ADD_FAILURE() << "missing " << name << ": " << value;
        }
    }
}
