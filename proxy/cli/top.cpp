// `weir top`: a running weir's traffic, upstreams and open requests in a terminal, anew every second.
#include <poll.h>
#include <simdjson.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <iostream>
#include <memory>
#include <utility>

#include "cli/admin_call.hpp"
#include "cli/command.hpp"
#include "cli/top_picture.hpp"
#include "config/load.hpp"

namespace weir::cli {
namespace {

struct top_options {
    conf_choice conf;
    std::string address, token;
    std::string sort = "age";
    bool once = false;
};

struct target {
    std::string address, token;
};

/// The terminal as `top` uses it: a screen of its own, and each key at once. Put back as it was at the end.
class terminal {
public:
    terminal() {
        if (::tcgetattr(STDIN_FILENO, &before_) == 0) {
            termios raw = before_;
            raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
            reads_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
        }
        std::cout << "\x1b[?1049h\x1b[?25l" << std::flush;
    }
    ~terminal() {
        std::cout << "\x1b[?25h\x1b[?1049l" << std::flush;
        if (reads_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }
    terminal(const terminal&) = delete;
    terminal& operator=(const terminal&) = delete;

    /// The next key, or 0 after a second.
    [[nodiscard]] char key() const {
        constexpr int second = 1000;
        pollfd waiting{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
        if (::poll(&waiting, reads_ ? 1 : 0, second) <= 0) return 0;
        char c = 0;
        // Whoever closes the terminal wants no more of it.
        return ::read(STDIN_FILENO, &c, 1) == 1 ? c : 'q';
    }
    /// Home, the picture, each line's rest and the screen's rest cleared: nothing flickers.
    static void show(std::string all) {
        if (all.ends_with('\n')) all.pop_back();
        for (std::size_t i = 0; (i = all.find('\n', i)) != std::string::npos; i += 5) all.replace(i, 1, "\x1b[K\r\n");
        std::cout << "\x1b[H" << all << "\x1b[K\x1b[J" << std::flush;
    }

private:
    termios before_{};
    bool reads_ = false;
};

volatile std::sig_atomic_t told_to_end = 0;

void end_on(int signal) {
    struct sigaction what{};
    what.sa_handler = [](int) { told_to_end = 1; };
    ::sigaction(signal, &what, nullptr);
}

screen size_of_terminal() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {.rows = 24, .columns = 80, .keys = true};
    return {.rows = size.ws_row, .columns = size.ws_col, .keys = true};
}

std::optional<target> target_of(const top_options& with) {
    if (!with.address.empty()) return target{with.address, with.token};
    const auto conf = with.conf.load_without_secrets();
    if (!conf) return std::nullopt;
    return target{conf->admin_address, with.token.empty() ? conf->admin_token.reveal() : with.token};
}

/// The live view; nullopt, and a word on standard error, where there is none.
std::optional<std::string> ask(const target& where) {
    auto answer = admin_call(where.address, "/api/live", where.token);
    if (answer.fault.empty() && answer.status == 200) return std::move(answer.body);
    simdjson::dom::parser parser;
    simdjson::dom::element said;
    std::string_view words;
    if (answer.fault.empty() && parser.parse(simdjson::padded_string{answer.body}).get(said) == simdjson::SUCCESS)
        if (said["error"]["message"].get(words) != simdjson::SUCCESS) words = {};
    std::cerr << "weir: "
              << (!answer.fault.empty() ? answer.fault
                  : !words.empty()      ? std::string{words}
                                        : "what answers on " + where.address + " is no weir")
              << '\n';
    return std::nullopt;
}

std::string picture_of(const std::string& live, const screen& on) {
    const auto out = top_picture(live, on);
    return out.empty() ? "this is no weir\n" : out;
}

int once(const target& where, top_order order) {
    const auto live = ask(where);
    if (!live) return at_fault;
    std::cout << picture_of(*live, {.order = order}) << std::flush;
    return fine;
}

int watch(const target& where, top_order order) {
    auto live = ask(where);
    if (!live) return at_fault;
    for (const int signal : {SIGTERM, SIGHUP, SIGINT}) end_on(signal);
    const terminal shown;
    while (live && told_to_end == 0) {
        auto on = size_of_terminal();
        on.order = order;
        terminal::show(picture_of(*live, on));
        switch (shown.key()) {
            case 'q':
            case 'Q':
            case '\x03': return fine;
            case 'a': order = top_order::age; break;
            case 't': order = top_order::tokens; break;
            case 'c': order = top_order::cost; break;
            default: break;
        }
        live = ask(where);
    }
    return live ? fine : at_fault;
}

int top(const top_options& with) {
    constexpr std::array<std::pair<std::string_view, top_order>, 3> orders{
        {{"age", top_order::age}, {"tokens", top_order::tokens}, {"cost", top_order::cost}}};
    const auto order = std::find_if(orders.begin(), orders.end(), [&](const auto& each) { return each.first == with.sort; });
    if (order == orders.end()) {
        std::cerr << "weir: --sort is age, tokens or cost\nsee: weir top --help\n";
        return wrong_usage;
    }
    const auto where = target_of(with);
    if (!where) return at_fault;
    return with.once || ::isatty(STDOUT_FILENO) == 0 ? once(*where, order->second) : watch(*where, order->second);
}

}  // namespace

void add_top(command_list& all) {
    auto command = all.add("top", "traffic, upstreams and open requests of a running weir, live");
    const auto with = std::make_shared<top_options>();
    command.conf(with->conf, "the conf file, which names the admin address and its token");
    command.option("--admin", with->address, "the admin address itself, without a conf", "ADDRESS");
    command.option("--token", with->token, "the admin token, where there is one and no conf", "TOKEN");
    command.option("--sort", with->sort, "what comes first among open requests: age, tokens or cost", "WORD");
    command.flag("--once", with->once, "print it once, whole, and end");
    command.footer("Ends with q; a, t and c sort by age, tokens and cost.\nExample:\n  weir top -c conf/weir.yaml");
    command.runs([with] { return top(*with); });
}

}  // namespace weir::cli
