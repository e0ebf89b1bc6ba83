// A request as spans, in the JSON encoding of OTLP (https://opentelemetry.io/docs/specs/otlp/): one for the request, one below it for each
// attempt. Attributes are named after OpenTelemetry's conventions for HTTP and generative AI; what they have no word for begins with `weir.`.
// Never a prompt, an answer or a credential: it sees records only.
#pragma once

#include <string>
#include <string_view>

#include "telemetry/otlp_attributes.hpp"
#include "telemetry/trace_notes.hpp"

namespace weir::telemetry {

/// Appends the spans, separated by commas and without a newline; returns how many.
int append_spans(std::string& out, const record::request_record& what, const trace_notes& notes, kept why);

/// The body of an export request around `spans`; `resource`: names and values of the resource's attributes.
[[nodiscard]] std::string export_request(std::string_view spans, const otlp_resource& resource);

}  // namespace weir::telemetry
