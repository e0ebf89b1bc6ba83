// One connection to the admin address: a request, its answer, again; or a live view until somebody leaves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "admin/handlers.hpp"
#include "admin/pages.hpp"
#include "net/reactor.hpp"
#include "net/task.hpp"
#include "wire/h1/next_head.hpp"

namespace weir::admin {

class connection;

/// What the connections of one admin server share, on its thread.
class admin_room {
public:
    admin_room(net::reactor& l, admin_handlers h) : loop(l), handlers(std::move(h)) {}
    virtual ~admin_room() = default;
    admin_room(const admin_room&) = delete;
    admin_room& operator=(const admin_room&) = delete;

    /// It has been answered: others are closed for want of room before it.
    virtual void answered(connection& who) = 0;
    /// It has ended, and is deleted with this.
    virtual void left(connection& who) = 0;

    net::reactor& loop;
    const admin_handlers handlers;
    wire::head_scratch scratch;
    std::size_t watchers = 0;  ///< live views that run
    bool retired = false;      ///< another process serves the address: connections end after the answer that is under way
};

class connection final : private wire::h1::idle_watch {
public:
    explicit connection(admin_room& in) : room_(in), line_(in.loop, in.scratch) {}

    /// Serves the accepted descriptor until it ends. It may have ended, and be gone, when this returns.
    void start(int descriptor);
    /// Whether nothing is being answered: it may be closed for want of room.
    [[nodiscard]] bool can_go() const { return now_ != doing::answering; }
    void retire();
    /// Ends it now.
    void end() { line_.abort(); }

private:
    enum class doing : std::uint8_t { nothing, reading, answering, lingering };
    enum class body : std::uint8_t { whole, refused, left };

    net::detached live();
    [[nodiscard]] net::task<void> serve();
    [[nodiscard]] net::task<bool> serve_one(bool first);
    [[nodiscard]] net::task<body> read_body(page& refusal);
    [[nodiscard]] std::optional<body> take_sized();
    [[nodiscard]] std::optional<body> take_pieces(page& refusal);
    [[nodiscard]] net::task<bool> answer(page& what, bool may_keep);
    [[nodiscard]] net::task<void> show_live();
    core::time_point falls_idle(core::time_point since, core::time_point deadline) override;
    void wakes_up() override { now_ = doing::reading; }

    admin_room& room_;
    wire::h1::client_line line_;
    std::string body_;          ///< of the request that is being read or answered
    std::size_t in_place_ = 0;  ///< bytes of the input behind the head that are the body; of one that comes in pieces the line knows
    doing now_ = doing::nothing;
};

}  // namespace weir::admin
