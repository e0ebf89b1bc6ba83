// `weir check --dump`: the conf that holds, with where each value comes from.
#pragma once

#include <string>

#include "config/environment.hpp"
#include "config/tree/conf_tree.hpp"

namespace weir::config {

/// YAML, one value a line. Behind each stands where it was said (`# FILE:LINE`, and the reference that it came by), or `# default`.
/// Secrets are masked.
[[nodiscard]] std::string dump_conf(const conf_tree& from, const environment& env);

}  // namespace weir::config
