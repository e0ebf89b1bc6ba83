// Any bytes in any slices: the stream counter must agree with the whole-text counter, with every size of carry, and each pre-token must
// count as merging by the definition counts it. The first byte chooses encoding, carry and slices.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "token/count.hpp"
#include "token/merge.hpp"
#include "token/stream_counter.hpp"
#include "token/support.hpp"

namespace {

using namespace weir::token;

// Quadratic, and slow to make: one for each encoding, short texts only.
constexpr std::size_t longest_by_definition = 24;

const test::plain_merger& definition_of(encoding which) {
    static const test::plain_merger cl100k{vocabulary::of(encoding::cl100k)}, o200k{vocabulary::of(encoding::o200k)};
    return which == encoding::cl100k ? cl100k : o200k;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::uint8_t choice = data[0];
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    const auto which = (choice & 1) != 0 ? encoding::o200k : encoding::cl100k;

    stream_counter counter(which, (choice & 2) != 0 ? 0 : stream_counter::most_carry);
    const std::size_t slice = 1 + (choice >> 2);
    for (std::size_t at = 0; at < text.size(); at += slice) {
        counter.feed(text.substr(at, slice));
        if (counter.count() < 0) std::abort();
    }
    if (counter.finish() != count(which, text)) std::abort();
    // As one piece, whatever it holds: what BPE does inside a pre-token does not depend on how text is split.
    const auto piece = text.substr(0, longest_by_definition);
    if (!piece.empty() && count_piece(vocabulary::of(which), piece) != static_cast<std::int64_t>(definition_of(which).encode(piece).size()))
        std::abort();
    return 0;
}
