// Reads what models accept (conf/models.yaml, and a file that a conf lays over it).
#pragma once

#include <string>
#include <vector>

#include "config/cursor.hpp"
#include "dialect/hub/capabilities.hpp"

namespace weir::config {

[[nodiscard]] std::vector<dialect::hub::capability_entry> read_capabilities(const value& root);

/// The text of conf/models.yaml, as it was when this program was built.
[[nodiscard]] std::string_view shipped_models_text();

}  // namespace weir::config
