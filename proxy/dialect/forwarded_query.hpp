// Which parameters of a request's query go on to an upstream: not the key that was meant for weir, and not what trackers add to copied links.
// The rest keeps its bytes and its order.
#pragma once

#include <string>
#include <string_view>

namespace weir::dialect {

struct query_filter {
    bool drop_keys = false;        ///< the client's credential ends here, however its parameter is written
    std::string_view secret = {};  ///< ... and whatever else repeats it
    bool to_stream = false;        ///< Gemini's form of answer is chosen here: `alt=sse`
};

/// Appends what goes on, with a `?` before the first parameter; nothing where none is left.
void append_forwarded_query(std::string& out, std::string_view query, const query_filter& how);

/// utm_*, fbclid, gclid and their like. `parameter`: `name=value`.
[[nodiscard]] bool is_tracker(std::string_view parameter);

/// Whether the parameter's name means a credential, whatever its case, escapes, dashes and underscores: key, api_key, x-api-key, access_token, …
[[nodiscard]] bool is_key_parameter(std::string_view parameter);

}  // namespace weir::dialect
