// A failed attempt on its way to a verdict.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "exchange/place.hpp"
#include "policy/upstreams/retry.hpp"
#include "record/request_record.hpp"

namespace weir::exchange {

struct failed_attempt {
    record::failure why = record::failure::none;
    int status = 0;                                        ///< the answer's, or what an error inside a 200 stands for; 0: no head came
    std::string provider_code;                             ///< the provider's own, where it said one
    std::string detail;                                    ///< for the client's error
    std::optional<std::chrono::milliseconds> retry_after;  ///< that the answer asked for
    bool context_overflow = false;                         ///< the prompt is too long for the model
    bool inside = false;                                   ///< an error that came where an answer was to come
    bool lacking_here = false;                             ///< this machine has no descriptor or memory left: not the upstream's fault

    /// For policy/, which decides what it means; it points into this.
    [[nodiscard]] policy::attempt_failure judged_as(const place& at) const;
    /// For the event log and /status. What an upstream wrote is cut.
    [[nodiscard]] std::string in_words() const;
    /// For the client.
    [[nodiscard]] core::error told_as(const place& at) const;
    /// For a client that cannot get the upstream's own error answer any more.
    [[nodiscard]] core::error answered_as(const place& at) const;
};

/// What policy/ calls a failure of the record.
[[nodiscard]] policy::failure_kind kind_of(record::failure why);

}  // namespace weir::exchange
