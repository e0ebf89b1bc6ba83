// TLS on a socket pair: handshake, trust, resumption, and the difference between an end and a cut.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <string>

#include "net/net_support.hpp"

namespace {

using namespace std::chrono_literals;
using weir::net::io;
using tcp_socket = weir::net::socket;
using weir::test::certificate_files;
using weir::test::stream_pair;
using weir::test::write_text;

const certificate_files& files() {
    static const certificate_files made;
    return made;
}

// Both ends in one thread. Readiness is taken for granted before each step: without a loop there are no edges.
struct tls_pair {
    weir::net::reactor loop;
    stream_pair pair;
    tcp_socket server, client;

    tls_pair(SSL_CTX* server_context, SSL_CTX* client_context, SSL_SESSION* resumed = nullptr, const std::string& name = "localhost") {
        EXPECT_TRUE(server.open(loop, pair.give_ours()));
        EXPECT_TRUE(client.open(loop, pair.give_theirs()));
        EXPECT_TRUE(server.tls().start_server(server, server_context));
        EXPECT_TRUE(client.tls().start_client(client, client_context, name, true, resumed));
    }
    void ready() {
        for (auto* s : {&server, &client})
            if (s->is_open()) s->flags |= weir::net::can_read | weir::net::can_write;
    }
    // True when both sides are done.
    bool shake() {
        io a = io::again, b = io::again;
        for (int i = 0; i < 10 && (a == io::again || b == io::again); ++i) {
            ready();
            if (b == io::again) b = client.tls().handshake();
            ready();
            if (a == io::again) a = server.tls().handshake();
        }
        return a == io::ok && b == io::ok;
    }
    std::string read(tcp_socket& s, io& what, std::size_t room = 64 * 1024) {
        ready();
        std::string text(room, '\0');
        const auto r = s.read(text.data(), text.size());
        what = r.what;
        text.resize(r.bytes);
        return text;
    }
};

struct contexts {
    weir::net::ssl_ctx server = weir::net::make_server_context(files().server(), weir::net::random_ticket_keys(), "listener");
    weir::net::ssl_ctx client = weir::net::make_client_context(files().client());
};

// A session that a client may resume: it comes with the first read after the handshake.
weir::net::ssl_session session_of(contexts& c) {
    tls_pair p{c.server.get(), c.client.get()};
    EXPECT_TRUE(p.shake());
    write_text(p.server, "x");
    io what{};
    EXPECT_EQ(p.read(p.client, what), "x");
    return weir::net::ssl_session{SSL_get1_session(p.client.tls().native())};
}

}  // namespace

TEST(Tls, CarriesBytesBothWays) {
    contexts c;
    tls_pair p{c.server.get(), c.client.get()};
    ASSERT_TRUE(p.shake()) << p.client.tls().failure() << " / " << p.server.tls().failure();
    io what{};
    EXPECT_EQ(write_text(p.client, "question").what, io::ok);
    EXPECT_EQ(p.read(p.server, what), "question");
    const std::string a = "an", b = "swer";
    const iovec pieces[] = {{const_cast<char*>(a.data()), a.size()}, {const_cast<char*>(b.data()), b.size()}};
    EXPECT_EQ(p.server.write(pieces).bytes, 6u);
    EXPECT_EQ(p.read(p.client, what), "answer");
    EXPECT_EQ(p.read(p.client, what), "");
    EXPECT_EQ(what, io::again);
    EXPECT_EQ(std::string{SSL_get_version(p.client.tls().native())}, "TLSv1.3");
}

TEST(Tls, StaysReadableWhileRecordsAreHeld) {
    contexts c;
    tls_pair p{c.server.get(), c.client.get()};
    ASSERT_TRUE(p.shake());
    write_text(p.server, "first ");
    write_text(p.server, "second");
    io what{};
    EXPECT_EQ(p.read(p.client, what, 3), "fir");
    p.client.flags &= static_cast<std::uint8_t>(~weir::net::can_read);  // no edge will come for bytes that were received already
    EXPECT_TRUE(p.client.readable());
    std::string rest(64, '\0');
    rest.resize(p.client.read(rest.data(), rest.size()).bytes);
    EXPECT_EQ(rest, "st second");
}

