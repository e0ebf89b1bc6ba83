// OpenSSL set-up shared by the mock (server) and the load client. No handshakes here.
#include "tls.hpp"

#include <openssl/err.h>

#include "net.hpp"

namespace weir::bench {
namespace {

SSL_CTX* context(const SSL_METHOD* method) {
    SSL_CTX* made = SSL_CTX_new(method);
    if (made == nullptr) die("SSL_CTX_new");
    SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
    SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(made, SSL_OP_IGNORE_UNEXPECTED_EOF);
    return made;
}

}  // namespace

SSL_CTX* server_tls(const std::string& certificate, const std::string& private_key) {
    SSL_CTX* made = context(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(made, certificate.c_str()) != 1) die("cannot read " + certificate);
    if (SSL_CTX_use_PrivateKey_file(made, private_key.c_str(), SSL_FILETYPE_PEM) != 1) die("cannot read " + private_key);
    return made;
}

SSL_CTX* client_tls(int (*on_session)(SSL*, SSL_SESSION*)) {
    SSL_CTX* made = context(TLS_client_method());
    SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    if (on_session != nullptr) SSL_CTX_sess_set_new_cb(made, on_session);
    return made;
}

}  // namespace weir::bench
