// A whole exchange without a socket: upstreams that follow a script, a client that writes down what it gets, and a loop whose clock the test moves.
// Everything that an upstream does is a step, and each step of a conversation can be broken.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/exchange.hpp"
#include "http/chunk_scanner.hpp"
#include "pools/snapshot.hpp"
#include "wire/client_stream.hpp"
#include "wire/upstream_stream.hpp"

namespace weir::scripted {

/// How a step goes wrong.
enum class fault : std::uint8_t {
    none,
    fail,     ///< refused, or bytes that are not HTTP
    hang,     ///< nothing happens any more
    hang_up,  ///< the connection ends
    cancel,   ///< the client leaves just then
    stop,     ///< an operator ends the request just then
};

/// What one upstream does when it is asked: its answer in pieces, each a read. Where `faulty` is a step's number, counted from its dialling on, that
/// goes wrong.
struct script {
    std::vector<std::string> pieces;
    fault what = fault::none;
    int faulty = -1;
    std::chrono::milliseconds before_head{0};  ///< it thinks so long
};

class client;

/// One run: who is asked what, by a clock of its own.
struct stage {
    explicit stage(net::reactor& l) : loop(l) {}
    net::reactor& loop;
    std::vector<script> upstreams;
    std::vector<int> asked;  ///< how often each was dialled
    std::vector<int> heard;  ///< how often each got a whole request
    std::vector<int> steps;  ///< of each, in its last conversation
    client* who = nullptr;
    std::function<void()> stop;
    core::time_point broken_at = core::never;  ///< when the first step went wrong
};

class stream final : public wire::upstream_stream {
public:
    stream(stage& on, std::size_t which) : on_(on), which_(which) {}

    [[nodiscard]] got read(net::buffer& into) override;
    [[nodiscard]] const http::response_head& head() const override { return head_; }
    [[nodiscard]] got take_head(net::buffer& from) override;
    [[nodiscard]] bool readable() const override { return ready_; }
    [[nodiscard]] std::optional<std::uint64_t> left() const override { return std::nullopt; }
    [[nodiscard]] bool has_body() const override { return true; }
    [[nodiscard]] bool surplus() const override { return false; }
    [[nodiscard]] bool ended() const override { return in_body_ && next_ == script_().pieces.size() && !broken_; }
    [[nodiscard]] std::string_view why() const override { return "not HTTP"; }

    void begin(wire::request_out& head, net::gather& out) override;
    [[nodiscard]] flow flush(net::gather& out) override;
    [[nodiscard]] flow send_more(std::string_view piece, std::size_t& taken) override;
    void sent_whole() override {}
    void expect(bool, bool) override {}
    [[nodiscard]] bool may_have_answered() override { return false; }
    [[nodiscard]] bool has_answer() override { return false; }
    [[nodiscard]] bool stale() const override { return false; }
    [[nodiscard]] bool reused() const override { return false; }
    [[nodiscard]] bool keeps() const override { return true; }
    void wake(net::waiter& sleeper) override { sleeper_ = &sleeper; }
    [[nodiscard]] net::socket& tunnel() override { return none_; }

private:
    friend class links;
    /// The next step; how it goes wrong.
    [[nodiscard]] fault step();
    void come_back(std::chrono::milliseconds after);
    [[nodiscard]] const script& script_() const { return on_.upstreams[which_]; }

    struct alarm final : net::timer_node {
        stream* whose = nullptr;
        void on_deadline() override;
    };

    stage& on_;
    std::size_t which_;
    net::waiter* sleeper_ = nullptr;
    http::response_head head_;
    net::socket none_;
    alarm alarm_;
    std::size_t next_ = 0, head_size_ = 0;
    bool ready_ = false, in_body_ = false, broken_ = false, hanging_ = false;
};

class links final : public wire::links {
public:
    links(stage& on, std::size_t which) : on_(on), which_(which) {}
    [[nodiscard]] std::unique_ptr<wire::upstream_stream> take_idle(core::duration) override { return nullptr; }
    [[nodiscard]] net::task<wire::dialled> dial(net::waiter& sleeper, net::dial_watch watch, core::time_point deadline) override;
    void close_idle() override {}
    void close_expired(core::time_point) override {}

private:
    stage& on_;
    std::size_t which_;
};

/// Writes down what it gets, and leaves when it is told to.
class client final : public wire::client_stream {
public:
    /// It takes so long over what it gets from the stream's end on.
    client(net::reactor& loop, std::string_view request, std::chrono::milliseconds slow);

    [[nodiscard]] http::request_head& head() override;
    void head_moved() override {}
    [[nodiscard]] bool readable() const override { return gone_; }
    [[nodiscard]] net::io_result read(char*, std::size_t) override { return {net::io::eof, 0}; }
    [[nodiscard]] net::io_result read_more(std::size_t) override { return {net::io::eof, 0}; }
    [[nodiscard]] wire::body_piece next_piece(std::uint64_t largest) override;
    [[nodiscard]] flow invite_body() override { return flow::done; }
    void leave_input(std::size_t size) override { in_.consume(std::min(head_size_ + size + walked_, in_.size())); }
    void begin(std::string head_lines, wire::body_size size, bool may_keep) override;
    [[nodiscard]] bool shows_ends() const override { return true; }
    [[nodiscard]] bool is_open_ended() const override { return open_ended; }
    [[nodiscard]] flow write(std::span<const std::string_view> pieces, bool last) override;
    [[nodiscard]] flow flush() override;
    [[nodiscard]] bool writable() const override { return true; }
    void end_as(ending how) override { cut = cut || how != ending::orderly; }
    [[nodiscard]] bool gone() const override { return gone_; }
    [[nodiscard]] bool aborting() const override { return false; }

    void leave();

    std::string lines, body;
    bool open_ended = false, complete = false, cut = false;

private:
    struct alarm final : net::timer_node {
        net::waiter* whom = nullptr;
        void on_deadline() override { whom->wake(); }
    };

    http::request_head head_;
    http::chunk_scanner chunks_;
    std::size_t walked_ = 0;  ///< bytes of chunks behind the head
    std::chrono::milliseconds slow_;
    alarm alarm_;
    core::time_point ready_at_{};
    std::string waiting_;  ///< what it has not taken yet
    bool last_waits_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    bool gone_ = false;
};

/// What came of a request.
struct outcome {
    bool ended = false;  ///< in bounded time
    int status = 0;      ///< 0: the client got no head
    std::string body;
    bool complete = false, cut = false;
    std::vector<int> asked, heard, steps;
    usage::nanousd spent = 0;
    std::int64_t in_flight = 0;    ///< of all upstreams, afterwards
    bool may_ask_again = false;    ///< the key's only place is free
    std::string told;              ///< the code that log, metrics and operators see; empty: all went well
    core::duration took_after{0};  ///< until the request was over, since a step went wrong
};

/// Plays `request` against `upstreams` of the pool that `model` goes to. The conf: see scripted.cpp.
[[nodiscard]] outcome play(std::string_view model, bool streams, std::vector<script> upstreams, std::chrono::milliseconds slow = {});

/// A whole stream, or a document, that says `word`.
[[nodiscard]] script saying(std::string_view word, bool streams);

}  // namespace weir::scripted
