#include "wire/h1/next_head.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace weir::wire::h1 {
namespace {

// Enough for an upload that was answered early.
constexpr std::size_t linger_bytes = std::size_t{64} << 20;
constexpr std::size_t linger_turn = 256 * 1024;  // then other connections of this thread are served
constexpr auto linger_time = std::chrono::seconds{2};

}  // namespace

std::optional<next_head::state> next_head::look(client_line& line, const head_limits& within) {
    const auto bytes = line.input().view();
    // A head can only become complete, or be seen to be wrong, at a line end; the first bytes may show another protocol at once.
    const bool may_tell = seen_ == 0 || bytes.find('\n', seen_) != std::string_view::npos || bytes.size() >= within.bytes;
    seen_ = bytes.size();
    if (!may_tell) return std::nullopt;
    const auto r = line.parse(within.bytes, within.unsaid);
    if (r.state == http::parse_state::done) return state::complete;
    if (r.state == http::parse_state::need_more) return std::nullopt;
    refusal_ = core::error{r.code, std::string{r.why}};
    return state::refused;
}

net::task<next_head::state> next_head::wait(client_line& line, head_limits within, idle_watch& watch) {
    auto& in = line.input();
    auto& loop = line.sleeper().loop();
    const auto since = loop.now();
    bool begun = !in.empty();  // the client did not wait for the answer before
    auto deadline = core::after(since, begun ? within.whole : within.first_byte);
    seen_ = 0;
    if (begun) {
        if (const auto found = look(line, within)) co_return *found;
    }
    for (;;) {
        if (line.socket().readable()) {
            line.make_room();
            if (in.free_size() == 0) in.reserve(within.bytes + net::padding);
            const auto r = line.socket().read(in.free_begin(), in.free_size());
            if (r.what == net::io::ok) {
                in.commit(r.bytes);
                if (!begun) deadline = core::after(loop.now(), within.whole);
                begun = true;
                if (const auto found = look(line, within)) co_return *found;
                continue;
            }
            if (r.what != net::io::again) co_return state::closed;
        }
        if (line.aborting()) co_return state::closed;
        in.release_if_empty();
        const auto until = begun ? deadline : watch.falls_idle(since, deadline);
        line.wake_on_drain(!begun);
        const auto why = co_await line.sleeper().wait(until);
        line.wake_on_drain(false);
        if (!begun) watch.wakes_up();
        if (line.aborting()) co_return state::closed;
        if (why == net::woken::deadline) co_return begun ? state::late : state::closed;
    }
}

net::task<void> linger(client_line& line) {
    auto& sock = line.socket();
    auto& in = line.input();
    const auto deadline = line.sleeper().loop().tick() + linger_time;
    std::size_t thrown_away = 0;
    sock.tls().close_notify();
    if (!sock.is_tls()) sock.shutdown_write();
    in.clear();
    in.need_slab();
    for (;;) {
        while (sock.readable()) {
            const auto r = sock.read(in.free_begin(), in.free_size());
            if (r.what == net::io::again) break;
            thrown_away += r.bytes;
            if (r.what != net::io::ok || thrown_away > linger_bytes || line.sleeper().loop().tick() >= deadline) co_return;
            if (thrown_away / linger_turn != (thrown_away - r.bytes) / linger_turn) co_await line.sleeper().yield();
            if (line.aborting()) co_return;
        }
        if (sock.peer_gone() || line.aborting()) co_return;
        const auto why = co_await line.sleeper().wait(deadline);
        if (why == net::woken::deadline) co_return;
    }
}

}  // namespace weir::wire::h1
