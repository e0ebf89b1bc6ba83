// Every endpoint of the contract's table, plain and over TLS on both sides, small and large, sized and chunked, streamed and not:
// what the client sent is what the provider got, what the provider said is what the client got, byte by byte.
// Other methods and answers: methods_test.cpp.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace weir::test;

namespace {

// Under a sanitizer a fifth of it: every buffer still overflows many times, and plain builds pass the whole.
constexpr std::size_t large = (sanitized ? 1u : 5u) << 20;
// Every endpoint with WEIR_CONFORMANCE=full; else one of each kind of body.
constexpr std::size_t huge = (sanitized ? 5u : 25u) << 20;
constexpr auto patience = milliseconds{60000};

enum class writes : std::uint8_t { json, multipart, opaque };
enum class streams : std::uint8_t {
    never,
    by_flag,  ///< and the provider has a voice for it
    by_path,
    media,  ///< by flag; events that only pass through
};

struct endpoint_row {
    const char* name;
    const char* path;
    writes body;
    streams stream;
    const char* member;  ///< of a JSON body: where the text stands, with what is around it; %s is the text
};

constexpr endpoint_row rows[] = {
    {"chat", "/v1/chat/completions", writes::json, streams::by_flag, R"("messages":[{"role":"user","content":"%s"}])"},
    {"completions", "/v1/completions", writes::json, streams::by_flag, R"("prompt":"%s")"},
    {"responses", "/v1/responses", writes::json, streams::by_flag, R"("input":"%s")"},
    {"embeddings", "/v1/embeddings", writes::json, streams::never, R"("input":"%s")"},
    {"moderations", "/v1/moderations", writes::json, streams::never, R"("input":"%s")"},
    {"rerank", "/v1/rerank", writes::json, streams::never, R"("query":"q","documents":["%s"])"},
    {"images_generations", "/v1/images/generations", writes::json, streams::media, R"("prompt":"%s")"},
    {"images_edits", "/v1/images/edits", writes::multipart, streams::media, ""},
    {"images_variations", "/v1/images/variations", writes::multipart, streams::never, ""},
    {"transcriptions", "/v1/audio/transcriptions", writes::multipart, streams::media, ""},
    {"translations", "/v1/audio/translations", writes::multipart, streams::never, ""},
    {"speech", "/v1/audio/speech", writes::json, streams::never, R"("voice":"alloy","input":"%s")"},
    {"videos", "/v1/videos", writes::json, streams::never, R"("prompt":"%s")"},
    {"video_generations", "/v1/video/generations", writes::multipart, streams::never, ""},
    {"files", "/v1/files", writes::multipart, streams::never, ""},
    {"batches", "/v1/batches", writes::opaque, streams::never, ""},
    {"fine_tuning", "/v1/fine_tuning/jobs", writes::opaque, streams::never, ""},
    {"uploads", "/v1/uploads/upload_1/parts", writes::multipart, streams::never, ""},
    {"messages", "/v1/messages", writes::json, streams::by_flag, R"("max_tokens":9,"messages":[{"role":"user","content":"%s"}])"},
    {"count_tokens", "/v1/messages/count_tokens", writes::json, streams::never, R"("messages":[{"role":"user","content":"%s"}])"},
    {"gemini_generate", "/v1beta/models/gem:generateContent", writes::json, streams::never, R"("contents":[{"parts":[{"text":"%s"}]}])"},
    {"gemini_stream", "/v1beta/models/gem:streamGenerateContent?alt=sse", writes::json, streams::by_path,
     R"("contents":[{"parts":[{"text":"%s"}]}])"},
    {"gemini_count", "/v1beta/models/gem:countTokens", writes::json, streams::never, R"("contents":[{"parts":[{"text":"%s"}]}])"},
    {"gemini_embed", "/v1beta/models/gem:embedContent", writes::json, streams::never, R"("content":{"parts":[{"text":"%s"}]})"},
    {"unknown", "/v1/threads", writes::opaque, streams::never, ""},
};

bool is_gemini(const endpoint_row& row) { return std::string_view{row.path}.starts_with("/v1beta/"); }
bool is_anthropic(const endpoint_row& row) { return std::string_view{row.path}.starts_with("/v1/messages"); }

/// Escapes, quotes and more than one byte to a character, so that whoever re-serialises shows.
std::string json_text(std::size_t size) {
    constexpr std::string_view piece = R"(a \"b\" \u00e9 \/ é 水\n)";
    std::string out;
    while (out.size() + piece.size() <= size) out += piece;
    return out;
}

/// Line ends, dashes and every other byte.
const std::string& file_bytes(std::size_t size) {
    static std::map<std::size_t, std::string> known;  // a sanitizer makes each byte dear
    auto& out = known[size];
    if (!out.empty()) return out;
    out = "\r\n--almost\r\n";
    std::uint32_t state = 1;
    while (out.size() < size) out.push_back(static_cast<char>((state = state * 1664525u + 1013904223u) >> 24));
    return out;
}

struct request_body {
    std::string type, bytes;
};

request_body body_for(const endpoint_row& row, std::size_t size, bool stream) {
    const std::string model = is_anthropic(row) ? "claude" : "gpt";
    if (row.body == writes::opaque) return {"application/octet-stream", file_bytes(size)};
    if (row.body == writes::multipart) {
        const std::string line = "--limit-4711\r\nContent-Disposition: form-data; name=";
        std::string bytes = line + "\"file\"; filename=\"a.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n" + file_bytes(size) + "\r\n";
        if (stream) bytes += line + "\"stream\"\r\n\r\ntrue\r\n";
        bytes += line + "\"model\"\r\n\r\n" + model + "\r\n--limit-4711--\r\n";
        return {"multipart/form-data; boundary=limit-4711", bytes};
    }
    std::string member = row.member;
    const auto at = member.find("%s");
    member.replace(at, 2, json_text(size));
    // The model behind the text, in odd but legal white space.
    std::string bytes = "{ " + member;
    if (!is_gemini(row)) bytes += ",\n\t\"model\" : \"" + model + "\"";
    if (stream && row.stream != streams::by_path) bytes += ", \"stream\":true";
    return {"application/json", bytes + " }"};
}

mock::script answer_for(const endpoint_row& row, std::size_t size, bool stream) {
    mock::script how;
    if (stream && row.stream == streams::media) {
        std::string events;
        do events += "event: part\r\ndata: {\"b64\":\"" + std::string(std::min<std::size_t>(size, 60000), 'x') + "\"}\r\n\r\n";
        while (events.size() < size);
        how.content_type = "text/event-stream";
        how.body = events;
        how.framing = mock::framing::chunked;
    } else if (stream) {
        how.words = size > 1000 ? 4000 : 5;
    } else if (std::string_view{row.name} == "speech") {
        how.binary = size;
    } else {
        how.body = "{ \"id\" : 1.0, \"text\":\"" + json_text(size) + "\" }\n";
    }
    return how;
}

std::string wire_of(const endpoint_row& row, const request_body& body, bool chunked) {
    std::string head = "POST " + std::string{row.path} + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + body.type + "\r\n";
    if (!chunked) return head + "Content-Length: " + std::to_string(body.bytes.size()) + "\r\n\r\n" + body.bytes;
    head += "Transfer-Encoding: chunked\r\n\r\n";
    // Chunk sizes that fit no buffer.
    for (std::size_t from = 0, n = 1; from < body.bytes.size(); from += n, n = n * 3 % 70001 + 1) {
        const auto part = std::string_view{body.bytes}.substr(from, n);
        char size[24];
        head.append(size, static_cast<std::size_t>(std::snprintf(size, sizeof size, "%zx\r\n", part.size())));
        head.append(part).append("\r\n");
    }
    return head + "0\r\n\r\n";
}

/// Whether a check failed; says where two long texts part instead of printing them.
testing::AssertionResult same_bytes(const std::string& got, const std::string& wanted) {
    if (got == wanted) return testing::AssertionSuccess();
    const auto at = static_cast<std::size_t>(std::mismatch(got.begin(), got.end(), wanted.begin(), wanted.end()).first - got.begin());
    return testing::AssertionFailure() << got.size() << " bytes instead of " << wanted.size() << ", other from byte " << at << " on: '"
                                       << got.substr(at, 60) << "' instead of '" << wanted.substr(std::min(at, wanted.size()), 60) << "'";
}

class Conformance : public testing::TestWithParam<bool> {
protected:
    Conformance() {
        const auto certificate = root_.issue();
        const bool tls = GetParam();
        provider_ = quick_provider("p", tls ? std::optional{mock::tls_options{certificate.pem, certificate.private_key, ""}} : std::nullopt);
        const std::string with = tls ? ", tls: {ca: ca.pem, server_name: localhost}" : "";
        const auto pool = [&](const std::string& name, const std::string& more, const std::string& path) {
            return "  " + name + ":\n    ask_usage: false\n" + more + "    upstreams: [{url: \"" + provider_->url() + path + "\"" + with + "}]\n";
        };
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            std::string{"listeners: [{address: \"127.0.0.1:0\""} + (tls ? ", tls: {certificate: cert.pem, private_key: key.pem}" : "") +
                "}]\npools:\n" + pool("openai", "", "/v1") + pool("anthropic", "    dialect: anthropic\n", "") +
                pool("gemini", "    dialect: gemini\n", "") +
                "routes:\n  - {models: [claude], pool: anthropic}\n  - {models: [gem], pool: gemini}\n  - {models: [\"*\"], pool: openai}\n" +
                conf_end,
            gateway_process::files{{"ca.pem", root_.pem()}, {"cert.pem", certificate.pem}, {"key.pem", certificate.private_key}});
    }

