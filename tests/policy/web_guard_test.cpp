// A weir without keys and the web pages of the machine's browsers: whose requests are answered, by which names it may be called.
#include "policy/web_guard.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir::policy;
using weir::core::code;

const host_rules on_loopback{{"weir.lan", "2001:db8::7"}, true};
const host_rules on_every_address{{"weir.lan"}, false};

TEST(WebGuard, AnswersOnLoopbackToNamesThatNoSiteCanHave) {
    for (const char* host :
         {"", "localhost", "LOCALHOST:8080", "localhost.", "app.localhost:1", "127.0.0.1", "127.0.0.1:8080", "127.9.8.7", "127.1:80", "[::1]",
          "[::1]:8080", "[0:0:0:0:0:0:0:1]:1", "[::ffff:127.0.0.1]:8080", "weir.lan", "WEIR.lan:8080", "weir.lan.:1", "[2001:DB8::7]:80"})
        EXPECT_FALSE(check_host(on_loopback, host)) << host;
    for (const char* host : {"evil.example",
                             "evil.example:8080",
                             "localhost.evil.example",
                             "notlocalhost",
                             "127.0.0.1.evil.example",
                             "127.",
                             "127.a",
                             "0.0.0.0:8080",
                             "10.0.0.1",
                             "128.0.0.1",
                             "[::2]",
                             "[::]:80",
                             "weir.lan.evil.example",
                             "xweir.lan",
                             ":8080",
                             ".localhost.x",
                             "[::1",
                             "]",
                             "[",
                             "%31"}) {
        const auto why = check_host(on_loopback, host);
        EXPECT_EQ(why.what, code::host_not_allowed) << host;
        EXPECT_NE(why.message.find("hosts"), std::string::npos) << why.message;
        EXPECT_FALSE(check_host(on_every_address, host)) << "whoever listens to the network is called by any name";
    }
}

struct page {
    const char* origin;
    const char* host;
    bool may;
};

TEST(WebGuard, LetsPagesSendRequestsThatAreItsOwnOrNamedOrNoWebPages) {
    const cors_settings cors{.origins = {"https://app.example"}};
    const page pages[] = {
        {"", "evil.example", true},  // no browser's, or a GET of one that reads nothing
        // Its own, by what cannot be another site's.
        {"http://127.0.0.1:8080", "127.0.0.1:8080", true},
        {"http://localhost:8080", "localhost:8080", true},
        {"http://LOCALHOST:8080", "localhost:8080", true},
        {"http://chat.localhost:8080", "chat.localhost:8080", true},
        {"http://[::1]:8080", "[::1]:8080", true},
        {"http://192.168.1.7:8080", "192.168.1.7:8080", true},
        {"https://weir.lan", "weir.lan", true},
        {"https://weir.lan", "weir.lan:443", true},
        {"http://weir.lan:80", "weir.lan", true},
        {"https://weir.lan:8443", "WEIR.lan:8443", true},
        // Another port is another page, another name may be anybody's.
        {"http://127.0.0.1:3000", "127.0.0.1:8080", false},
        {"http://127.0.0.1", "127.0.0.1:8080", false},
        {"http://localhost:8080", "127.0.0.1:8080", false},
        {"http://evil.example:8080", "evil.example:8080", false},
        {"https://evil.example", "evil.example", false},
        {"http://evil.example", "127.0.0.1:8080", false},
        {"http://127.0.0.1.evil.example:8080", "127.0.0.1.evil.example:8080", false},
        {"http://localhost", "", false},
        {"http://", "", false},
        {"https://evil.example", "weir.lan", false},
        // What is no origin of a place.
        {"null", "127.0.0.1:8080", false},
        {"NULL", "127.0.0.1:8080", false},
        {"127.0.0.1:8080", "127.0.0.1:8080", false},
        {"://127.0.0.1:8080", "127.0.0.1:8080", false},
        {"http:127.0.0.1:8080", "127.0.0.1:8080", false},
        // Programs of this machine; pages of the web cannot have these.
        {"app://obsidian.md", "127.0.0.1:8080", true},
        {"file://", "127.0.0.1:8080", true},
        {"tauri://localhost", "127.0.0.1:8080", true},
        {"vscode-webview://1gh2", "127.0.0.1:8080", true},
        {"chrome-extension://abcdef", "127.0.0.1:8080", true},
        {"moz-extension://0-1-2", "127.0.0.1:8080", true},
        {"HTTP://evil.example", "127.0.0.1:8080", false},
        {"ftp://evil.example", "127.0.0.1:8080", false},
        // Named.
        {"https://app.example", "127.0.0.1:8080", true},
        {"https://APP.example", "evil.example", true},
        {"https://app.example.evil", "127.0.0.1:8080", false},
    };
    for (const auto& [origin, host, may] : pages) {
        const auto why = check_page(on_every_address, &cors, origin, host);
        EXPECT_EQ(!why, may) << origin << " at " << host;
        if (why) {
            EXPECT_EQ(why.what, code::origin_not_allowed);
            EXPECT_NE(why.message.find("cors.origins"), std::string::npos) << why.message;
        }
    }
    EXPECT_TRUE(check_page(on_every_address, nullptr, "https://app.example", "127.0.0.1")) << "nothing is named where cors is off";
    EXPECT_FALSE(check_page(on_every_address, nullptr, "http://127.0.0.1", "127.0.0.1"));
}

TEST(WebGuard, RepeatsALimitedPartOfWhatWasSaid) {
    const std::string long_name(5000, 'x');
    EXPECT_LT(check_host(on_loopback, long_name).message.size(), 600u);
    EXPECT_LT(check_page(on_loopback, nullptr, "https://" + long_name, "a").message.size(), 600u);
}

}  // namespace
