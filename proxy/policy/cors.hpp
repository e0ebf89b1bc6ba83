// Which web pages may call, and the fields that tell a browser so (the CORS protocol of the Fetch standard, section 3.2).
// Keys are still asked for: an origin is what an honest browser says, nothing that others could not say too.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace weir::policy {

/// Web pages of which origins may call, and how long a browser remembers the answer.
struct cors_settings {
    std::vector<std::string> origins;  ///< `scheme://host[:port]` in lower case, or `*`
    std::vector<std::string> headers;  ///< request fields that pages may send; empty: those that they ask for
    std::chrono::milliseconds max_age = std::chrono::minutes{10};
    bool operator==(const cors_settings&) const = default;
};

/// Origins are compared as browsers write them, without regard to case.
[[nodiscard]] bool allows_origin(const cors_settings& rules, std::string_view origin);

/// Why a page of this origin may not call (`address_not_allowed`), or no error.
[[nodiscard]] core::error check_origin(const cors_settings& rules, std::string_view origin);

/// Whole lines for the answer to a request from `origin` (empty: the request named none), so that its page may read the answer and
/// weir's own fields. Without Access-Control-Allow-Origin when the origin may not. Credentials mode (cookies) is never allowed.
[[nodiscard]] std::string cors_fields(const cors_settings& rules, std::string_view origin);

/// Whole lines for the answer to a preflight. `asked`: the value of Access-Control-Request-Headers.
[[nodiscard]] std::string preflight_fields(const cors_settings& rules, std::string_view origin, std::string_view asked);

/// A field of an upstream's answer that speaks about its own origins, not about weir's.
[[nodiscard]] bool is_cors_answer_field(std::string_view name);

}  // namespace weir::policy
