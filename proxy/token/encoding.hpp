// Which of OpenAI's encodings a model uses. Does not count.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::token {

enum class encoding : std::uint8_t { cl100k, o200k, o200k_harmony };

// As tiktoken names it: "cl100k_base", "o200k_base", "o200k_harmony".
[[nodiscard]] std::string_view name(encoding which);

struct choice {
    encoding enc;
    bool exact;  // false: the model's own encoding is not public (or not carried); `enc` is the nearest
};

// The encoding of a model by its name, after tiktoken's model map. A provider's prefix ("openai/gpt-4o") is looked
// through. Never fails: an unknown model gets o200k, not exact.
[[nodiscard]] choice encoding_for(std::string_view model);

}  // namespace weir::token
