// The dialects' collectors: one class and one file each. Private to dialect/.
#pragma once

#include <memory>

#include "dialect/collect/collector.hpp"

namespace weir::dialect {

std::unique_ptr<collector> collect_openai_chat(std::size_t limit);  // chat and completions
std::unique_ptr<collector> collect_openai_responses(std::size_t limit);
std::unique_ptr<collector> collect_anthropic(std::size_t limit);
std::unique_ptr<collector> collect_gemini(std::size_t limit);

}  // namespace weir::dialect
