// How a mock provider is set up: where it listens, what it says by itself, and whom it believes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "mock/wire.hpp"

namespace weir::mock {

struct tls_options {
    std::string certificate;  ///< PEM text of the chain
    std::string private_key;  ///< PEM text
    std::string client_ca;    ///< PEM text; not empty: a client certificate is required
};

struct options {
    std::string name = "mock";            ///< for humans; also the response header `x-mock-name`
    std::string address = "127.0.0.1:0";  ///< HOST:PORT, [V6]:PORT
    std::optional<tls_options> tls = {};
    mock::timing timing = {};
    std::vector<std::string> models = {"gpt-4o", "gpt-4o-mini", "text-embedding-3-small"};
    std::string api_key = {};  ///< not empty: every other credential gets a 401
    /// Keeps files, batches and responses, refuses what is wrong with them, and speaks OpenAI's realtime events on
    /// WebSockets. false: hears whatever comes at these endpoints, and a WebSocket gives every byte back as it was.
    bool stateful = false;
    /// Refuses what the vendors refuse of a request, and thoughts that do not come back as they were given out, behind what stood before them
    /// (mock/strict/rules.hpp).
    bool strict = false;
    int threads = 1;
    std::size_t keep_calls = 100000;  ///< the oldest are forgotten beyond it
};

}  // namespace weir::mock
