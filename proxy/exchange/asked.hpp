// What a client asks for, from its head and body: for which endpoint, who it is, by which route, how it must be answered. It holds for the whole
// request, whatever upstreams say.
#pragma once

#include <cstdint>

#include "core/access.hpp"
#include "core/rare_text.hpp"
#include "dialect/endpoint.hpp"
#include "dialect/request.hpp"
#include "policy/keys/key.hpp"
#include "policy/made_names.hpp"
#include "policy/model_habits.hpp"
#include "policy/route_table.hpp"

namespace weir::exchange {

struct asked {
    enum class kind : std::uint8_t {
        request,
        tunnel,      ///< a WebSocket upgrade on an endpoint that has one
        about_weir,  ///< OPTIONS that weir answers itself: `*`, or one that may go no further
        preflight,   ///< a browser asks whether a page may send a request
        front_page,  ///< a person opened the listener by hand
    };
    enum class verb : std::uint8_t {
        reads,  ///< GET, OPTIONS: it changes nothing at the upstream
        head,   ///< likewise, and the answer has no body
        posts,  ///< its answer may cost something
        other,
    };

    [[nodiscard]] bool tunnel() const { return is == kind::tunnel; }
    /// Of weir, and not of any provider.
    [[nodiscard]] bool about_weir() const { return is == kind::about_weir || is == kind::preflight || is == kind::front_page; }
    [[nodiscard]] bool posted() const { return method == verb::posts; }
    [[nodiscard]] bool to_head() const { return method == verb::head; }
    [[nodiscard]] bool reads_only() const { return method == verb::reads || method == verb::head; }

    dialect::target target;
    dialect::request_facts facts;
    core::rare_text path;         ///< what the log says of an endpoint that weir does not know
    core::rare_text path_model;   ///< the model that the path or query names
    core::rare_text cors_fields;  ///< whole lines for the answer; empty where weir says nothing about origins
    policy::made_names names;     ///< of models, as patterns of the conf make them of the asked one
    const policy::route* route = nullptr;
    const policy::key* caller = nullptr;
    policy::model_habits* habits = nullptr;     ///< what was learned of the asked model; null: none was named
    core::access wants = core::access::unread;  ///< of the account; known where there is a caller
    kind is = kind::request;
    verb method = verb::other;
    bool understood = false;  ///< an endpoint whose answers dialect/ reads
    bool turned = false;      ///< at the pool at hand: the form that was assumed there was not, and the other is asked for
};

}  // namespace weir::exchange
