// The other side of differential.py: reads documents, writes their counts. Not a test by itself.
//     count_lines ENCODING [SLICE]      documents on stdin: a 4-byte little-endian length, then that many bytes
// One line per document: the whole-text count. With SLICE, also feeds a stream counter in pieces of 1 to SLICE bytes,
// with a short and the usual carry, and ends with an error when a count differs from the whole-text one.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "token/count.hpp"
#include "token/stream_counter.hpp"

namespace {

using namespace weir::token;

bool read_exactly(char* to, std::size_t size) { return std::fread(to, 1, size, stdin) == size; }

class slicer {
public:
    explicit slicer(std::size_t most) : most_(most) {}
    std::size_t next() {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return 1 + (state_ >> 33) % most_;
    }

private:
    std::size_t most_;
    std::uint64_t state_ = 1;
};

std::int64_t count_sliced(encoding which, std::string_view text, slicer& slices, std::size_t carry) {
    stream_counter counter(which, carry);
    while (!text.empty()) {
        const std::string_view piece = text.substr(0, slices.next());
        counter.feed(piece);
        text.remove_prefix(piece.size());
    }
    return counter.finish();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    const std::string_view wanted = argv[1];
    encoding which = encoding::cl100k;
    if (wanted == name(encoding::o200k))
        which = encoding::o200k;
    else if (wanted != name(encoding::cl100k))
        return 2;
    const std::size_t most = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0;

    slicer slices(most == 0 ? 1 : most);
    std::string text;
    for (std::array<unsigned char, 4> size{}; read_exactly(reinterpret_cast<char*>(size.data()), size.size());) {
        text.resize(size[0] | size[1] << 8 | size[2] << 16 | static_cast<std::size_t>(size[3]) << 24);
        if (!read_exactly(text.data(), text.size())) return 2;
        const std::int64_t whole = count(which, text);
        std::printf("%lld\n", static_cast<long long>(whole));
        if (most == 0) continue;
        for (const std::size_t carry : {std::size_t{0}, stream_counter::most_carry}) {
            const std::int64_t sliced = count_sliced(which, text, slices, carry);
            if (sliced == whole) continue;
            std::fprintf(stderr, "sliced %lld, whole %lld, carry %zu\n", static_cast<long long>(sliced), static_cast<long long>(whole), carry);
            (void)std::fwrite(text.data(), 1, text.size(), stderr);
            return 1;
        }
    }
    return 0;
}
