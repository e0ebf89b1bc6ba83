// TLS contexts of the bench tools. The client verifies nothing: the peer is a process of the same run.
#pragma once

#include <openssl/ssl.h>

#include <string>

namespace weir::bench {

/// Dies when the files cannot be read.
[[nodiscard]] SSL_CTX* server_tls(const std::string& certificate, const std::string& private_key);

/// `on_session` receives each new session of a connection (and owns the reference when it returns 1);
/// null: sessions are never kept.
[[nodiscard]] SSL_CTX* client_tls(int (*on_session)(SSL*, SSL_SESSION*));

}  // namespace weir::bench
