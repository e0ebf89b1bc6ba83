// The admin API: which path and method does what, and who may. It knows no socket (admin_server.hpp does) and carries nothing out
// itself (operations.hpp does).
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "admin/operations.hpp"
#include "core/secret.hpp"

namespace weir::admin {

struct admin_request {
    std::string_view method, path, query, body;
    std::string_view authorization, origin, host;  ///< these headers; empty: absent
};

struct admin_reply {
    int status = 200;
    std::string_view type = "application/json";
    std::string body = {};
    std::string_view allow = {};  ///< of a 405
    bool events = false;          ///< go on with an SSE stream of the live view
};

class admin_api {
public:
    struct settings {
        core::secret token;  ///< empty: none
        bool local = true;   ///< the admin address can be reached from this machine only
        /// Whether the admin address may be called by this `Host`. Empty: by any.
        std::function<bool(std::string_view host)> knows_host = {};
        /// Reads the conf; what is wrong with it, one fault a line. Empty: a reload is under way.
        std::function<std::string()> reload;
    };
    admin_api(operations& what, settings how) : operations_(what), how_(std::move(how)) {}

    /// Whether a request with this `Host` is answered: on loopback another name could be another site's that was pointed here.
    [[nodiscard]] bool knows_host(std::string_view host) const { return !how_.knows_host || how_.knows_host(host); }

    /// Another token, as of the next request; empty: none. Any thread.
    void use_token(core::secret token);

    /// Everything below /api/.
    [[nodiscard]] admin_reply answer(const admin_request& request);

private:
    [[nodiscard]] std::string refusal(const admin_request& request, bool changes, bool sensitive, int& status) const;
    [[nodiscard]] admin_reply upstream_action(const std::vector<std::string>& parts, const admin_request& request);
    [[nodiscard]] admin_reply spend(const admin_request& request);

    operations& operations_;
    settings how_;
    mutable std::mutex token_lock_;  ///< guards how_.token
};

/// Whether it is an IP address of this machine alone.
[[nodiscard]] bool is_loopback(std::string_view address);
/// Whether only this machine can reach the address: loopback, or a unix socket.
[[nodiscard]] bool is_local_address(std::string_view address);

/// The body of /api/openapi.json.
[[nodiscard]] std::string_view openapi_document();

}  // namespace weir::admin
