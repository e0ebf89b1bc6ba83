// Where clients put their key, and where each dialect's upstream wants its own.
#pragma once

#include <string>
#include <string_view>

#include "dialect/kind.hpp"
#include "http/head.hpp"

namespace weir::dialect {

/// From Authorization: Bearer, x-api-key, api-key, x-goog-api-key, ?key= or, as browsers must do it on WebSockets, the subprotocol
/// `openai-insecure-api-key.KEY`: the first that is there; empty: none.
[[nodiscard]] std::string_view find_credential(const http::request_head& head);

/// What is wrong with how the key was written (in quotes, `Bearer` twice, …), for the message of a refusal; empty: nothing that can be seen.
[[nodiscard]] std::string_view credential_slip(const http::request_head& head);

/// Whether this field carries a credential of a client.
[[nodiscard]] bool is_credential(http::field_id id);

/// A list of WebSocket subprotocols without the one that is a key.
[[nodiscard]] std::string subprotocols_without_key(std::string_view list);

struct credential_field {
    std::string_view name;
    std::string_view prefix;  ///< before the key: "Bearer "
};
[[nodiscard]] credential_field upstream_credential(kind k);

}  // namespace weir::dialect
