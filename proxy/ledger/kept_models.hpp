// What is kept of each model beside the requests, so that a restart does not forget what was learned. The ledger keeps numbers;
// what they mean is the caller's business.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace weir::ledger {

struct kept_model {
    std::string name;
    std::array<std::int64_t, 6> numbers{};
};

}  // namespace weir::ledger
