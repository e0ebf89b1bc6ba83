// What a person sees who opens a listener by hand, in a browser or with curl: what this is, and where to go. It names no model, pool or key, and
// fetches nothing.
#pragma once

#include <string>
#include <string_view>

namespace weir::exchange {

/// GET and HEAD of these are weir's own, and need no key: `/`, `/v1` and a browser's `/favicon.ico`.
[[nodiscard]] bool is_front_page(std::string_view method, std::string_view path);

struct front_page {
    int status = 200;
    std::string body;
    std::string_view type;
};

/// `accept`: the request's; `origin`: where the client reached weir.
[[nodiscard]] front_page front_page_at(std::string_view path, std::string_view accept, std::string_view origin);

}  // namespace weir::exchange
