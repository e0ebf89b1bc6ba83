#include "net/tls_layer.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "net/address.hpp"

namespace weir::net {
namespace {

// The BIO between OpenSSL and the descriptor. OpenSSL's own socket BIO would call recv() once more after each short read just to hear EAGAIN.
struct channel_bio {
    static channel& under(BIO* b) { return *static_cast<channel*>(BIO_get_data(b)); }

    static int read(BIO* b, char* to, int size) {
        BIO_clear_retry_flags(b);
        if (size <= 0) return 0;
        const auto r = receive(under(b), to, static_cast<std::size_t>(size));
        if (r.what == io::ok) return static_cast<int>(r.bytes);
        if (r.what == io::again) BIO_set_retry_read(b);
        return r.what == io::eof ? 0 : -1;
    }
    static int write(BIO* b, const char* from, int size) {
        BIO_clear_retry_flags(b);
        if (size <= 0) return 0;
        const iovec piece{const_cast<char*>(from), static_cast<std::size_t>(size)};
        const auto r = send_pieces(under(b), &piece, 1);
        if (r.what == io::ok) return static_cast<int>(r.bytes);
        if (r.what == io::again) BIO_set_retry_write(b);
        return -1;
    }
    static long control(BIO* b, int command, long, void*) {
        if (command == BIO_CTRL_FLUSH) return 1;
        if (command == BIO_CTRL_EOF) return (under(b).flags & at_end) ? 1 : 0;
        return 0;
    }
    static int create(BIO* b) {
        BIO_set_init(b, 1);
        return 1;
    }
    static BIO_METHOD* method() {
        static BIO_METHOD* const m = [] {
            auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir socket");
            BIO_meth_set_read(made, read);
            BIO_meth_set_write(made, write);
            BIO_meth_set_ctrl(made, control);
            BIO_meth_set_create(made, create);
            return made;
        }();
        return m;
    }
};

}  // namespace

bool tls_layer::attach(channel& under, SSL_CTX* context) {
    ssl_ = SSL_new(context);
    if (!ssl_) return false;
    BIO* bio = BIO_new(channel_bio::method());
    if (!bio) return false;
    BIO_set_data(bio, &under);
    SSL_set_bio(ssl_, bio, bio);
    return true;
}

bool tls_layer::start_server(channel& under, SSL_CTX* context) {
    if (!attach(under, context)) return false;
    SSL_set_accept_state(ssl_);
    return true;
}

bool tls_layer::start_client(channel& under, SSL_CTX* context, const std::string& server_name, bool verify, SSL_SESSION* session) {
    if (!attach(under, context)) return false;
    SSL_set_connect_state(ssl_);
    if (!server_name.empty()) {
        const bool is_address = literal(server_name, 0).has_value();
        // OpenSSL's macro for this is an old-style cast.
        if (!is_address) SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(server_name.c_str()));
        if (verify) {
            if (is_address) {
                X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), server_name.c_str());
            } else {
                SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
                if (SSL_set1_host(ssl_, server_name.c_str()) != 1) return false;
            }
        }
    }
    if (session) SSL_set_session(ssl_, session);
    return true;
}

io tls_layer::handshake() {
    ERR_clear_error();
    const int r = SSL_do_handshake(ssl_);
    if (r == 1) {
        state_ = state::open;
        pending_ = SSL_has_pending(ssl_) != 0;
        return io::ok;
    }
    const int why = SSL_get_error(ssl_, r);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return io::again;
    state_ = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST ? state::broken_by_http : state::broken;
    return io::failed;
}

void tls_layer::drop(channel& under) {
    end();
    under.flags |= can_read | can_write;  // what is there is found by trying
}

io_result tls_layer::read(channel& under, char* to, std::size_t size) {
    std::size_t total = 0;
    while (total < size) {
        ERR_clear_error();
        std::size_t got = 0;
        const int r = SSL_read_ex(ssl_, to + total, size - total, &got);
        if (r == 1) {
            total += got;
            continue;
        }
        pending_ = false;
        const int why = SSL_get_error(ssl_, r);
        if (total > 0) {
            // What ended the run will be met again by the next read.
            if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) under.flags |= can_read, pending_ = true;
            return {io::ok, total};
        }
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return {io::again, 0};
        if (why == SSL_ERROR_ZERO_RETURN) return {io::eof, 0};
        state_ = state::broken;
        return {(under.flags & at_end) ? io::truncated : io::failed, 0};
    }
    pending_ = SSL_has_pending(ssl_) != 0 || (under.flags & can_read);
    return {io::ok, total};
}

io_result tls_layer::write(std::span<const iovec> pieces) {
    std::string_view bytes{static_cast<const char*>(pieces.front().iov_base), pieces.front().iov_len};
    if (pieces.size() > 1) bytes = join(pieces.data(), pieces.size());
    if (bytes.empty()) return {io::ok, 0};
    ERR_clear_error();
    std::size_t sent = 0;
    const int r = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &sent);
    if (r == 1) return {io::ok, sent};
    const int why = SSL_get_error(ssl_, r);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return {io::again, 0};
    state_ = state::broken;
    return {io::failed, 0};
}

void tls_layer::close_notify() {
    if (!ssl_ || state_ != state::open) return;
    ERR_clear_error();
    SSL_shutdown(ssl_);
}

void tls_layer::end() {
    if (ssl_) {
        // Without this a session whose connection was just closed is thought broken and may not be resumed.
        if (state_ == state::starting || state_ == state::open) SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(ssl_);
        ssl_ = nullptr;
    }
    state_ = state::starting;
    pending_ = false;
}

std::string tls_layer::failure() const {
    std::string text;
    if (const auto e = ERR_peek_last_error(); e != 0) {
        const char* reason = ERR_reason_error_string(e);
        text = reason ? reason : "TLS failure";
    }
    if (ssl_) {
        const auto verdict = SSL_get_verify_result(ssl_);
        if (verdict != X509_V_OK) text += std::string{text.empty() ? "" : ": "} + X509_verify_cert_error_string(verdict);
    }
    if (!text.empty()) return text;
    const bool cut = ssl_ && (channel_bio::under(SSL_get_rbio(ssl_)).flags & at_end);
    return cut ? "the peer closed the connection during the TLS handshake" : "the TLS handshake failed";
}

}  // namespace weir::net
