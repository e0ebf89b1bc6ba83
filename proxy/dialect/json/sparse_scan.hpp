// Finds where the tokens of a large JSON text start when nearly all of it stands inside strings, as prompts and encoded images do:
// in there only a quote, a backslash or a control character matters, and 64 bytes are looked at together.
// Where tokens are dense it gives up early, and simdjson's first stage is the faster way (bench/dialect shows both).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "dialect/json/json_index.hpp"

namespace weir::dialect::json {

/// Below this size simdjson's first stage wins or it does not matter.
constexpr std::size_t sparse_from = 4096;

struct sparse_result {
    bool dense = false;  ///< given up: nothing else here means anything
    fault why = fault::none;
    bool escapes_legal = true;  ///< as check_escapes() would say; only without a fault
};

/// Whether this processor compares 32 bytes at once (AVX2).
[[nodiscard]] bool has_wide_registers();

/// Fills `offsets` with what index::build() promises, the end of the text behind the last one. `wide`: in steps of 32 bytes, where the
/// processor can; the result is the same.
[[nodiscard]] sparse_result scan_sparse(std::string_view text, std::vector<std::uint32_t>& offsets, bool wide = has_wide_registers());

}  // namespace weir::dialect::json
