#include "http/websocket.hpp"

#include <openssl/evp.h>

#include <cstddef>

namespace weir::http {
namespace {

// Section 1.3.
constexpr std::string_view handshake_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t longest_reason = 123;
constexpr char final_text = '\x81', final_close = '\x88';

bool is_base64(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/'; }

std::string_view cut_between_characters(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
    return text.substr(0, most);
}

std::string close_payload(close_code why, std::string_view reason) {
    const auto code = static_cast<unsigned>(why);
    std::string out{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    return out.append(cut_between_characters(reason, longest_reason));
}

}  // namespace

bool acceptable_websocket_key(std::string_view key) {
    if (key.size() != 24 || !key.ends_with("==")) return false;
    for (const char c : key.substr(0, 22))
        if (!is_base64(c)) return false;
    return true;
}

std::string websocket_accept(std::string_view key) {
    const std::string text = std::string{key}.append(handshake_guid);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) return {};
    std::array<unsigned char, 4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1> base64{};
    const int written = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
    return {reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(written)};
}

bool lists_token(std::string_view list, std::string_view name) {
    while (!list.empty()) {
        const auto end = list.find(',');
        auto one = list.substr(0, end);
        while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
        while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
        if (!one.empty() && one == name) return true;
        if (end == std::string_view::npos) break;
        list.remove_prefix(end + 1);
    }
    return false;
}

std::string close_frame(close_code why, std::string_view reason) {
    const auto payload = close_payload(why, reason);
    return std::string{final_close, static_cast<char>(payload.size())}.append(payload);
}

std::string close_frame(close_code why, std::string_view reason, std::array<char, 4> mask) {
    auto payload = close_payload(why, reason);
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
    std::string out{final_close, static_cast<char>(0x80 | payload.size())};
    return out.append(mask.data(), mask.size()).append(payload);
}

std::string text_frame(std::string_view message) {
    std::string out(1, final_text);
    const auto size = message.size();
    const int bytes = size < 126 ? 0 : size <= 0xFFFF ? 2 : 8;
    out.push_back(static_cast<char>(bytes == 0 ? size : bytes == 2 ? 126 : 127));
    for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>((size >> (8 * i)) & 0xFF));
    return out.append(message);
}

std::string_view handshake_fault(const field_list& asked, const response_head& answer) {
    const auto& said = answer.fields;
    if (!iequals(said.value_of(field_id::upgrade), "websocket")) return "it switched to another protocol than WebSocket";
    if (said.value_of("sec-websocket-accept") != websocket_accept(asked.value_of("sec-websocket-key")))
        return "its Sec-WebSocket-Accept does not answer the key of the handshake";
    if (!said.value_of("sec-websocket-extensions").empty()) return "it uses a WebSocket extension that was not offered";
    const auto chosen = said.value_of("sec-websocket-protocol");
    if (!chosen.empty() && !lists_token(asked.value_of("sec-websocket-protocol"), chosen)) return "it chose a subprotocol that was not offered";
    return {};
}

}  // namespace weir::http
