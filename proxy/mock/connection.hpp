// One client's connection to the mock provider, request after request: each is read, written down, and answered as its script wants it.
// What the answer is, mock/responder.hpp decides. Private to mock/.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "mock/asio_types.hpp"
#include "mock/books.hpp"
#include "mock/options.hpp"
#include "mock/responder.hpp"

namespace weir::mock {

/// What all connections of a provider share. Every thread may use it at once.
struct provider_state {
    explicit provider_state(options given) : settings(std::move(given)), books(settings.keep_calls), responder(settings) {}

    const options settings;
    mock::books books;
    mock::responder responder;
    std::atomic<std::uint64_t> open_connections{0};
};

/// Serves it on its socket's executor, until either side is done or the executor's context goes. `of` must outlive that. `tls`: null for a plain
/// one. `number`: requests on one connection share it.
void serve_connection(provider_state& of, tcp_socket&& socket, boost::asio::ssl::context* tls, std::uint64_t number);

}  // namespace weir::mock
