// `weir top`: a running weir's traffic, upstreams and open requests in a terminal, anew every second.
#include <simdjson.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <memory>

#include "cli/admin_call.hpp"
#include "cli/command.hpp"
#include "config/load.hpp"

namespace weir::cli {
namespace {

namespace dom = simdjson::dom;

struct top_options {
    conf_choice conf;
    std::string address, token;
    bool once = false;
};

struct target {
    std::string address, token;
};

/// A member as text: strings as they are, null as a dash.
std::string text(const dom::element& of, std::string_view name) {
    dom::element v;
    if (of[name].get(v) != simdjson::SUCCESS || v.is_null()) return "-";
    if (std::string_view s; v.get(s) == simdjson::SUCCESS) return std::string{s};
    return simdjson::minify(v);
}

std::string age(const dom::element& of, std::string_view name) {
    std::int64_t ms = 0;
    if (of[name].get(ms) != simdjson::SUCCESS) return "-";
    if (ms < 1000) return std::to_string(ms) + "ms";
    return std::to_string(ms / 1000) + "." + std::to_string(ms % 1000 / 100) + "s";
}

/// A column's text, cut or filled to `width`; control characters of a name cannot move the cursor.
std::string cell(std::string_view what, std::size_t width, bool right = false) {
    std::string out;
    for (const char c : what.substr(0, width)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    const std::string fill(width - std::min(width, out.size()), ' ');
    return (right ? fill + out : out + fill) + "  ";
}

/// "12.0s ago: status 500 (server_error)"; empty: none.
std::string last_failure(const dom::element& up) {
    dom::element last;
    if (up["last_failure"].get(last) != simdjson::SUCCESS || last.is_null()) return {};
    return cell(age(last, "ago_ms") + " ago: " + text(last, "reason"), 60);
}

std::size_t rows_of_terminal() {
    winsize size{};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 1000;
}

void add_upstreams(std::string& out, const dom::element& status) {
    out += cell("POOL", 14) + cell("UPSTREAM", 24) + cell("WEIGHT", 6, true) + cell("IN FLIGHT", 9, true) + cell("LATENCY", 10, true) +
           cell("STANDING", 60) + "LAST FAILURE\n";
    dom::array pools;
    if (status["pools"].get(pools) != simdjson::SUCCESS) return;
    for (const auto& pool : pools) {
        dom::array upstreams;
        if (pool["upstreams"].get(upstreams) != simdjson::SUCCESS) continue;
        for (const auto& up : upstreams) {
            const auto latency = text(up, "latency_ms");
            out += cell(text(pool, "name"), 14) + cell(text(up, "name"), 24) + cell(text(up, "weight"), 6, true) +
                   cell(text(up, "in_flight"), 9, true) + cell(latency == "-" ? latency : latency + "ms", 10, true) + cell(text(up, "standing"), 60) +
                   last_failure(up) + "\n";
        }
    }
}

void add_requests(std::string& out, const dom::element& live, std::size_t most) {
    dom::array open;
    if (live["open"].get(open) != simdjson::SUCCESS) return;
    out += "\n" + cell("KEY", 16) + cell("MODEL", 24) + cell("UPSTREAM", 20) + cell("AGE", 8, true) + cell("TOKENS", 8, true) +
           cell("USD", 10, true) + "REQUEST\n";
    std::size_t shown = 0;
    for (const auto& r : open) {
        if (shown++ == most) {
            out += "... and " + std::to_string(open.size() - most) + " more\n";
            return;
        }
        out += cell(text(r, "key"), 16) + cell(text(r, "model"), 24) + cell(text(r, "upstream"), 20) + cell(age(r, "age_ms"), 8, true) +
               cell(text(r, "output_tokens"), 8, true) + cell(text(r, "cost_usd"), 10, true) + cell(text(r, "request_id"), 40) + "\n";
    }
}

std::string picture(const dom::element& live, std::size_t rows) {
    dom::element status, tokens;
    if (live["status"].get(status) != simdjson::SUCCESS || live["first_token_ms"].get(tokens) != simdjson::SUCCESS) return "this is no weir\n";
    std::string out = "weir " + text(status, "version") + "   " + text(live, "requests_per_second") + " requests/s   first token p50 " +
                      text(tokens, "p50") + " ms, p95 " + text(tokens, "p95") + " ms, p99 " + text(tokens, "p99") + " ms" +
                      (text(status, "draining") == "true" ? "   DRAINING" : "") + "\n\n";
    add_upstreams(out, status);
    const auto used = static_cast<std::size_t>(std::count(out.begin(), out.end(), '\n')) + 4;
    add_requests(out, live, rows > used ? rows - used : 1);
    return out;
}

std::optional<target> target_of(const top_options& with) {
    if (!with.address.empty()) return target{with.address, with.token};
    const auto conf = with.conf.load_without_secrets();
    if (!conf) return std::nullopt;
    return target{conf->admin_address, with.token.empty() ? conf->admin_token.reveal() : with.token};
}

int top(const top_options& with) {
    const auto where = target_of(with);
    if (!where) return at_fault;
    const bool terminal = !with.once && isatty(STDOUT_FILENO) != 0;
    dom::parser parser;
    for (;;) {
        const auto answer = admin_call(where->address, "/api/live", where->token);
        dom::element live;
        const auto failed = answer.fault.empty() ? parser.parse(simdjson::padded_string{answer.body}).get(live) : simdjson::SUCCESS;
        if (!answer.fault.empty() || failed != simdjson::SUCCESS || answer.status != 200) {
            std::string_view said;
            if (failed == simdjson::SUCCESS && answer.fault.empty() && live["error"]["message"].get(said) != simdjson::SUCCESS) said = {};
            std::cerr << "weir: "
                      << (!answer.fault.empty() ? answer.fault
                          : !said.empty()       ? std::string{said}
                                                : "what answers on " + where->address + " is no weir")
                      << '\n';
            return at_fault;
        }
        // Home, the picture, each line's rest and the screen's rest cleared: nothing flickers.
        auto all = picture(live, terminal ? rows_of_terminal() : 100000);
        if (terminal) {
            for (std::size_t i = 0; (i = all.find('\n', i)) != std::string::npos; i += 4) all.insert(i, "\x1b[K");
            all.insert(0, "\x1b[H").append("\x1b[J");
        }
        std::cout << all << std::flush;
        if (!terminal) return fine;
        ::sleep(1);
    }
}

}  // namespace

void add_top(command_list& all) {
    auto command = all.add("top", "traffic, upstreams and open requests of a running weir, live");
    const auto with = std::make_shared<top_options>();
    command.conf(with->conf, "the conf file, which names the admin address and its token");
    command.option("--admin", with->address, "the admin address itself, without a conf", "ADDRESS");
    command.option("--token", with->token, "the admin token, where there is one and no conf", "TOKEN");
    command.flag("--once", with->once, "print it once and end");
    command.footer("Ends with ctrl-c.\nExample:\n  weir top -c conf/weir.yaml");
    command.runs([with] { return top(*with); });
}

}  // namespace weir::cli
