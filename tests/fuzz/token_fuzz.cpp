// Any bytes in any slices: the stream counter must agree with the whole-text counter, with every size of carry.
// The first byte chooses encoding, carry and slices.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "token/count.hpp"
#include "token/stream_counter.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::uint8_t choice = data[0];
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    const auto which = (choice & 1) != 0 ? weir::token::encoding::o200k : weir::token::encoding::cl100k;

    weir::token::stream_counter counter(which, (choice & 2) != 0 ? 0 : weir::token::stream_counter::most_carry);
    const std::size_t slice = 1 + (choice >> 2);
    for (std::size_t at = 0; at < text.size(); at += slice) {
        counter.feed(text.substr(at, slice));
        if (counter.count() < 0) std::abort();
    }
    if (counter.finish() != weir::token::count(which, text)) std::abort();
    return 0;
}
