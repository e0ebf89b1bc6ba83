// One whole call to an upstream: dial, send, read head and body within limits. It keeps no connection and does not judge what was answered.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/secret.hpp"
#include "http/head.hpp"
#include "net/buffer.hpp"
#include "net/reactor.hpp"
#include "net/task.hpp"
#include "net/upstream.hpp"
#include "wire/h1/unframer.hpp"

namespace weir::wire {

struct call_limits {
    std::chrono::milliseconds connect{5000};  ///< name, TCP and TLS
    std::chrono::milliseconds total{10000};
    std::size_t body = 256 * 1024;  ///< bytes
};

struct call_answer {
    enum class end : std::uint8_t { answered, not_connected, timed_out, closed, not_http };
    end how = end::closed;
    net::dial_result dialled;  ///< with not_connected
    std::string why;           ///< not_http: what is wrong with the answer
    int status = 0;
    std::string content_type, location, retry_after;
    std::string body;    ///< without framing, at most call_limits::body
    bool whole = false;  ///< `body` is all there was
};

/// On the thread of `loop`. What it is made with outlives it.
class one_call {
public:
    one_call(net::reactor& loop, std::shared_ptr<const net::upstream_target> target, const core::secret& request, const call_limits& limits)
        : loop_(loop), sleeper_(loop), connections_(loop, std::move(target)), request_(request), limits_(limits) {}

    /// Up to the answer's head. True: there is one, and `out` has its status and fields.
    [[nodiscard]] net::task<bool> ask();
    /// The answer's body, after ask(). It ends early where more comes than limits allow.
    [[nodiscard]] net::task<void> read_body();
    /// ask(), and read_body() where there is an answer.
    [[nodiscard]] net::task<void> run();

    /// From now on it must be over by `deadline`.
    void until(core::time_point deadline) { deadline_ = deadline; }
    /// Whatever it waits for ends at once.
    void end() {
        leaving_.flags |= net::hung_up;
        sleeper_.interrupt();
    }
    /// The request was sent to its end.
    [[nodiscard]] bool sent_whole() const { return unsent_.empty(); }

    call_answer out;

private:
    net::task<bool> send();
    net::task<bool> read_more();
    net::task<bool> read_head();
    bool take_head(bool& done);
    bool body_wants_more();
    void keep(const char* bytes, std::size_t size);

    net::reactor& loop_;
    net::waiter sleeper_;
    net::upstream_connections connections_;
    const core::secret& request_;
    call_limits limits_;
    net::upstream_connection line_;
    net::socket leaving_;  ///< never opened: its hung_up flag is what dial() watches
    net::buffer in_;
    std::string_view unsent_;
    core::time_point deadline_{};
    http::response_head head_;  ///< scratch space of one synchronous step
    h1::unframer framing_;
    int interim_ = 0;
};

/// Ends a call from another thread.
class call_canceller {
public:
    /// The call that runs, and each that begins later.
    void cancel();

private:
    friend class cancellable_call;
    std::mutex lock_;
    std::function<void()> end_;
    bool cancelled_ = false;
};

/// Blocks the calling thread, at most for `limits.total`. Throws std::system_error when there is no event loop to be had. `by`: may end it early;
/// null: nobody does.
[[nodiscard]] call_answer call(std::shared_ptr<const net::upstream_target> target, const core::secret& request, const call_limits& limits,
                               call_canceller* by = nullptr);

}  // namespace weir::wire
