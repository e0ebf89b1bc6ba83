// Errors that weir itself makes, in the shape the client's SDK understands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

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

/// The answer to GET /v1/models (list) in the dialect's list shape, and to GET /v1/models/{id}.
[[nodiscard]] std::string write_models(kind k, const std::vector<std::string>& models);
[[nodiscard]] std::string write_model(kind k, std::string_view model);

}  // namespace weir::dialect
