// Event ends: whole and in pieces give the same events, and the events are the stream.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "http/sse_scanner.hpp"

namespace {

// Sizes of the events found when the stream arrives in pieces of `step` bytes.
std::vector<std::size_t> sizes(std::string_view bytes, std::size_t step) {
    std::vector<std::size_t> found;
    weir::http::sse_scanner scanner;
    std::size_t begin = 0;
    for (std::size_t end = 0; end < bytes.size();) {
        end = std::min(bytes.size(), end + step);
        while (const auto n = scanner.find(bytes.substr(begin, end - begin))) {
            if (n > end - begin) std::abort();
            found.push_back(n);
            begin += n;
        }
    }
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const auto whole = sizes(bytes, std::max<std::size_t>(size, 1));
    for (const std::size_t step : {1u, 2u, 3u, 5u})
        if (sizes(bytes, step) != whole) std::abort();
    // An event ends with a line end, and holds no blank line before its last one.
    std::size_t begin = 0;
    for (const auto n : whole) {
        const auto event = bytes.substr(begin, n);
        if (event.back() != '\n' && event.back() != '\r') std::abort();
        if (const auto blank = event.find("\n\n"); blank != std::string_view::npos && blank + 2 != n) std::abort();
        begin += n;
    }
    return 0;
}
