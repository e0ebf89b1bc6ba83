// How a pool serves a request: as it came, as something else that means the same, or not at all. The server and `weir explain` decide here.
#pragma once

#include <cstdint>
#include <string>

#include "config/conf.hpp"
#include "dialect/hub/capabilities.hpp"
#include "dialect/hub/spokes.hpp"
#include "exchange/asked.hpp"
#include "exchange/place.hpp"

namespace weir::exchange {

struct service {
    enum class as : std::uint8_t { native, translated, refused };
    enum class matter : std::uint8_t { conversation, embeddings };
    as is = as::native;
    matter about = matter::conversation;                   ///< of embeddings `chat` stands for OpenAI's dialect
    dialect::hub::spoke from = dialect::hub::spoke::chat;  ///< of a translation: what the client speaks
    dialect::hub::spoke to = dialect::hub::spoke::chat;    ///< likewise: what is spoken there
    bool assumed = false;  ///< that it is spoken there was not said: where it is not, the other of chat and responses is asked for
    bool turned = false;   ///< it is the other
    bool home = false;     ///< the pool has the client's own endpoint too, but the model does there what is asked
};

/// The usual case: the pool's own dialect, all of it. Nothing has to be looked up, but for chat's requests that think with functions.
[[nodiscard]] inline bool is_at_home(const config::pool_conf& pool, const asked& what) {
    return pool.speaks.empty() && what.target.dialect == pool.dialect;
}

/// `facts`: of the body as it would be sent there.
[[nodiscard]] service service_of(const place& to, const asked& what, const dialect::request_facts& facts, const config::conf& by);

/// Whether the pool is said to have this endpoint.
[[nodiscard]] bool has_endpoint(const config::pool_conf& pool, dialect::endpoint e);

/// What is known of it.
[[nodiscard]] dialect::hub::capabilities capabilities_of(std::string_view model, const config::conf& by);

/// Why it cannot be served there.
[[nodiscard]] core::error not_served(const config::pool_conf& pool, const asked& what);

}  // namespace weir::exchange
