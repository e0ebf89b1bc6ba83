// Errors of providers, in the words of the client's dialect.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dialect/hub/fields.hpp"
#include "dialect/json/json_index.hpp"

namespace weir::dialect::hub {

struct provider_error {
    int status = 500;
    std::string_view code;     ///< the provider's own; may be empty
    std::string_view message;  ///< likewise
    std::int64_t pause = 0;    ///< seconds until it is worth asking again; 0: nobody said
};

struct told_error {
    int status;
    std::string body;  ///< JSON
};

/// What a client of `to` is told. That a prompt is too long is said in the dialect's own words, by which clients know it.
[[nodiscard]] told_error tell_error(spoke to, const provider_error& what, std::string_view request_id);

/// How many seconds an error of Gemini's says to wait (`RetryInfo`), rounded up; 0: none.
[[nodiscard]] std::int64_t pause_in(json::cursor error_body);

/// The status that stands for the same in a client's dialect: Anthropic alone calls an overload 529.
[[nodiscard]] int status_for(spoke to, int status);

}  // namespace weir::dialect::hub
