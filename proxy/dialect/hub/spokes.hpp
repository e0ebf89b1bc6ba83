// The main endpoints as spokes of the hub: which endpoint is which, what it is called, and where it is asked.
#pragma once

#include <optional>
#include <string_view>

#include "dialect/endpoint.hpp"
#include "dialect/hub/fields.hpp"

namespace weir::dialect::hub {

/// `chat`, `responses`, `messages`, `gemini`, `completions`.
[[nodiscard]] std::string_view name_of(spoke s);
[[nodiscard]] std::optional<spoke> spoke_named(std::string_view name);

/// The member of its requests that holds the conversation.
[[nodiscard]] std::string_view name_of_turns(spoke s);

/// None: the endpoint's requests are not translated.
[[nodiscard]] std::optional<spoke> spoke_of(endpoint e);

[[nodiscard]] endpoint endpoint_of(spoke s, bool stream);
[[nodiscard]] kind kind_of(spoke s);

/// What a request to it asks for. `model` stands in Gemini's path.
[[nodiscard]] target target_of(spoke s, bool stream, std::string_view model);

/// Likewise, for embeddings: `chat` stands for OpenAI's dialect, and Gemini is asked for a batch.
[[nodiscard]] target embeddings_target_of(spoke s, std::string_view model);

}  // namespace weir::dialect::hub
