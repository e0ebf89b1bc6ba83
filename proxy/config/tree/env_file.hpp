// A file of variables beside a conf (weir.env): what `${NAME}` may stand for beside the environment.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/environment.hpp"
#include "config/fault.hpp"
#include "core/secret.hpp"

namespace weir::config {

using variables = std::map<std::string, core::secret, std::less<>>;

/// Lines of `NAME=value`, with `export` before them or not; `#` begins a comment, at the start of a line or behind a blank. A value may stand
/// in single quotes, as it is, or in double quotes, where a backslash takes the next character as it is and `\n` is a line break.
/// The last line of a name counts. What is no such line is a fault at its place; no value is shown.
[[nodiscard]] variables parse_env_file(std::string_view text, const std::function<void(position, std::string)>& on_fault);

/// The variables beside a conf, as they stand in their file now.
struct env_file {
    std::string path;  ///< empty: there is none
    std::shared_ptr<const variables> values = std::make_shared<variables>();
    std::vector<fault> faults = {};

    [[nodiscard]] bool usable() const;
    /// The process's environment, and what it lacks from the file.
    [[nodiscard]] environment environment_or(missing_variables missing) const;
};

/// Reads the file that was named, else weir.env in `beside` where there is one.
[[nodiscard]] env_file read_env_file(const std::string& named, const std::filesystem::path& beside);

}  // namespace weir::config
