// A request that weir asks an upstream on its own account, with the upstream's credential and headers.
// It decides nothing about what to ask and sends nothing.
#pragma once

#include <string>
#include <string_view>

#include "pools/snapshot.hpp"
#include "wire/one_call.hpp"

namespace weir::probe {

struct probe_question {
    std::string_view method = "GET";  ///< static text
    std::string path;                 ///< complete, as the upstream is to see it
    std::string query;                ///< without '?'
    std::string_view purpose;         ///< behind the version in User-Agent: "health-check"
    std::string_view body;            ///< JSON; empty: none
};

/// It carries the credential.
[[nodiscard]] wire::call_request write_probe(const pools::pool_runtime& pool, const pools::upstream_runtime& up, const probe_question& what);

/// Where the dialect has an endpoint (`/models`) under a base path.
[[nodiscard]] std::string endpoint_path(dialect::kind k, std::string_view base_path, std::string_view endpoint);

/// What makes a list of models whole: some dialects list a page of 20 to 50 otherwise.
[[nodiscard]] std::string model_list_query(dialect::kind k);

}  // namespace weir::probe
