// Content codings of answers: whatever the bytes, the same text comes out under every slicing, and no more than the bound.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/content_decoder.hpp"

namespace {

using weir::http::content_coding;
using weir::http::content_decoder;

// Below it no ratio is looked at, so that the verdict cannot depend on the slicing either.
constexpr std::size_t any_ratio_up_to = 1 << 20;
constexpr std::size_t largest_ratio = 100;

struct unpacked {
    std::string text;
    bool sound = true;
};

unpacked unpack(std::string_view body, content_coding coding, std::size_t step) {
    const auto decoder = content_decoder::of(coding);
    unpacked out;
    for (std::size_t at = 0; at < body.size() && out.sound; at += step)
        out.sound = decoder->feed(body.substr(at, step), [&](std::string_view piece) { out.text += piece; });
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    constexpr std::size_t one_piece = 16 * 1024;
    for (const auto coding : {content_coding::gzip, content_coding::deflate, content_coding::br, content_coding::zstd}) {
        const auto whole = unpack(bytes, coding, size + 1);
        if (whole.text.size() > std::max(any_ratio_up_to, largest_ratio * size) + one_piece) std::abort();
        if (whole.text.size() > any_ratio_up_to) continue;
        for (const std::size_t step : {1u, 100u}) {
            const auto sliced = unpack(bytes, coding, step);
            if (sliced.sound != whole.sound || (whole.sound && sliced.text != whole.text)) std::abort();
        }
    }
    return 0;
}
