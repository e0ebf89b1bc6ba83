#include "core/error.hpp"

namespace weir::core {
namespace {

struct row {
    std::string_view name;
    int status;
};

// No default label: a new code without a name and a status is a compiler warning, and warnings are errors.
constexpr row row_of(code what) {
    switch (what) {
        case code::none: return {"", 200};
        case code::bad_request: return {"bad_request", 400};
        case code::wrong_schema: return {"wrong_schema", 400};
        case code::cannot_translate: return {"cannot_translate", 400};
        case code::previous_response_not_found: return {"previous_response_not_found", 400};
        case code::invalid_key: return {"invalid_key", 401};
        case code::model_not_allowed: return {"model_not_allowed", 403};
        case code::address_not_allowed: return {"address_not_allowed", 403};
        case code::origin_not_allowed: return {"origin_not_allowed", 403};
        case code::host_not_allowed: return {"host_not_allowed", 403};
        case code::key_expired: return {"key_expired", 403};
        case code::endpoint_not_allowed: return {"endpoint_not_allowed", 403};
        case code::model_not_priced: return {"model_not_priced", 403};
        case code::unknown_endpoint: return {"unknown_endpoint", 404};
        case code::model_not_found: return {"model_not_found", 404};
        case code::object_not_found: return {"not_found", 404};
        case code::method_not_allowed: return {"method_not_allowed", 405};
        case code::unsupported_encoding: return {"unsupported_encoding", 415};
        case code::client_timeout: return {"client_timeout", 408};
        case code::body_too_large: return {"body_too_large", 413};
        case code::uri_too_long: return {"uri_too_long", 414};
        case code::length_required: return {"length_required", 411};
        case code::expectation_failed: return {"expectation_failed", 417};
        case code::upgrade_not_served: return {"upgrade_not_served", 426};
        case code::upgrade_not_translated: return {"cannot_translate", 426};  // clients fall back on that status alone
        case code::head_too_large: return {"head_too_large", 431};
        case code::rate_limited: return {"rate_limited", 429};
        case code::budget_exceeded: return {"budget_exceeded", 429};
        case code::client_closed: return {"client_closed", 499};
        case code::not_implemented: return {"not_implemented", 501};
        case code::upstream_unreachable: return {"upstream_unreachable", 502};
        case code::upstream_invalid_response: return {"upstream_invalid_response", 502};
        case code::no_healthy_upstream: return {"no_healthy_upstream", 503};
        case code::overloaded: return {"overloaded", 503};
        case code::draining: return {"draining", 503};
        case code::upstream_timeout: return {"upstream_timeout", 504};
        case code::ended_by_operator: return {"ended_by_operator", 503};
        case code::shutdown: return {"shutdown", 503};
        case code::stream_interrupted: return {"stream_interrupted", 502};
        case code::internal: return {"internal", 500};
    }
    return {"internal", 500};
}

}  // namespace

std::string_view name_of(code what) { return row_of(what).name; }
int status_of(code what) { return row_of(what).status; }

bool is_final(code what) {
    if (what == code::budget_exceeded) return true;
    switch (status_of(what)) {
        case 400:
        case 401:
        case 403:
        case 404:
        case 405:
        case 413:
        case 415:
        case 422:
        case 431: return true;
        default: return false;
    }
}

}  // namespace weir::core
