// One whole call to somebody, on weir's own account: dial, send, read head and body within limits. It keeps no connection and does not judge what was
// answered.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/secret.hpp"
#include "net/buffer.hpp"
#include "net/reactor.hpp"
#include "net/task.hpp"
#include "net/upstream.hpp"
#include "wire/upstream_stream.hpp"

namespace weir::wire {

struct call_request {
    std::string_view method = "GET";  ///< static text
    std::string path;                 ///< and query
    std::string authority;
    core::secret lines;  ///< fields, each with its line end: a credential may be among them. Neither Host nor what says where the body ends
    std::string body;    ///< empty: there is none
    bool operator==(const call_request&) const = default;
};

struct call_limits {
    std::chrono::milliseconds connect{5000};  ///< name, TCP and TLS
    std::chrono::milliseconds total{10000};
    std::size_t body = 256 * 1024;  ///< bytes; of a longer one the beginning is kept
};

struct call_answer {
    enum class end : std::uint8_t { answered, not_connected, timed_out, closed, not_http };
    end how = end::closed;
    net::dial_result dialled;  ///< with not_connected
    std::string why;           ///< not_http: what is wrong with the answer
    int status = 0;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;    ///< without framing, at most call_limits::body
    bool whole = false;  ///< `body` is all there was

    /// The first field of this name; empty: there is none.
    [[nodiscard]] std::string_view field(std::string_view name) const;
};

/// Sees the body's bytes as they come.
using body_listener = std::function<void(std::string_view)>;

/// On the thread of `loop`. What it is made with outlives it.
class one_call {
public:
    one_call(net::reactor& loop, std::shared_ptr<const net::upstream_target> target, const call_request& request, const call_limits& limits);

    /// Up to the answer's head. True: there is one, and `out` has its status and fields.
    [[nodiscard]] net::task<bool> ask();
    /// The answer's body, after ask(). It ends early where more comes than limits allow.
    [[nodiscard]] net::task<void> read_body();
    /// ask(), and read_body() where there is an answer.
    [[nodiscard]] net::task<void> run();

    /// From now on it must be over by `deadline`.
    void until(core::time_point deadline) { deadline_ = deadline; }
    /// Before it runs.
    void tell(body_listener who) { listener_ = std::move(who); }
    /// Whatever it waits for ends at once.
    void end() {
        called_off_ = true;
        sleeper_.interrupt();
    }
    /// The request was sent to its end.
    [[nodiscard]] bool sent_whole() const { return sent_whole_; }

    call_answer out;

private:
    using got = answer_source::got;
    net::task<bool> connect(core::time_point deadline);
    net::task<void> send();
    net::task<got> read_more();
    net::task<bool> read_head();
    void take_head();
    bool body_wants_more();

    net::reactor& loop_;
    net::waiter sleeper_;
    http::response_head head_;  ///< scratch space of one synchronous step
    std::unique_ptr<links> links_;
    std::unique_ptr<upstream_stream> stream_;
    const call_request& request_;
    call_limits limits_;
    body_listener listener_;
    net::buffer in_;
    core::time_point deadline_{};
    bool called_off_ = false;
    bool sent_whole_ = false;
    bool body_is_broken_ = false;  ///< already where it begins
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
[[nodiscard]] call_answer call(std::shared_ptr<const net::upstream_target> target, const call_request& request, const call_limits& limits,
                               call_canceller* by = nullptr, body_listener listener = {});

}  // namespace weir::wire
