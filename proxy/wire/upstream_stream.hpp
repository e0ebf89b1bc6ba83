// One request to an upstream, and its answer: a whole HTTP/1 connection for that long. Its destructor gives back what can be used again and closes
// what cannot.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/gather.hpp"
#include "net/reactor.hpp"
#include "net/socket.hpp"
#include "net/task.hpp"
#include "net/upstream.hpp"
#include "wire/answer_source.hpp"

namespace weir::wire {

/// A request's head, whatever carries it. Kept by who sends many: its strings keep their memory.
struct request_out {
    std::string_view method;
    std::string path;  ///< and query
    std::string_view authority;
    std::string lines;                    ///< fields, each with its line end; neither Host nor what says where the body ends
    std::optional<std::uint64_t> length;  ///< of the body; none: there is none
    bool upgrades = false;                ///< to a WebSocket
    bool is_last = false;                 ///< its connection is not wanted afterwards
    std::string start;                    ///< the version's own: what stands before `lines`
};

class upstream_stream : public answer_source {
public:
    enum class flow : std::uint8_t {
        done,      ///< everything is on its way
        later,     ///< sleep, and flush() again
        answered,  ///< it has begun to answer: the rest is not wanted, maybe
        broken,
    };

    /// Begins the message: puts into `out` what goes in front of the body, whose pieces the caller adds. All of it stays where it is until flush() is
    /// done.
    virtual void begin(request_out& head, net::gather& out) = 0;
    /// Sends what it can.
    [[nodiscard]] virtual flow flush(net::gather& out) = 0;
    /// A piece of a body that goes on while it comes. `taken`: so many bytes of it.
    [[nodiscard]] virtual flow send_more(std::string_view piece, std::size_t& taken) = 0;
    /// The last byte of the request is on its way: only now can the connection be used again.
    virtual void sent_whole() = 0;

    /// The answer to HEAD has no body, and an upgrade may be answered with 101.
    virtual void expect(bool to_head, bool upgrade) = 0;
    /// After a failed write: it may have said something before it closed.
    [[nodiscard]] virtual bool may_have_answered() = 0;
    /// It has begun to answer.
    [[nodiscard]] virtual bool has_answer() = 0;

    /// It was used before and has said nothing since, so that it may have been closed before this request came: it can be asked again.
    [[nodiscard]] virtual bool stale() const = 0;
    /// It was used before.
    [[nodiscard]] virtual bool reused() const = 0;
    /// It can serve another request once this answer has ended.
    [[nodiscard]] virtual bool keeps() const = 0;
    /// Who is woken from now on; it outlives this, or another one takes its place before.
    virtual void wake(net::waiter& sleeper) = 0;
    /// After 101: both directions as they are.
    [[nodiscard]] virtual net::socket& tunnel() = 0;
};

struct dialled {
    std::unique_ptr<upstream_stream> stream;  ///< null: why says
    net::dial_failure why = net::dial_failure::none;
    std::string detail;
};

/// One worker's way to one upstream.
class links {
public:
    virtual ~links() = default;
    /// On a connection that was used before, at most `at_most` ago; null: there is none.
    [[nodiscard]] virtual std::unique_ptr<upstream_stream> take_idle(core::duration at_most) = 0;
    /// On a new one. `sleeper` wakes the caller; when `watch` has ended, dialling ends with `cancelled`.
    [[nodiscard]] virtual net::task<dialled> dial(net::waiter& sleeper, net::dial_watch watch, core::time_point deadline) = 0;
    virtual void close_idle() = 0;
    virtual void close_expired(core::time_point now) = 0;
};

/// The version that is spoken there is decided here. `scratch`: heads are parsed there; what is in it holds until something else is parsed.
[[nodiscard]] std::unique_ptr<links> make_links(net::reactor& loop, std::shared_ptr<const net::upstream_target> to, http::response_head& scratch);

}  // namespace weir::wire
