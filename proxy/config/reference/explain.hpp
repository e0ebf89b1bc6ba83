// The conf explained by its own tables: as Markdown for people, as a JSON Schema for editors.
#pragma once

#include <string>

namespace weir::config {

/// Every key of a conf, a price file and a file of models: what it takes, its default, what it does, an example. Markdown.
[[nodiscard]] std::string conf_reference();

/// A JSON Schema (2020-12, in the subset that editors of draft-07 read too) of a conf.
[[nodiscard]] std::string conf_schema();

}  // namespace weir::config
