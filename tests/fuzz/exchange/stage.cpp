#include "fuzz/exchange/stage.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>

#include "config/load.hpp"
#include "fuzz/exchange/reference_http.hpp"
#include "wire/h1/upstream_line.hpp"
#include "worker/worker.hpp"

namespace weir::fuzz {
namespace {

[[noreturn]] void give_up(const char* what) {
    std::fprintf(stderr, "exchange_fuzz: %s: %s\n", what, std::strerror(errno));
    std::abort();
}

// No clock decides anything: pauses before a retry are off, every other limit is longer than a run.
std::string conf_text() {
    const auto upstream = [](const char* name, const char* address, const char* path) {
        return "{name: " + std::string{name} + ", url: \"http://" + address + path + "\", api_key: \"" + std::string{upstream_secret} + "\"}";
    };
    return "listeners: [{address: \"127.0.0.1:0\"}]\n"
           "state: {ledger: off}\nlog: {access: off}\nlimits: {request_body: 1MiB}\n"
           "keys: [{name: fuzz, secret: \"" +
           std::string{client_secret} +
           "\"}]\n"
           "pools:\n"
           "  one:\n    ask_usage: false\n    retry: {attempts: 3, backoff: 0ms, budget: 100%}\n"
           "    upstreams: [" +
           upstream("one-a", "127.0.0.1:7001", "/v1") + ", " + upstream("one-b", "127.0.0.1:7002", "/v1") +
           "]\n"
           "  two:\n    dialect: anthropic\n    retry: {attempts: 2, backoff: 0ms, budget: 100%}\n"
           "    upstreams: [" +
           upstream("two-a", "127.0.0.1:7003", "/v1") +
           "]\n"
           "  three:\n    dialect: gemini\n    upstreams: [" +
           upstream("three-a", "127.0.0.1:7004", "/v1beta") +
           "]\n"
           "  four:\n    collect: on\n    retry: {attempts: 3, backoff: 0ms, budget: 100%}\n"
           "    upstreams: [" +
           upstream("four-a", "127.0.0.1:7001", "/v1") + ", " + upstream("four-b", "127.0.0.1:7002", "/v1") +
           "]\n"
           "  five:\n    hold_tokens: 2\n    retry: {attempts: 3, backoff: 0ms, budget: 100%}\n"
           "    upstreams: [" +
           upstream("five-a", "127.0.0.1:7001", "/v1") + ", " + upstream("five-b", "127.0.0.1:7002", "/v1") +
           "]\n"
           "routes:\n"
           "  - {models: [" +
           std::string{model_collected} + "], pool: four}\n  - {models: [" + std::string{model_held} +
           "], pool: five}\n"
           "  - {models: [" +
           std::string{model_asked} + "], pool: one, rename: {" + std::string{model_asked} + ": " + std::string{model_sent} +
           "}}\n"
           "  - {models: [\"claude*\"], pool: two}\n  - {models: [\"gemini*\"], pool: three}\n  - {models: [\"*\"], pool: one}\n";
}

// What all runs share: nothing of it remembers a request.
struct studio {
    studio() : log("off") {
        const auto loaded = config::load_text(conf_text(), "/nowhere/weir.yaml", [](std::string_view) { return std::nullopt; });
        for (const auto& f : loaded.faults)
            if (!f.warning) throw std::runtime_error(config::to_string(f));
        conf = loaded.value;
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        address.storage.ss_family = AF_UNIX;
        // A name that the kernel makes up, in no folder.
        if (fd < 0 || ::bind(fd, address.get(), sizeof(sa_family_t)) != 0 || ::listen(fd, 16) != 0) give_up("no socket to listen on");
        address.size = sizeof address.storage;
        if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) give_up("no name");
        auto made = std::make_shared<pools::listener_runtime>();
        made->name = "fuzz";
        made->socket = std::make_shared<net::listening_socket>("127.0.0.1:0", net::inherited_socket{fd, false});
        listener = std::move(made);
    }
    std::shared_ptr<const config::conf> conf;
    net::resolver names{net::resolver::settings{.threads = 0}};
    telemetry::metrics metrics;
    telemetry::access_log log;
    exchange::process_counts counts;
    net::address address;
    std::shared_ptr<const pools::listener_runtime> listener;
};

struct upstream_end {
    int fd = -1;
    std::size_t seen = 0, taken = 0;  ///< of what was received: looked at, and read as requests
    bool answered = false;            ///< the request at `taken` has its answer already (an early one)
    bool pending = false;             ///< an answer is being sent
    std::string wire;
    std::size_t sent = 0, proper = 0;
};

/// What the worker dials with: it gets one end of a socket pair, and the stage has the other.
class staged_links final : public wire::links {
public:
    /// `dialled` gives the descriptor; negative: refused.
    staged_links(net::reactor& loop, std::shared_ptr<const net::upstream_target> to, http::response_head& scratch, std::function<int()> dialled)
        : loop_(loop), kept_(loop, std::move(to)), scratch_(scratch), dialled_(std::move(dialled)) {}

