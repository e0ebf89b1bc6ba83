// What OpenTelemetry's conventions for generative AI call things: operations, providers, kinds of errors, for metrics and spans.
// https://opentelemetry.io/docs/specs/semconv/gen-ai/ (status: development). It holds no values.
#pragma once

#include <string_view>

#include "record/request_record.hpp"

namespace weir::telemetry {

/// gen_ai.operation.name of an endpoint's label; empty: the conventions have no word for it.
[[nodiscard]] std::string_view gen_ai_operation(std::string_view endpoint);

/// gen_ai.provider.name: whose wire format the endpoint has, which is what the conventions ask for behind a proxy.
[[nodiscard]] std::string_view gen_ai_provider(std::string_view endpoint);

/// error.type of a finished request; empty: it went well. `scratch`: 12 characters that a status is written to.
[[nodiscard]] std::string_view gen_ai_error(const record::request_record& what, char* scratch);

}  // namespace weir::telemetry
