// What OpenAI refuses in both of its dialects. Private to mock/.
#pragma once

#include <string>
#include <string_view>

#include "mock/request_body.hpp"

namespace weir::mock::strict {

/// OpenAI's own, and not a model that others serve in its dialect.
[[nodiscard]] bool is_openai(std::string_view model);
/// Sampling that its models take, with this effort or none.
void check_openai_sampling(const json::value& body, std::string_view model, std::string_view effort);
void check_effort(const std::string& effort, std::string_view model, const std::string& path);
/// A format's name and schema.
void check_openai_schema(const json::value& of, const std::string& path);
/// A function's name and what it takes.
void check_function(const json::value& of, const std::string& path);
void check_image(const std::string& url, const std::string& path);

}  // namespace weir::mock::strict
