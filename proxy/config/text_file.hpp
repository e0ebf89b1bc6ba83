// Reads small files whole, and looks at raw text for what a YAML reader would let through.
// It does not interpret what is in them.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "config/fault.hpp"

namespace weir::config {

constexpr std::size_t largest_conf = 8u << 20;
constexpr std::size_t largest_included = 1u << 20;  ///< `${file:…}`, certificates, keys

struct file_text {
    std::optional<std::string> text;
    std::string problem = {};  ///< why there is none: "cannot be opened (No such file or directory)"
};

/// The content of a regular file, or also of a pipe when `streams` is true. Never more than `limit` bytes.
[[nodiscard]] file_text read_file(const std::string& path, std::size_t limit, bool streams = false);

/// Invalid UTF-8, control characters and tabs in the indentation, each with its place. True when a YAML reader may
/// look at the text.
bool check_text(std::string_view text, const std::function<void(position, std::string)>& on_fault);

}  // namespace weir::config