    [[nodiscard]] std::unique_ptr<wire::upstream_stream> take_idle(core::duration at_most) override {
        auto line = kept_.take_idle(at_most);
        if (!line) return nullptr;
        return std::make_unique<wire::h1::upstream_line>(std::move(line), kept_, scratch_);
    }
    [[nodiscard]] net::task<wire::dialled> dial(net::waiter& sleeper, net::dial_watch, core::time_point) override {
        wire::dialled out;
        const int fd = dialled_();
        auto line = std::make_unique<net::upstream_connection>();
        if (fd < 0 || !line->sock.open(loop_, fd)) {
            out.why = net::dial_failure::connect;
            co_return out;
        }
        line->sock.set_owner(&sleeper);
        line->sock.flags |= net::can_read | net::can_write;
        out.stream = std::make_unique<wire::h1::upstream_line>(std::move(line), kept_, scratch_);
        co_return out;
    }
    void close_idle() override { kept_.close_idle(); }
    void close_expired(core::time_point now) override { kept_.close_expired(now); }

private:
    net::reactor& loop_;
    net::upstream_connections kept_;
    http::response_head& scratch_;
    std::function<int()> dialled_;
};

class run {
public:
    run(studio& with, const scene& what)
        : studio_(with),
          scene_(what),
          pieces_(what.pieces),
          snapshot_(pools::make_snapshot(with.conf, with.names, nullptr)),
          worker_(0, with.metrics, with.log, with.counts) {}
    ~run() {
        close(client_);
        for (auto& c : upstreams_) close(c.fd);
    }
    run(const run&) = delete;
    run& operator=(const run&) = delete;

    played go();

private:
    void stage_upstreams();
    int dialled();
    static void close(int& fd) {
        if (fd >= 0) ::close(fd);
        fd = -1;
    }
    void turn();
    bool receive(int& fd, std::string& into);
    bool receive_all();
    void look_at(std::size_t which);
    void give(std::size_t which, const message& request);
    void count_answers();
    [[nodiscard]] bool client_may_send() const;
    bool act();
    std::size_t amount();
    bool send_client();
    bool send_upstream(std::size_t which);