TEST(Tls, TellsAnEndFromACut) {
    contexts c;
    io what{};
    {
        tls_pair p{c.server.get(), c.client.get()};
        ASSERT_TRUE(p.shake());
        write_text(p.server, "all of it");
        p.server.tls().close_notify();
        p.server.close();
        EXPECT_EQ(p.read(p.client, what), "all of it");
        EXPECT_EQ(p.read(p.client, what), "");
        EXPECT_EQ(what, io::eof);
    }
    {
        tls_pair p{c.server.get(), c.client.get()};
        ASSERT_TRUE(p.shake());
        write_text(p.server, "a part of it");
        p.server.close();  // without close_notify
        EXPECT_EQ(p.read(p.client, what), "a part of it");
        EXPECT_EQ(p.read(p.client, what), "");
        EXPECT_EQ(what, io::truncated);
    }
}

TEST(Tls, FailsWhenTheServerIsNotTrustedOrNotTheOneThatWasMeant) {
    contexts c;
    const certificate_files strangers;
    const auto stranger = weir::net::make_client_context(strangers.client());
    tls_pair untrusted{c.server.get(), stranger.get()};
    EXPECT_FALSE(untrusted.shake());
    EXPECT_NE(untrusted.client.tls().failure().find("unable to get local issuer certificate"), std::string::npos) << untrusted.client.tls().failure();
    tls_pair other{c.server.get(), c.client.get(), nullptr, "other.example"};
    EXPECT_FALSE(other.shake());
    EXPECT_NE(other.client.tls().failure().find("ostname mismatch"), std::string::npos) << other.client.tls().failure();
    tls_pair by_address{c.server.get(), c.client.get(), nullptr, "127.0.0.1"};
    EXPECT_TRUE(by_address.shake()) << by_address.client.tls().failure();
    tls_pair other_address{c.server.get(), c.client.get(), nullptr, "127.0.0.9"};
    EXPECT_FALSE(other_address.shake());
}

TEST(Tls, FailsOnBytesThatAreNotTls) {
    contexts c;
    weir::net::reactor loop;
    stream_pair pair;
    tcp_socket server;
    ASSERT_TRUE(server.open(loop, pair.give_ours()));
    ASSERT_TRUE(server.tls().start_server(server, c.server.get()));
    pair.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(server.tls().handshake(), io::failed);
    EXPECT_FALSE(server.tls().failure().empty());
    EXPECT_TRUE(server.tls().heard_http());
    server.flags = 0;
    server.tls().drop(server);
    EXPECT_FALSE(server.is_tls());
    EXPECT_TRUE(server.readable()) << "no edge comes for what is there already";
    EXPECT_EQ(write_text(server, "HTTP/1.1 400 Bad Request\r\n\r\n").what, io::ok);
    EXPECT_EQ(pair.hear(), "HTTP/1.1 400 Bad Request\r\n\r\n") << "in the clear";
}

TEST(Tls, TellsAPlainRequestFromOtherBytes) {
    contexts c;
    weir::net::reactor loop;
    stream_pair pair;
    tcp_socket server;
    ASSERT_TRUE(server.open(loop, pair.give_ours()));
    ASSERT_TRUE(server.tls().start_server(server, c.server.get()));
    pair.say("\x01\x02\x03\x04\x05\x06\x07\x08 no protocol that is known");
    EXPECT_EQ(server.tls().handshake(), io::failed);
    EXPECT_FALSE(server.tls().heard_http());
}

