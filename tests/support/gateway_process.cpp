// Starts the binary and reads where it listens from its standard error.
#include "support/gateway_process.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace weir::test {
namespace {

constexpr std::string_view listening = ": listening on ";
constexpr std::string_view admin_on = ": admin on ";

std::vector<std::string> said_after(const std::string& text, std::string_view phrase) {
    std::vector<std::string> out;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);)
        if (const auto at = line.find(phrase); at != std::string::npos) out.push_back(line.substr(at + phrase.size()));
    return out;
}

/// How many listeners a conf of these tests has: the `- address:` items before the next top-level key.
std::size_t listeners_in(const std::string& conf) {
    std::size_t n = 0;
    std::istringstream in{conf};
    bool inside = false;
    for (std::string line; std::getline(in, line);) {
        if (!line.empty() && line[0] != ' ' && line[0] != '#') inside = line.starts_with("listeners:");
        if (inside && line.find("- ") != std::string::npos && line.find("address:") != std::string::npos) ++n;
    }
    return n;
}

// A sanitizer looks for leaks when the program ends, so that it must not be killed. The second signal ends what still runs. What neither moves (some
// tests stop it, or hold a listener's other process) is killed like any other process.
void end_politely(process& program) {
    for (const auto patience : {milliseconds{500}, milliseconds{20000}}) {
        program.signal(SIGTERM);
        if (program.wait(patience)) return;
    }
}

}  // namespace

gateway_process::gateway_process(const std::string& binary, std::string conf, const files& beside) {
    constexpr std::string_view here = "{folder}";
    for (auto at = conf.find(here); at != std::string::npos; at = conf.find(here)) conf.replace(at, here.size(), folder_.path().string());
    for (const auto& [name, text] : beside) (void)folder_.write(name, text);
    const auto file = folder_.write("weir.yaml", conf);
    const auto wanted = listeners_in(conf);
    process_ = std::make_unique<process>(std::vector<std::string>{binary, "serve", "-c", file}, folder_.path().string());
    for (int i = 0; i < 2000; ++i) {
        const auto err = process_->err();
        addresses_ = said_after(err, listening);
        if (const auto admin = said_after(err, admin_on); !admin.empty()) admin_ = admin.front();
        if (addresses_.size() >= wanted && !admin_.empty() && err.ends_with('\n')) return;
        if (!process_->running()) break;
        std::this_thread::sleep_for(milliseconds{5});
    }
    throw std::runtime_error("weir did not come up:\n" + process_->err() + "\nconf:\n" + conf);
}

gateway_process::~gateway_process() {
    if (process_ && sanitized) end_politely(*process_);
    const auto code = process_ ? process_->wait(milliseconds{0}) : std::optional<int>{0};
    if (!code || *code == 0) return;
    const auto last_words = process_->err();
    ADD_FAILURE() << "weir ended by itself with " << *code << ":\n" << last_words.substr(last_words.size() > 4000 ? last_words.size() - 4000 : 0);
}

response gateway_process::ask_admin(std::string_view path) const {
    return exchange_once(admin_, request_text("GET", path, {}, {{"Connection", "close"}}));
}

std::string gateway_process::metrics_when(const std::function<bool(const std::string&)>& enough, milliseconds limit) const {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (true) {
        auto now = metrics();
        if (enough(now) || std::chrono::steady_clock::now() >= until) return now;
        std::this_thread::sleep_for(milliseconds{20});
    }
}

std::string gateway_process::log_line(std::string_view text, milliseconds limit) const {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < until) {
        std::istringstream in{folder_.read("access.log")};
        for (std::string line; std::getline(in, line);)
            if (line.find(text) != std::string::npos && line.ends_with('}')) return line;
        std::this_thread::sleep_for(milliseconds{10});
    }
    return {};
}

double metric(std::string_view exposition, std::string_view name, const std::vector<std::string>& labels) {
    std::istringstream in{std::string{exposition}};
    double sum = 0;
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with(name) || (line.size() > name.size() && line[name.size()] != '{' && line[name.size()] != ' ')) continue;
        const bool fits = std::all_of(labels.begin(), labels.end(), [&](const auto& l) { return line.find(l) != std::string::npos; });
        if (fits) sum += std::strtod(line.c_str() + line.rfind(' '), nullptr);
    }
    return sum;
}

std::string upstream_of(const mock::provider& provider, std::string_view more) {
    return "      - {name: " + provider.name() + ", url: \"" + provider.url() + "/v1\"" + (more.empty() ? "" : ", ") + std::string{more} + "}\n";
}

// Bound and never listened on: whoever connects is refused, and no other program is given the port meanwhile.
int refusing_port() {
    static const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    static const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&where), size) == 0;
    return bound && getsockname(fd, reinterpret_cast<sockaddr*>(&where), &size) == 0 ? ntohs(where.sin_port) : 0;
}

int unused_port() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&where), size) == 0 && getsockname(fd, reinterpret_cast<sockaddr*>(&where), &size) == 0;
    close(fd);
    return bound ? ntohs(where.sin_port) : 0;
}

std::unique_ptr<mock::provider> quick_provider(std::string name, std::optional<mock::tls_options> tls, std::string api_key) {
    mock::options options;
    options.name = std::move(name);
    options.tls = std::move(tls);
    options.timing = mock::timing::none();
    options.api_key = std::move(api_key);
    auto made = std::make_unique<mock::provider>(std::move(options));
    made->start();
    return made;
}

std::unique_ptr<mock::provider> strict_provider(std::string name) {
    auto made = std::make_unique<mock::provider>(mock::options{.name = std::move(name), .timing = mock::timing::none(), .strict = true});
    made->start();
    return made;
}

}  // namespace weir::test
