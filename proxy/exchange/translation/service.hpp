// How a pool serves a request: as it came, as something else that means the same, or not at all. The server and `weir explain` decide here.
#pragma once

#include <cstdint>
#include <string>

#include "config/conf.hpp"
#include "dialect/hub/capabilities.hpp"
#include "dialect/hub/spokes.hpp"
#include "exchange/asked.hpp"

namespace weir::exchange {

struct service {
    enum class as : std::uint8_t { native, translated, refused };
    enum class matter : std::uint8_t { conversation, embeddings };
    as is = as::native;
    matter about = matter::conversation;                   ///< of embeddings `chat` stands for OpenAI's dialect
    dialect::hub::spoke from = dialect::hub::spoke::chat;  ///< of a translation: what the client speaks
    dialect::hub::spoke to = dialect::hub::spoke::chat;    ///< likewise: what is spoken there
};

/// The usual case: the pool's own dialect, all of it. Nothing has to be looked up.
[[nodiscard]] inline bool is_at_home(const config::pool_conf& pool, const asked& what) {
    return pool.speaks.empty() && what.target.dialect == pool.dialect;
}

/// `model`: as it is asked for there.
[[nodiscard]] service service_of(const config::pool_conf& pool, const asked& what, std::string_view model, const config::conf& by);

/// Whether the pool is said to have this endpoint.
[[nodiscard]] bool has_endpoint(const config::pool_conf& pool, dialect::endpoint e);

/// What is known of it.
[[nodiscard]] dialect::hub::capabilities capabilities_of(std::string_view model, const config::conf& by);

/// Why it cannot be served there.
[[nodiscard]] core::error not_served(const config::pool_conf& pool, const asked& what);

}  // namespace weir::exchange
