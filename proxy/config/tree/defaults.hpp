// `defaults`: what all pools, upstreams or keys say unless they say otherwise.
#pragma once

#include "config/document.hpp"

namespace weir::config {

/// Lays the maps below `defaults` under each pool, each upstream and each key of the conf at `root`: maps key by key, single values and lists
/// only where there are none. What has another form than it should is left for the reader to complain of.
void apply_defaults(document& tree, node_index root);

}  // namespace weir::config
