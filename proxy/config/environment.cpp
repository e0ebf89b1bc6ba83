// The process's own variables, read when they are asked for.
#include "config/environment.hpp"

#include <cstdlib>

namespace weir::config {

environment process_environment() {
    return [](std::string_view name) -> std::optional<std::string> {
        const char* const value = std::getenv(std::string{name}.c_str());
        if (value == nullptr) return std::nullopt;
        return std::string{value};
    };
}

}  // namespace weir::config
