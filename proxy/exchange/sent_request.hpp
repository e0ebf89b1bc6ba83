// What a candidate of a route gets of a request: its path, which values of the body change, and what is said when another dialect is spoken there.
// The server and `weir explain` decide here, so that they cannot differ. It sends nothing.
#pragma once

#include <string>
#include <string_view>

#include "config/conf.hpp"
#include "core/error.hpp"
#include "dialect/endpoint.hpp"
#include "dialect/request.hpp"
#include "policy/route_table.hpp"

namespace weir::exchange {

/// The model that the path names wins, and the body may not name another; `path_model` empty: it names none.
[[nodiscard]] core::error agree_on_model(std::string_view path_model, dialect::request_facts& facts);

/// Why no route takes the request, with names that are near.
[[nodiscard]] core::error no_route(const policy::route_table& routes, std::string_view model);

/// Whether a unary request is asked for as a stream in this pool.
[[nodiscard]] bool is_collected(const config::pool_conf& pool, const dialect::target& target, const dialect::request_facts& facts);

/// What of the body must change for `model` (as the candidate has it); `max_output`: the key's limit, 0: none.
[[nodiscard]] dialect::wishes wishes_for(const config::pool_conf& pool, const dialect::request_facts& facts, std::string_view model, bool collected,
                                         std::int64_t max_output);

/// Where it is sent; `renamed`: the model that the path must name instead of the one it names, empty: none.
[[nodiscard]] std::string path_sent(const config::pool_conf& pool, const config::upstream_conf& to, const dialect::target& target,
                                    std::string_view renamed, bool collected);

/// The endpoint belongs to a dialect that the pool is not said to speak. The request is sent all the same, since some providers serve several.
[[nodiscard]] bool is_foreign(const config::pool_conf& pool, const dialect::target& target);

/// What a client is told when an upstream of such a pool does not know the endpoint.
[[nodiscard]] std::string foreign_hint(const config::pool_conf& pool, const dialect::target& target);

}  // namespace weir::exchange