TEST(Tls, SaysThatThePeerLeftDuringTheHandshake) {
    contexts c;
    weir::net::reactor loop;
    stream_pair pair;
    tcp_socket client;
    ASSERT_TRUE(client.open(loop, pair.give_ours()));
    ASSERT_TRUE(client.tls().start_client(client, c.client.get(), "localhost", true, nullptr));
    EXPECT_EQ(client.tls().handshake(), io::again);
    EXPECT_FALSE(pair.hear().empty());  // unread, it would make the end a reset
    pair.hang_up();
    client.flags |= weir::net::can_read;
    EXPECT_EQ(client.tls().handshake(), io::failed);
    EXPECT_NE(client.tls().failure().find("unexpected eof"), std::string::npos) << client.tls().failure();
}

TEST(Tls, CanBeStartedAgainOnAnotherConnection) {
    contexts c;
    tls_pair p{c.server.get(), c.client.get()};
    ASSERT_TRUE(p.shake());
    p.client.abort();
    EXPECT_FALSE(p.client.is_tls());
    p.server.close();
    stream_pair next;
    ASSERT_TRUE(p.server.open(p.loop, next.give_ours()));
    ASSERT_TRUE(p.client.open(p.loop, next.give_theirs()));
    ASSERT_TRUE(p.server.tls().start_server(p.server, c.server.get()));
    ASSERT_TRUE(p.client.tls().start_client(p.client, c.client.get(), "localhost", true, nullptr));
    ASSERT_TRUE(p.shake()) << p.client.tls().failure();
    io what{};
    write_text(p.server, "last");
    p.server.tls().close_notify();
    EXPECT_EQ(p.read(p.client, what), "last");
    EXPECT_EQ(p.read(p.client, what), "");
    EXPECT_EQ(what, io::eof) << "what was broken before is forgotten";
}

TEST(Tls, ResumesASessionOnAnotherConnection) {
    contexts c;
    const auto session = session_of(c);
    ASSERT_TRUE(session);
    ASSERT_TRUE(SSL_SESSION_is_resumable(session.get()));
    tls_pair p{c.server.get(), c.client.get(), session.get()};
    ASSERT_TRUE(p.shake());
    EXPECT_EQ(SSL_session_reused(p.client.tls().native()), 1);
}

// CVE-2025-23419: a session of one listener must not open another, even when both share the ticket keys.
TEST(Tls, ResumesNothingAtAListenerOfAnotherIdentity) {
    contexts c;
    const auto keys = weir::net::random_ticket_keys();
    c.server = weir::net::make_server_context(files().server(), keys, "one");
    const auto session = session_of(c);
    const auto same = weir::net::make_server_context(files().server(), keys, "one");
    tls_pair again{same.get(), c.client.get(), session.get()};
    ASSERT_TRUE(again.shake());
    EXPECT_EQ(SSL_session_reused(again.client.tls().native()), 1);
    const auto another = weir::net::make_server_context(files().server(), keys, "two");
    tls_pair elsewhere{another.get(), c.client.get(), session.get()};
    const bool shaken = elsewhere.shake();
    EXPECT_FALSE(shaken && SSL_session_reused(elsewhere.client.tls().native()) == 1);
}

TEST(Tls, SpeaksHttp11Only) {
    contexts c;
    tls_pair p{c.server.get(), c.client.get()};
    ASSERT_TRUE(p.shake());
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(p.client.tls().native(), &chosen, &size);
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(chosen), size), "http/1.1");
    static constexpr unsigned char h2_only[] = "\x02h2";
    SSL_CTX_set_alpn_protos(c.client.get(), h2_only, 3);
    tls_pair q{c.server.get(), c.client.get()};
    EXPECT_FALSE(q.shake());
}

TEST(Tls, NamesTheFileThatCannotBeUsed) {
    auto s = files().server();
    s.certificate = files().ca + ".missing";
    try {
        const auto c = weir::net::make_server_context(s, weir::net::random_ticket_keys(), "x");
        FAIL();
    } catch (const weir::net::tls_error& e) {
        EXPECT_NE(std::string{e.what()}.find(s.certificate), std::string::npos) << e.what();
    }
    const certificate_files others;
    s = files().server();
    s.private_key = others.private_key;
    EXPECT_THROW((void)weir::net::make_server_context(s, weir::net::random_ticket_keys(), "x"), weir::net::tls_error);
}
