// Frames in and out of a string.
#include "mock/websocket.hpp"

#include <openssl/evp.h>

namespace weir::mock {
namespace {

constexpr unsigned char fin = 0x80, masked = 0x80;

unsigned char byte_at(const std::string& text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

std::uint64_t number_at(const std::string& text, std::size_t at, std::size_t size) {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < size; ++i) out = (out << 8) | byte_at(text, at + i);
    return out;
}

struct frame {
    bool last = false;
    bool sound = false;
    std::uint8_t code = 0;
    std::string payload;
};

/// Takes one frame off the front of `inbox`.
std::optional<frame> take_frame(std::string& inbox) {
    if (inbox.size() < 2) return std::nullopt;
    frame out;
    out.last = (byte_at(inbox, 0) & fin) != 0;
    out.code = byte_at(inbox, 0) & 0x0f;
    out.sound = (byte_at(inbox, 1) & masked) != 0 && (out.code <= 2 || (out.code >= 8 && out.code <= 10));
    const unsigned char small = byte_at(inbox, 1) & 0x7f;
    const std::size_t wide = small == 126 ? 2 : small == 127 ? 8 : 0;
    const std::size_t mask_at = 2 + wide, data_at = mask_at + 4;
    if (!out.sound) return out;
    if (inbox.size() < data_at) return std::nullopt;
    const std::uint64_t size = wide == 0 ? small : number_at(inbox, 2, wide);
    if (inbox.size() - data_at < size) return std::nullopt;
    out.payload = inbox.substr(data_at, size);
    for (std::size_t i = 0; i < out.payload.size(); ++i)
        out.payload[i] = static_cast<char>(byte_at(out.payload, i) ^ byte_at(inbox, mask_at + i % 4));
    inbox.erase(0, data_at + size);
    return out;
}

}  // namespace

std::string websocket_accept(const std::string& key) {
    const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
    unsigned char coded[64];
    const int coded_size = EVP_EncodeBlock(coded, digest, static_cast<int>(size));
    return {coded, coded + coded_size};
}

std::string websocket_frame(opcode what, std::string_view payload) {
    std::string out(1, static_cast<char>(fin | static_cast<unsigned char>(what)));
    const auto put = [&](std::uint64_t number, int bytes) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>((number >> shift) & 0xff);
    };
    if (payload.size() < 126) {
        put(payload.size(), 1);
    } else if (payload.size() < 65536) {
        put(126, 1);
        put(payload.size(), 2);
    } else {
        put(127, 1);
        put(payload.size(), 8);
    }
    return out.append(payload);
}

std::optional<websocket_message> websocket_reader::next(std::string& inbox) {
    while (auto got = take_frame(inbox)) {
        if (!got->sound) return websocket_message{opcode::close, "\x03\xea"};
        const auto what = static_cast<opcode>(got->code);
        if (got->code >= 8) return websocket_message{what, std::move(got->payload)};
        if (what != opcode::continuation) pending_ = websocket_message{what, {}};
        if (!pending_) return websocket_message{opcode::close, "\x03\xea"};
        pending_->payload += got->payload;
        if (!got->last) continue;
        auto whole = std::move(pending_);
        pending_.reset();
        return whole;
    }
    return std::nullopt;
}

}  // namespace weir::mock
