// What keeps web pages away from a weir that asks for no keys: whose pages may send it requests, and by which names it may be called, since a
// name can be another site's that was pointed here (DNS rebinding). It is no check of who a program is: those can say anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "policy/cors.hpp"

namespace weir::policy {

/// By which names one address of weir may be called.
struct host_rules {
    std::vector<std::string> names;  ///< `hosts` of the conf: lower case, without port or brackets
    bool loopback_only = false;      ///< it listens on loopback: nothing but loopback names and `names` can be meant
};

/// `localhost`, a name below it, 127.0.0.0/8 or ::1, with or without a port. Also as `Host` and origins write it.
[[nodiscard]] bool is_loopback_host(std::string_view host);

/// Whether a request that says this `Host` may be answered. An empty one (HTTP/1.0) may.
[[nodiscard]] bool allows_host(const host_rules& rules, std::string_view host);

/// Why a request with this `Host` is refused (`host_not_allowed`), or no error.
[[nodiscard]] core::error check_host(const host_rules& rules, std::string_view host);

/// Why a page of this origin may not send requests (`origin_not_allowed`), or no error: it is named in `cors` (null: none is), it is weir's own by
/// a name that nobody else can have, or no page of the web can have it. `host` is the request's.
[[nodiscard]] core::error check_page(const host_rules& rules, const cors_settings* cors, std::string_view origin, std::string_view host);

}  // namespace weir::policy
