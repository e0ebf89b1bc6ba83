// The providers that LiteLLM knows by the word before the first `/` of a model, as far as weir can reach them.
#pragma once

#include <string_view>

namespace weir::import {

struct provider {
    std::string_view word;
    std::string_view dialect = "openai";
    std::string_view url = {};       ///< where nothing else is said; empty: it has to be said
    std::string_view variable = {};  ///< LiteLLM takes the key from there; empty: none is needed
    std::string_view behind = {};    ///< what comes behind an api_base that lacks it
    bool asks_usage = true;          ///< it takes stream_options
    std::string_view why_not = {};   ///< it cannot be reached: why, and what else would do
};

/// Null: unknown.
[[nodiscard]] const provider* find_provider(std::string_view word);

/// Whose a model is whose name has no such word in front; empty: nobody knows.
[[nodiscard]] std::string_view provider_of_bare(std::string_view model);

}  // namespace weir::import
