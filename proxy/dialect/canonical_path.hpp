// From a path as it was written to the one that was meant: slashes written twice, a version written twice or left out, a vendor's or another
// provider's prefix, a whole endpoint as the base URL. It refuses nothing and does not say what the path asks for (endpoint.cpp does).
#pragma once

#include <string>
#include <string_view>

namespace weir::dialect {

/// A path taken apart, and what was wrong with how it was written. The views look into static storage.
struct canonical_path {
    std::string version;        ///< "v1", "v1beta" or none
    std::string suffix;         ///< the rest with its leading slash
    std::string_view fix;       ///< what the client should change; empty: nothing
    std::string_view meant;     ///< of a path that is not served: the endpoint that its last words name
    bool known_prefix = false;  ///< it stands under a version, or is an endpoint that lacks one
    bool slash_at_end = false;  ///< one was there, and is not part of `suffix`
};

/// `path`: as received, without the query. It has been checked: no escape in it stands for a character that needs none, no segment is a dot.
[[nodiscard]] canonical_path canonical_path_of(std::string_view path);

}  // namespace weir::dialect
