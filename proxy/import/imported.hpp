// Confs of other programs as weir's: text in, text out. Nothing is opened, and no secret is copied.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::import {

/// What came of a file. Either is empty.
struct imported {
    std::string conf;
    std::string problem;  ///< why it is no such thing, behind `FILE:LINE:COLUMN: `
};

/// Larger files are hardly meant.
constexpr std::size_t largest_source = 16u << 20;

/// The config.yaml of a LiteLLM proxy; `name`: what the file is called in comments and problems.
[[nodiscard]] imported from_litellm(std::string_view text, const std::string& name);

/// Channels of New API or one-api, as their API and their table have them: JSON.
[[nodiscard]] imported from_new_api(std::string_view text, const std::string& name);

}  // namespace weir::import
