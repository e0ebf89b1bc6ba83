#include "telemetry/otlp_attributes.hpp"

#include "core/version.hpp"

namespace weir::telemetry {

std::string export_envelope(const envelope_names& names, std::string_view items, const otlp_resource& resource) {
    std::string out = "{\"";
    out.append(names.of_resources).append("\":[{\"resource\":{");
    attributes of(out);
    for (const auto& [key, value] : resource) of.text(key, value);
    of.end();
    out.append("},\"").append(names.of_scopes).append("\":[{\"scope\":{\"name\":\"weir\",\"version\":");
    append_json_string(out, core::version);
    out.append("},\"").append(names.items).append("\":[").append(items).append("]}]}]}");
    return out;
}

}  // namespace weir::telemetry
