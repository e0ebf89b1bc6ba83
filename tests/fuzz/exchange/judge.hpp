// What must hold of every played scene, whatever the bytes were.
#pragma once

#include <string>

#include "fuzz/exchange/scene.hpp"
#include "fuzz/exchange/stage.hpp"

namespace weir::fuzz {

/// Empty, or what is wrong. `input`: the fuzzer's bytes, in case a secret stands in them.
[[nodiscard]] std::string judge(const scene& what, const played& seen, std::string_view input);

}  // namespace weir::fuzz
