// Content codings: in steps of any size the same bytes and the same verdict come out, and never more than asked for.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/inflate.hpp"

namespace {

using weir::http::content_coding;
using weir::http::inflater;

constexpr std::size_t most = 64 * 1024;

struct unpacked {
    std::string text;
    inflater::status how{};
    bool operator==(const unpacked&) const = default;
};

unpacked unpack(std::string_view body, content_coding coding, std::size_t step) {
    inflater decoder{coding, body};
    unpacked out;
    std::string room(step, '\0');
    while (decoder.now() == inflater::status::more && out.text.size() < most) {
        const auto got = decoder.next(room.data(), std::min(room.size(), most - out.text.size()));
        if (got > room.size()) std::abort();
        out.text.append(room, 0, got);
    }
    out.how = out.text.size() == most ? inflater::status::more : decoder.now();
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    for (const auto coding : {content_coding::gzip, content_coding::deflate}) {
        const auto whole = unpack(bytes, coding, most);
        for (const std::size_t step : {1u, 100u})
            if (unpack(bytes, coding, step) != whole) std::abort();
    }
    return 0;
}
