#include "net/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace weir::net {
namespace {

[[noreturn]] void fail(const std::string& what) {
    std::string reason;
    if (const auto e = ERR_peek_last_error(); e != 0) {
        const char* text = ERR_reason_error_string(e);
        if (text) reason = std::string{": "} + text;
    }
    ERR_clear_error();
    throw tls_error(what + reason);
}

int select_http11(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size, void*) {
    static constexpr unsigned char ours[] = "\x08http/1.1";
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, ours, sizeof ours - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

std::string contents_digest(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    return {reinterpret_cast<const char*>(digest), sizeof digest};
}

void set_common(SSL_CTX* c) {
    SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // One recv() takes all records that are there; the buffer is released again when it is empty.
    SSL_CTX_set_read_ahead(c, 1);
}

}  // namespace

void free_ssl_ctx::operator()(SSL_CTX* c) const { SSL_CTX_free(c); }
void free_ssl_session::operator()(SSL_SESSION* s) const { SSL_SESSION_free(s); }

ticket_keys random_ticket_keys() {
    ticket_keys keys{};
    if (RAND_bytes(keys.data(), static_cast<int>(keys.size())) != 1) fail("no random bytes for TLS ticket keys");
    return keys;
}

ssl_ctx make_server_context(const tls_server_settings& s, const ticket_keys& tickets, const std::string& identity) {
    ERR_clear_error();
    ssl_ctx c{SSL_CTX_new(TLS_server_method())};
    if (!c) fail("cannot make a TLS context");
    set_common(c.get());
    if (s.min_version == "1.3") SSL_CTX_set_min_proto_version(c.get(), TLS1_3_VERSION);
    if (SSL_CTX_use_certificate_chain_file(c.get(), s.certificate.c_str()) != 1) fail("cannot use the certificate " + s.certificate);
    if (SSL_CTX_use_PrivateKey_file(c.get(), s.private_key.c_str(), SSL_FILETYPE_PEM) != 1) fail("cannot use the key " + s.private_key);
    if (SSL_CTX_check_private_key(c.get()) != 1) fail("the key " + s.private_key + " does not belong to the certificate " + s.certificate);
    if (!s.client_ca.empty()) {
        if (SSL_CTX_load_verify_locations(c.get(), s.client_ca.c_str(), nullptr) != 1) fail("cannot use the client CA " + s.client_ca);
        SSL_CTX_set_client_CA_list(c.get(), SSL_load_client_CA_file(s.client_ca.c_str()));
        SSL_CTX_set_verify(c.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    // Stateless tickets only: the internal cache is one lock for all threads.
    SSL_CTX_set_session_cache_mode(c.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(c.get(), 1);
    auto keys = tickets;
    SSL_CTX_set_tlsext_ticket_keys(c.get(), keys.data(), static_cast<long>(keys.size()));
    const auto id = identity + "|" + s.certificate + "|" + s.client_ca + "|" + (s.client_ca.empty() ? "" : contents_digest(s.client_ca));
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(id.data()), id.size(), digest);
    SSL_CTX_set_session_id_context(c.get(), digest, sizeof digest);
    SSL_CTX_set_options(c.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_alpn_select_cb(c.get(), select_http11, nullptr);
    return c;
}

ssl_ctx make_client_context(const tls_client_settings& s) {
    ERR_clear_error();
    ssl_ctx c{SSL_CTX_new(TLS_client_method())};
    if (!c) fail("cannot make a TLS context");
    set_common(c.get());
    if (s.verify) {
        SSL_CTX_set_verify(c.get(), SSL_VERIFY_PEER, nullptr);
        const bool loaded =
            s.ca.empty() ? SSL_CTX_set_default_verify_paths(c.get()) == 1 : SSL_CTX_load_verify_locations(c.get(), s.ca.c_str(), nullptr) == 1;
        if (!loaded) fail(s.ca.empty() ? "cannot load the system's trust store" : "cannot use the CA file " + s.ca);
    }
    static constexpr unsigned char protocols[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(c.get(), protocols, sizeof protocols - 1);
    // Sessions are taken with SSL_get1_session and kept by the worker's pool.
    SSL_CTX_set_session_cache_mode(c.get(), SSL_SESS_CACHE_OFF);
    return c;
}

std::string trust_of(const tls_client_settings& s) {
    if (!s.verify) return "anyone";
    if (!s.ca.empty()) return contents_digest(s.ca);
    // The system's store is large and changes by a package's update, which writes the file anew.
    const char* const named = std::getenv(X509_get_default_cert_file_env());
    const std::string path = named ? named : X509_get_default_cert_file();
    struct stat about{};
    if (::stat(path.c_str(), &about) != 0) return "the system";
    return "the system|" + std::to_string(about.st_size) + "|" + std::to_string(about.st_mtim.tv_sec) + "." + std::to_string(about.st_mtim.tv_nsec);
}

}  // namespace weir::net
