// `${NAME}` and `${file:PATH}` inside a value. What it puts in is never quoted in a message.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/environment.hpp"

namespace weir::config {

/// Whether the text refers to something outside the file.
[[nodiscard]] bool has_reference(std::string_view text);

/// The files that `${file:PATH}` in the text names, absolute.
[[nodiscard]] std::vector<std::string> referred_files(std::string_view text, const std::filesystem::path& directory);

/// The text with every reference replaced by its trimmed content; `$${` is a literal `${`. Each reference that is
/// missing, empty or malformed is reported, and stands for nothing.
[[nodiscard]] std::string expand(std::string_view text, const environment& env, const std::filesystem::path& directory,
                                 const std::function<void(std::string)>& on_fault);

}  // namespace weir::config
