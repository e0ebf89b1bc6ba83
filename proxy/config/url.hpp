// The URLs of a conf: an upstream's base URL, a shared store's. It opens nothing.
#pragma once

#include <string>
#include <string_view>

#include "config/units.hpp"
#include "fleet/settings.hpp"

namespace weir::config {

struct base_url {
    std::string url;     ///< without trailing slashes
    std::string scheme;  ///< http | https
    std::string host;    ///< without brackets, lower case
    std::string port;
    std::string base_path;  ///< "/v1" or ""
    bool port_is_default = true;
};

/// What SDKs call a base URL: no userinfo, query or fragment, and not the URL of one endpoint. Problems never quote the
/// text, and suggestions leave userinfo and query out: both may hold secrets.
[[nodiscard]] parsed<base_url> parse_base_url(std::string_view text);

/// `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`, the same with `rediss://` for TLS, or `unix:///PATH`. User and password are
/// percent-decoded. Problems never quote the text: it may hold a password.
[[nodiscard]] parsed<fleet::store_address> parse_shared_url(std::string_view text);

}  // namespace weir::config
