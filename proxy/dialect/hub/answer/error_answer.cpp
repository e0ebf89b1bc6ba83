#include "dialect/hub/answer/error_answer.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <vector>

#include "dialect/context_limit.hpp"
#include "dialect/hub/raw_text.hpp"
#include "dialect/hub/reading.hpp"

namespace weir::dialect::hub {
namespace {

constexpr std::size_t longest_message = 1024;

struct row {
    int status;
    std::string_view openai, openai_code, anthropic, gemini;
};

// What a status is called where.
constexpr std::array<row, 13> table{{
    {400, "invalid_request_error", "", "invalid_request_error", "INVALID_ARGUMENT"},
    {401, "authentication_error", "invalid_api_key", "authentication_error", "UNAUTHENTICATED"},
    {402, "insufficient_quota", "insufficient_quota", "billing_error", "RESOURCE_EXHAUSTED"},
    {403, "permission_error", "", "permission_error", "PERMISSION_DENIED"},
    {404, "invalid_request_error", "model_not_found", "not_found_error", "NOT_FOUND"},
    {408, "timeout", "", "timeout_error", "DEADLINE_EXCEEDED"},
    {413, "invalid_request_error", "", "request_too_large", "INVALID_ARGUMENT"},
    {429, "rate_limit_error", "rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED"},
    {500, "server_error", "", "api_error", "INTERNAL"},
    {502, "server_error", "", "api_error", "INTERNAL"},
    {503, "server_error", "", "overloaded_error", "UNAVAILABLE"},
    {504, "server_error", "", "timeout_error", "DEADLINE_EXCEEDED"},
    {529, "server_error", "", "overloaded_error", "UNAVAILABLE"},
}};

const row& row_of(int status) {
    for (const auto& each : table)
        if (each.status == status) return each;
    return status >= 500 ? table[8] : table[0];
}

// What has no status of its own: that the money is spent, whatever the status, and that a prompt was filtered.
bool is_of_money(std::string_view code) { return code == "insufficient_quota" || code == "billing_hard_limit_reached" || code == "billing_error"; }
bool is_of_a_filter(std::string_view code) {
    return code == "content_filter" || code == "content_policy_violation" || code == "misalignment_policy_violation";
}

// A message of a bounded length, cut between two characters.
std::string_view cut(std::string_view text) {
    constexpr unsigned char mask = 0xC0, inside = 0x80;
    if (text.size() <= longest_message) return text;
    auto size = longest_message;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & mask) == inside) --size;
    return text.substr(0, size);
}

// The numbers that a provider names: how long the prompt is, and how long it may be, in whatever order.
std::vector<std::uint64_t> numbers_in(std::string_view text) {
    constexpr std::uint64_t smallest = 256, largest = 1'000'000'000;
    std::vector<std::uint64_t> out;
    std::uint64_t now = 0;
    bool in_number = false;
    const auto end = [&] {
        if (in_number && now >= smallest && now < largest) out.push_back(now);
        in_number = false;
        now = 0;
    };
    for (const char c : text) {
        if (c >= '0' && c <= '9') {
            in_number = true;
            now = now >= largest ? now : now * 10 + static_cast<std::uint64_t>(c - '0');
        } else if (c != ',' || !in_number) {
            end();
        }
    }
    end();
    return out;
}

std::string overflow_in_words_of(spoke to, std::string_view message) {
    const auto found = numbers_in(message);
    const bool both = found.size() >= 2 && found[0] != found[1];
    const auto is = both ? std::to_string(std::max(found[0], found[1])) : std::string{};
    const auto most = both ? std::to_string(std::min(found[0], found[1])) : std::string{};
    switch (to) {
        case spoke::messages: return both ? "prompt is too long: " + is + " tokens > " + most + " maximum" : "prompt is too long";
        case spoke::gemini:
            return both ? "The input token count (" + is + ") exceeds the maximum number of tokens allowed (" + most + ")."
                        : "The input token count exceeds the maximum number of tokens allowed.";
        default:
            return both ? "This model's maximum context length is " + most + " tokens. However, your messages resulted in " + is +
                              " tokens. Please reduce the length of the messages."
                        : "This model's maximum context length is exceeded. Please reduce the length of the messages.";
    }
}

void openai(json_writer& out, const row& as, std::string_view code, std::string_view message) {
    out.open_member("error", '{');
    out.plain_member("message", message);
    out.plain_member("type", as.openai);
    out.member("param", "null");
    if (code.empty())
        out.member("code", "null");
    else
        out.plain_member("code", code);
    out.close('}');
}

void anthropic(json_writer& out, const row& as, std::string_view message, std::string_view request_id) {
    out.plain_member("type", "error");
    out.open_member("error", '{');
    out.plain_member("type", as.anthropic);
    out.plain_member("message", message);
    out.close('}');
    out.plain_member("request_id", request_id);
}

void gemini(json_writer& out, const row& as, int status, std::int64_t pause, std::string_view message) {
    out.open_member("error", '{');
    out.member("code", std::to_string(status));
    out.plain_member("message", message);
    out.plain_member("status", as.gemini);
    out.member("details",
               pause <= 0 ? "[]" : R"([{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":")" + std::to_string(pause) + R"(s"}])");
    out.close('}');
}

}  // namespace

int status_for(spoke to, int status) {
    if (to == spoke::messages) return status == 503 ? 529 : status;
    if (status == 402 && to != spoke::messages) return 429;
    return status == 529 ? 503 : status;
}

std::int64_t pause_in(json::cursor error_body) {
    std::int64_t out = 0;
    error_body.members([&](std::string_view key, json::cursor& error) {
        if (key != "error") return;
        error.members([&](std::string_view name, json::cursor& details) {
            if (name != "details") return;
            details.elements([&](json::cursor& each) {
                // Such as "12.3s".
                const auto said = look_for_text(each, "retryDelay").json;
                std::int64_t whole = 0;
                const auto [end, fault] = std::from_chars(said.data(), said.data() + said.size(), whole);
                if (fault == std::errc{} && whole >= 0) out = whole + (std::string_view{end, said.data() + said.size()}.starts_with('.') ? 1 : 0);
            });
        });
    });
    return out;
}

told_error tell_error(spoke to, const provider_error& what, std::string_view request_id) {
    const bool overflow = is_context_overflow(what.code, what.message);
    constexpr int unpaid = 402;
    const int meant = is_of_money(what.code) ? unpaid : what.status;
    const auto status = status_for(to, meant);
    const auto& as = row_of(meant);
    std::string message = overflow ? overflow_in_words_of(to, what.message) : "upstream says: " + std::string{cut(what.message)};
    if (!overflow && what.message.empty()) message = "the upstream answered " + std::to_string(what.status);
    told_error out{status, {}};
    json_writer json{out.body};
    json.open('{');
    switch (to) {
        case spoke::messages: anthropic(json, as, message, request_id); break;
        case spoke::gemini: gemini(json, as, status, what.pause, message); break;
        default: openai(json, as, overflow ? "context_length_exceeded" : is_of_a_filter(what.code) ? what.code : as.openai_code, message);
    }
    json.close('}');
    return out;
}

}  // namespace weir::dialect::hub
