// What the store of shared limits may say: the same replies however the bytes are sliced, and no number that is none.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "fleet/reply.hpp"

namespace {

using weir::fleet::reply;
using weir::fleet::reply_reader;

std::vector<reply> all_of(std::string_view bytes, std::size_t slice, bool& broken) {
    reply_reader reader;
    std::vector<reply> got;
    broken = false;
    for (std::size_t at = 0; at < bytes.size() && !broken; at += slice) {
        reader.feed(bytes.substr(at, slice));
        reply one;
        auto what = reader.next(one);
        for (; what == reply_reader::got::one; what = reader.next(one)) got.push_back(std::move(one));
        broken = what == reply_reader::got::broken;
    }
    return got;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    bool broken = false, broken_sliced = false;
    const auto whole = all_of(bytes, bytes.size() + 1, broken);
    const auto sliced = all_of(bytes, static_cast<std::size_t>(data[0] % 16) + 1, broken_sliced);
    if (whole.size() != sliced.size() || broken != broken_sliced) std::abort();
    for (std::size_t i = 0; i < whole.size(); ++i) {
        if (whole[i].is != sliced[i].is || whole[i].text != sliced[i].text || whole[i].parts.size() != sliced[i].parts.size()) std::abort();
        for (std::size_t part = 0; part <= whole[i].parts.size(); ++part)
            if (whole[i].number_at(part) != sliced[i].number_at(part)) std::abort();
    }
    return 0;
}
