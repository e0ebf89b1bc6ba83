// Chunked framing: whole and in pieces give the same data, the same end and the same verdict.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/chunk_scanner.hpp"

namespace {

struct scanned {
    weir::http::chunk_scanner::status what;
    std::size_t consumed = 0;
    std::string data, why;
    bool operator==(const scanned&) const = default;
};

// In pieces of 1 to `largest` bytes, in a fixed pattern; 0: whole.
scanned scan(std::string_view bytes, std::size_t largest) {
    weir::http::chunk_scanner s;
    scanned out{};
    for (std::size_t turn = 0; out.consumed < bytes.size(); ++turn) {
        const auto rest = bytes.substr(out.consumed);
        const auto piece = rest.substr(0, largest == 0 ? rest.size() : 1 + turn % largest);
        const auto n = s.feed(piece, [&](const char* p, std::size_t size) { out.data.append(p, size); });
        out.consumed += n;
        if (n != piece.size() || s.now() != weir::http::chunk_scanner::status::more) break;
    }
    out.what = s.now();
    out.why = s.why();
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const auto whole = scan(bytes, 0);
    if (whole.data.size() > size || whole.consumed > size) std::abort();
    for (const std::size_t largest : {1u, 2u, 3u, 7u})
        if (scan(bytes, largest) != whole) std::abort();
    return 0;
}
