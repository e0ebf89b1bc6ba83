// A second attempt at a request whose answer is late, on a connection and a coroutine of its own, until its answer begins, fails or is called
// off. A stream begins with its first token, any other answer with its head. What came is then handed over as it came, and the exchange reads it as
// it reads every answer. It decides neither whether there is a second attempt nor what its failure means: the exchange does (exchange_hedge.cpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dialect/answer.hpp"
#include "exchange/home.hpp"
#include "http/sse_scanner.hpp"
#include "net/buffer.hpp"
#include "net/gather.hpp"
#include "net/task.hpp"
#include "record/request_record.hpp"
#include "wire/h1/unframer.hpp"

namespace weir::exchange {

/// Where the second attempt goes and what it sends; made when it is due.
struct second_call {
    policy::upstream_state::lease lease;
    const pools::upstream_runtime* to = nullptr;
    net::upstream_connections* through = nullptr;
    std::string head;
    std::string copied;     ///< the body, where it had to be put together
    net::gather request;    ///< head and body; the body's memory is the exchange's, and stays until the hedge has gone
    std::size_t entry = 0;  ///< of the record's attempts
};

/// What shows that an answer has begun.
enum class beginning : std::uint8_t { first_token, head };

class hedge final : public net::timer_node {
public:
    /// Fills the call; false: there is no second attempt after all.
    using caller = std::function<bool(second_call&)>;

    /// `sleeper` is rung when the second attempt's answer has begun or has failed. Everything runs on its worker's thread.
    hedge(home& at, net::waiter& sleeper, caller call, dialect::endpoint id, beginning waits_for, const net::timeouts& limits,
          core::time_point total_deadline);
    ~hedge() override { call_off(); }

    /// From now on it is started when `due` has passed.
    void arm(core::time_point due) { home_.loop.timers().arm(*this, due); }

    [[nodiscard]] bool running() const { return phase_ == phase::running; }
    [[nodiscard]] bool ahead() const { return ahead_; }
    [[nodiscard]] bool was_made() const { return phase_ != phase::waiting && phase_ != phase::never; }
    /// Ends it; its connection is closed, and the provider sees that.
    void call_off();

    // Once it was made.
    second_call& call() { return call_; }
    [[nodiscard]] core::time_point began() const { return began_; }
    [[nodiscard]] core::time_point sent_at() const { return sent_at_; }
    [[nodiscard]] bool lacking_here() const { return lacking_here_; }  ///< no connection could be opened, and that is not the upstream's fault
    [[nodiscard]] bool sent() const { return sent_; }                  ///< the whole request
    /// ... and into a connection that did not close before a byte came, as a kept one may.
    [[nodiscard]] bool was_read() const { return sent_ && !unread_; }
    [[nodiscard]] int status() const { return status_; }  ///< 0: no head came
    [[nodiscard]] record::failure why() const { return why_; }
    [[nodiscard]] const std::string& provider_code() const { return code_; }
    [[nodiscard]] const std::optional<std::chrono::milliseconds>& retry_after() const { return retry_after_; }

    // When it is ahead.
    std::unique_ptr<net::upstream_connection> take_connection() { return std::move(line_); }
    net::buffer take_bytes() { return std::move(raw_); }  ///< the answer as it came, from its head on

private:
    enum class phase : std::uint8_t { waiting, never, running, ahead, failed, called_off };
    enum class view : std::uint8_t { unclear, begun, failed };

    void on_deadline() override;
    net::detached race();
    [[nodiscard]] net::task<record::failure> converse();
    [[nodiscard]] net::task<record::failure> connect();
    [[nodiscard]] net::task<record::failure> send();
    [[nodiscard]] net::task<record::failure> listen();
    [[nodiscard]] bool read_some(record::failure& why);
    [[nodiscard]] view look();
    [[nodiscard]] view look_at_head();
    [[nodiscard]] view look_at_events();
    [[nodiscard]] view look_at_error();
    void unframe();
    [[nodiscard]] record::failure late(record::failure otherwise) const;
    [[nodiscard]] core::time_point now() const { return home_.loop.now(); }

    home& home_;
    net::waiter sleeper_;
    ring_ticket ticket_;
    caller make_;
    second_call call_;
    dialect::endpoint endpoint_;
    beginning waits_for_;
    const net::timeouts& limits_;
    core::time_point total_deadline_, began_{}, sent_at_{};
    std::unique_ptr<net::upstream_connection> line_;

    net::buffer raw_;
    std::size_t unframed_ = 0;  ///< bytes of raw_ that were looked at
    net::buffer text_;          ///< the body without its framing, to look at; raw_ stays as it came
    std::size_t read_ = 0;      ///< bytes of text_ that were read as events
    wire::h1::unframer framing_;
    http::sse_scanner events_;
    dialect::stream_reader reader_;

    phase phase_ = phase::waiting;
    bool ahead_ = false, called_off_ = false, sent_ = false, unread_ = false, lacking_here_ = false;
    int status_ = 0, interim_ = 0;
    record::failure why_ = record::failure::none;
    std::string code_;
    std::optional<std::chrono::milliseconds> retry_after_;
};

}  // namespace weir::exchange
