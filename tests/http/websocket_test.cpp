#include "http/websocket.hpp"

#include <gtest/gtest.h>

#include "http/websocket_scanner.hpp"

using namespace weir::http;

TEST(Websocket, AnswersTheKeyOfTheStandardsExample) {  // RFC 6455 section 1.3
    EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Websocket, TellsAKeyFromOtherText) {
    EXPECT_TRUE(acceptable_websocket_key("dGhlIHNhbXBsZSBub25jZQ=="));
    for (const char* no : {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25j!Q==", "dGhlIHNhbXBsZSBub25jZQAA"})
        EXPECT_FALSE(acceptable_websocket_key(no)) << no;
}

TEST(Websocket, FindsASubprotocolInAList) {
    EXPECT_TRUE(lists_token("realtime, openai-beta.realtime-v1", "realtime"));
    EXPECT_TRUE(lists_token("a ,\trealtime", "realtime"));
    EXPECT_FALSE(lists_token("realtime2, Realtime", "realtime"));
    EXPECT_FALSE(lists_token(", ,", ""));
}

TEST(Websocket, FindsWhatIsWrongWithTheAnswerToAHandshake) {
    const std::string asked = "GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: realtime\r\n\r\n";
    request_head question;
    ASSERT_EQ(parse_request_head(asked, 4096, question).state, parse_state::done);
    const auto fault = [&](const std::string& upgrade, const std::string& accept, const std::string& more) {
        response_head answer;
        const auto text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: " + upgrade + "\r\nSec-WebSocket-Accept: " + accept + "\r\n" + more + "\r\n";
        EXPECT_EQ(parse_response_head(text, 4096, false, answer).state, parse_state::done) << text;
        return std::string{handshake_fault(question.fields, answer)};
    };
    const std::string right = websocket_accept("dGhlIHNhbXBsZSBub25jZQ==");
    EXPECT_EQ(fault("WebSocket", right, ""), "");
    EXPECT_EQ(fault("websocket", right, "Sec-WebSocket-Protocol: realtime\r\n"), "");
    EXPECT_NE(fault("h2c", right, ""), "");
    EXPECT_NE(fault("websocket", "another", ""), "");
    EXPECT_NE(fault("websocket", right, "Sec-WebSocket-Extensions: permessage-deflate\r\n"), "");
    EXPECT_NE(fault("websocket", right, "Sec-WebSocket-Protocol: other\r\n"), "");
}

TEST(Websocket, WritesFramesThatAScannerReads) {
    EXPECT_EQ(close_frame(close_code::policy_violation, "no"), "\x88\x04\x03\xf0no");
    EXPECT_EQ(close_frame(close_code::normal, "", {1, 2, 3, 4}), std::string("\x88\x82\x01\x02\x03\x04\x02\xea", 8));
    for (const std::size_t size : {3u, 125u, 126u, 65535u, 65536u}) {
        const std::string message(size, 'm');
        websocket_scanner s{websocket_scanner::sender::server};
        std::string got;
        (void)s.feed(text_frame(message), [&](const websocket_scanner::run& r) {
            got += r.payload;
            return true;
        });
        EXPECT_EQ(got, message);
        EXPECT_TRUE(s.at_boundary());
    }
}

TEST(Websocket, CutsAReasonBetweenCharacters) {
    const std::string reason = std::string(122, 'x') + "é";
    const auto frame = close_frame(close_code::going_away, reason);
    EXPECT_EQ(frame.size(), 2u + 2 + 122);
    websocket_scanner s{websocket_scanner::sender::server};
    (void)s.feed(frame, [](const websocket_scanner::run&) { return true; });
    EXPECT_TRUE(s.closed());
}
