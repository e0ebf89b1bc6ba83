// TLS settings made into OpenSSL contexts, once per conf: listeners (certificate, resumption, client certificates) and upstreams (trust).
// It makes no connection.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>

#include "net/settings.hpp"

namespace weir::net {

struct free_ssl_ctx {
    void operator()(SSL_CTX* c) const;
};
struct free_ssl_session {
    void operator()(SSL_SESSION* s) const;
};
using ssl_ctx = std::unique_ptr<SSL_CTX, free_ssl_ctx>;
using ssl_session = std::unique_ptr<SSL_SESSION, free_ssl_session>;

/// Keys of stateless tickets, shared by all workers so that a client resumes on any of them.
using ticket_keys = std::array<unsigned char, 80>;
[[nodiscard]] ticket_keys random_ticket_keys();

struct tls_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Throws tls_error with the file and OpenSSL's reason. `identity` binds resumed sessions to one listener and its client-certificate rule
/// (CVE-2025-23419), which is what its client CA file says now: a session does not outlive a CA that is no longer in there.
[[nodiscard]] ssl_ctx make_server_context(const tls_server_settings& s, const ticket_keys& tickets, const std::string& identity);
[[nodiscard]] ssl_ctx make_client_context(const tls_client_settings& s);
/// Whom these settings trust, as their files stand now: equal texts, equal trust. Not for people.
[[nodiscard]] std::string trust_of(const tls_client_settings& s);

}  // namespace weir::net