    studio& studio_;
    const scene& scene_;
    byte_source pieces_;
    std::shared_ptr<const pools::snapshot> snapshot_;
    worker::worker worker_;
    played out_;
    int client_ = -1;
    bool began_ = false, client_ended_ = false;
    std::size_t request_ = 0, request_sent_ = 0;
    std::size_t answers_at_ = 0, answers_whole_ = 0, answers_begun_ = 0;
    std::vector<upstream_end> upstreams_;
    std::size_t next_answer_ = 0, next_connect_ = 0;
    int quiet_ = 0;
};

played run::go() {
    constexpr int longest_wait = 100'000;
    int turns = 0;
    worker_.use(snapshot_);
    worker_.post([this] { stage_upstreams(); });
    worker_.listen({studio_.listener}, {&worker_});
    auto& loop = worker_.lends().loop;
    while (!loop.stopped()) {
        loop.turn();
        turn();
        if (++turns > longest_wait) give_up("a client's connection is never let go");
        worker_.post([] {});  // never sleep
    }
    loop.run();  // what was posted meanwhile
    out_.connections_left = studio_.counts.connections.load();
    out_.bodies_left = studio_.counts.buffered_bodies.load();
    for (const auto& pool : snapshot_->pools)
        for (const auto& up : pool.upstreams) out_.leases_left += static_cast<int>(up.state->load.in_flight());
    return std::move(out_);
}

// Upstreams of the same target share what is kept, as they do in earnest.
void run::stage_upstreams() {
    auto& at = worker_.lends();
    std::map<std::string, std::shared_ptr<wire::links>> staged;
    for (auto& pool : at.view->pools)
        for (std::size_t i = 0; i < pool.connections.size(); ++i) {
            const auto& target = pool.pool->upstreams[i].target;
            auto& links = staged[target->identity];
            if (!links) links = std::make_shared<staged_links>(at.loop, target, at.space.response, [this] { return dialled(); });
            pool.connections[i] = links;
        }
}

int run::dialled() {
    const auto& answers = scene_.answers;
    if (answers[std::min(next_connect_++, answers.size() - 1)].refuses) return -1;
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) give_up("no socket pair");
    upstreams_.push_back({.fd = pair[1], .wire = {}});
    out_.connections.emplace_back();
    return pair[0];
}

// Between two turns of the loop: see what came; once nothing does any more, let somebody move on.
void run::turn() {
    constexpr int silence = 4;
    if (!began_) {
        began_ = true;
        client_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (client_ < 0 || ::connect(client_, studio_.address.get(), studio_.address.size) != 0) give_up("no client");
        return;
    }
    quiet_ = receive_all() ? 0 : quiet_ + 1;
    if (scene_.client_leaves && client_ >= 0 && answers_begun_ > 0) {
        out_.client_left = true;
        close(client_);
    }
    if (quiet_ > 0 && act()) quiet_ = 0;
    if (quiet_ < silence) return;
    if (client_ >= 0) {
        out_.client_left = !client_ended_;
        close(client_);
        quiet_ = 0;
    } else if (worker_.load() == 0) {
        worker_.lends().loop.stop();
    }
}

bool run::receive(int& fd, std::string& into) {
    char bytes[16 * 1024];
    bool any = false;
    while (fd >= 0) {
        const auto n = ::recv(fd, bytes, sizeof bytes, 0);
        if (n > 0)
            into.append(bytes, static_cast<std::size_t>(n));
        else if (n == 0 || errno != EAGAIN)
            close(fd);
        else
            break;
        any = true;
    }
    return any;
}

bool run::receive_all() {
    const bool was_open = client_ >= 0;
    bool any = receive(client_, out_.client_got);
    client_ended_ = client_ended_ || (was_open && client_ < 0);
    if (any) count_answers();
    for (std::size_t i = 0; i < upstreams_.size(); ++i) {
        any = receive(upstreams_[i].fd, out_.connections[i].got) || any;
        if (upstreams_[i].seen < out_.connections[i].got.size()) look_at(i);
    }
    return any;
}

void run::count_answers() {
    for (;;) {
        const auto m = read_answer(std::string_view{out_.client_got}.substr(answers_at_), client_ended_);
        answers_begun_ = answers_whole_ + (m.has_head && m.status() >= 200 ? 1 : 0);
        if (m.is != message::state::whole) return;
        answers_at_ += m.size;
        if (m.status() >= 200) ++answers_whole_;
    }
}

