#include "dialect/endpoint_table.hpp"

#include <algorithm>

namespace weir::dialect {

bool starts_as_path(std::string_view path, std::string_view with) {
    return path.starts_with(with) && (path.size() == with.size() || path[with.size()] == '/');
}

const endpoint_row* row_for(std::string_view suffix) {
    for (const endpoint_row& row : endpoint_rows) {
        if (suffix == row.path || (row.rest == below::family && starts_as_path(suffix, row.path))) return &row;
    }
    return nullptr;
}

const verb_row* verb_for(std::string_view name) {
    const auto* const found = std::find_if(gemini_verbs.begin(), gemini_verbs.end(), [&](const verb_row& row) { return row.name == name; });
    return found != gemini_verbs.end() ? found : nullptr;
}

std::optional<gemini_call> gemini_call_of(std::string_view suffix) {
    constexpr std::string_view models = "/models/";
    if (!suffix.starts_with(models)) return std::nullopt;
    const std::size_t colon = suffix.rfind(':');
    if (colon == std::string_view::npos || colon < models.size() || suffix.find('/', colon) != std::string_view::npos) return std::nullopt;
    const std::string_view verb = suffix.substr(colon + 1);
    return gemini_call{suffix.substr(models.size(), colon - models.size()), verb, verb_for(verb)};
}

}  // namespace weir::dialect
