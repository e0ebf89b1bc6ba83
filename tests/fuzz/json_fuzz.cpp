// JSON of any shape: the scan of large texts and simdjson's first stage must agree on what is accepted and where its tokens stand.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "dialect/json/sparse_scan.hpp"

using namespace weir::dialect::json;

namespace {

bool accepted(index& where, const std::string& text) {
    if (where.build(text) != fault::none) return false;
    cursor at{where};
    return at.skip() && at.at_end();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size >= sparse_from) return 0;
    const std::string small{reinterpret_cast<const char*>(data), size};
    const std::string large = small + std::string(sparse_from, ' ');
    index a, b;
    if (accepted(a, small) != accepted(b, large)) std::abort();
    if (!accepted(a, small)) return 0;
    if (a.size() != b.size() || a.escapes_are_legal() != b.escapes_are_legal()) std::abort();
    for (std::uint32_t i = 0; i < a.size(); ++i)
        if (a[i] != b[i]) std::abort();
    return 0;
}
