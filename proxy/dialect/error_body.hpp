// Errors that weir itself makes, in the shape the client's SDK understands.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"
#include "dialect/endpoint.hpp"

namespace weir::dialect {

/// The JSON body for `why`. openai: {"error":{"message","type","param":null,"code"}}; anthropic:
/// {"type":"error","error":{"type","message","code"},"request_id"}; gemini:
/// {"error":{"code":STATUS,"message","status","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":CODE,"domain":"weir"}]}}.
[[nodiscard]] std::string write_error(kind k, const core::error& why, std::string_view request_id);

/// The dialect's in-band error event, with its blank line, for a stream that was committed and broke; empty where the
/// dialect has none (gemini) or the endpoint is not understood.
[[nodiscard]] std::string write_error_event(endpoint e, const core::error& why, std::string_view request_id);

/// The same as a server's message on the WebSocket of `e` (realtime, responses): {"type":"error","error":{"type","code","message",...}}, with the
/// status beside it where /v1/responses has one.
[[nodiscard]] std::string write_websocket_error(endpoint e, const core::error& why);

}  // namespace weir::dialect