void run::look_at(std::size_t which) {
    const auto& got = out_.connections[which].got;
    for (;;) {
        auto& c = upstreams_[which];
        c.seen = got.size();
        const auto m = read_request(std::string_view{got}.substr(c.taken));
        if (m.is == message::state::broken || !m.has_head) return;
        const auto& next = scene_.answers[std::min(next_answer_, scene_.answers.size() - 1)];
        if (!c.answered && m.is != message::state::whole && !next.early) return;
        if (!c.answered) give(which, m);
        c.answered = true;
        if (m.is != message::state::whole) return;
        c.taken += m.size;
        c.answered = false;
    }
}

void run::give(std::size_t which, const message& request) {
    auto& c = upstreams_[which];
    const auto& plan = scene_.answers[std::min(next_answer_++, scene_.answers.size() - 1)];
    given_answer given{.plan = &plan};
    if (const auto at = request.start_line.find("fuzz="); at != std::string::npos) given.request = request.start_line[at + 5] - '0';
    given.client_had = answers_begun_;
    given.too_soon = c.pending;
    c.wire = plan.wire;
    const auto number = out_.answers.size();
    if (const auto at = c.wire.find(answer_mark); at != std::string::npos && at + answer_mark.size() + 4 <= c.wire.size()) {
        char digits[8];
        std::snprintf(digits, sizeof digits, "%04zu", number % 10'000);
        c.wire.replace(at + answer_mark.size(), 4, digits, 4);
    }
    c.sent = 0;
    c.proper = plan.proper_size;
    c.pending = true;
    out_.connections[which].answers.push_back(number);
    out_.answers.push_back(given);
}

bool run::client_may_send() const {
    if (client_ < 0 || request_ >= scene_.requests.size()) return false;
    return request_sent_ > 0 || !scene_.requests[request_].waits || answers_whole_ >= request_;
}

// How much the next piece is.
std::size_t run::amount() {
    const std::size_t n = pieces_.byte();
    return n == 0 ? std::string::npos : n < 128 ? n : (n - 127) * 700;
}

bool run::send_client() {
    const auto& wire = scene_.requests[request_].wire;
    const auto size = std::min(amount(), wire.size() - request_sent_);
    const auto n = ::send(client_, wire.data() + request_sent_, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) return false;
    if (n < 0) {
        request_ = scene_.requests.size();  // nobody listens any more
        return true;
    }
    request_sent_ += static_cast<std::size_t>(n);
    if (request_sent_ == wire.size()) {
        ++request_;
        request_sent_ = 0;
    }
    return true;
}

bool run::send_upstream(std::size_t which) {
    auto& c = upstreams_[which];
    auto size = std::min(amount(), c.wire.size() - c.sent);
    // What stands behind an answer comes along with its end: later it could not be told from an answer to the next request.
    if (c.sent + size >= c.proper) size = c.wire.size() - c.sent;
    const auto n = ::send(c.fd, c.wire.data() + c.sent, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) return false;
    if (n >= 0) c.sent += static_cast<std::size_t>(n);
    if (n >= 0 && c.sent < c.wire.size()) return true;
    c.pending = false;
    auto& given = out_.answers[out_.connections[which].answers.back()];
    given.sent = n >= 0;
    if (given.plan->closes) close(c.fd);
    return true;
}

bool run::act() {
    std::vector<std::size_t> may;  // the client, or an upstream by its number + 1
    if (client_may_send()) may.push_back(0);
    for (std::size_t i = 0; i < upstreams_.size(); ++i)
        if (upstreams_[i].fd >= 0 && upstreams_[i].pending) may.push_back(i + 1);
    if (may.empty()) return false;
    const auto who = may[pieces_.byte() % may.size()];
    return who == 0 ? send_client() : send_upstream(who - 1);
}

}  // namespace

played play(const scene& what) {
    static studio shared;
    run one{shared, what};
    return one.go();
}

}  // namespace weir::fuzz