    void pass(const endpoint_row& row, std::size_t size, bool chunked, bool stream) {
        SCOPED_TRACE(std::string{row.name} + " " + std::to_string(size) + (chunked ? " chunked" : " sized") + (stream ? " stream" : " unary"));
        const auto body = body_for(row, size, stream);
        provider_->forget();
        provider_->once(answer_for(row, size, stream));
        const auto secure = GetParam() ? std::optional{tls_choice{.ca_pem = root_.pem()}} : std::nullopt;
        const auto got = exchange_once(weir_->url(), wire_of(row, body, chunked), secure, patience);
        ASSERT_EQ(got.status, 200) << got.body.substr(0, 500);
        EXPECT_TRUE(got.clean());
        ASSERT_EQ(provider_->call_count(), 1u);
        const auto call = provider_->calls().back();
        EXPECT_EQ(call.header("content-type"), body.type);
        EXPECT_TRUE(same_bytes(call.body, body.bytes)) << "to the provider";
        EXPECT_TRUE(same_bytes(got.body, call.answered)) << "to the client";
    }

    mock::authority root_;
    std::unique_ptr<mock::provider> provider_;
    std::unique_ptr<gateway_process> weir_;
};

}  // namespace

TEST_P(Conformance, PassesEveryByteOfEveryEndpointBothWays) {
    for (const auto& row : rows)
        for (const std::size_t size : {std::size_t{100}, large})
            for (const bool chunked : {false, true}) {
                if (row.stream != streams::by_path) pass(row, size, chunked, false);
                if (row.stream != streams::never) pass(row, size, chunked, true);
            }
}

TEST_P(Conformance, PassesTwentyFiveMegabytesBothWays) {
    const char* const asked = std::getenv("WEIR_CONFORMANCE");
    const bool full = asked && std::string_view{asked} == "full";
    for (const auto& row : rows) {
        const std::string_view name{row.name};
        if (!full && name != "chat" && name != "images_edits" && name != "batches" && name != "speech" && name != "gemini_embed") continue;
        for (const bool chunked : {false, true}) {
            if (row.stream != streams::by_path) pass(row, huge, chunked, false);
            if (full && row.stream != streams::never) pass(row, huge, chunked, true);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Over, Conformance, testing::Values(false, true), [](const auto& each) { return each.param ? "Tls" : "Plain"; });
