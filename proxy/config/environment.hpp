// Where `${NAME}` comes from. Not where `${file:PATH}` does (text_file.hpp).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace weir::config {

using environment = std::function<std::optional<std::string>(std::string_view)>;

/// What becomes of `${NAME}` where nothing says what it is.
enum class missing_variables {
    are_faults,
    are_placeholders,  ///< for who needs no secret of the conf: each is the word `missing`
};

/// getenv of this process.
[[nodiscard]] environment process_environment();

}  // namespace weir::config
