// A failed attempt on its way to a verdict; shared by the exchange's files about attempts.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "policy/retry.hpp"
#include "record/request_record.hpp"

namespace weir::exchange {

struct failed_attempt {
    policy::attempt_failure what;
    std::string detail;                                    ///< for the client's error
    std::optional<std::chrono::milliseconds> retry_after;  ///< that the answer asked for
};

/// What policy/ calls a failure of the record.
[[nodiscard]] policy::failure_kind kind_of(record::failure why);

}  // namespace weir::exchange
