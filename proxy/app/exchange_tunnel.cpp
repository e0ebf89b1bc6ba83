// WebSocket tunnels: after the upstream has switched protocols, bytes go both ways untouched, each way held back by its receiver.
// Frames are not read; only an upstream's 101 to a client that asked opens a tunnel (CVE-2026-2833).
#include "app/exchange_runner.hpp"

namespace weir::app {
namespace {

// So many reads and writes before other connections of this worker get their turn.
constexpr int moves_per_turn = 64;

// One step of one direction: reads when there is nothing left to write, writes what is there. False: this direction is at its end.
bool move_on(net::socket& from, net::buffer& held, net::socket& to, std::uint64_t& counted, bool& moved) {
    if (held.empty() && from.readable()) {
        held.need_slab();
        const auto r = from.read(held.free_begin(), held.free_size());
        if (r.what == net::io::ok) {
            held.commit(r.bytes);
            counted += r.bytes;
            moved = true;
        } else if (r.what != net::io::again) {
            return false;
        }
    }
    if (!held.empty() && to.writable()) {
        const iovec piece{held.data(), held.size()};
        const auto r = to.write({&piece, 1});
        if (r.what == net::io::ok) {
            held.consume(r.bytes);
            moved = true;
        } else if (r.what != net::io::again) {
            return false;
        }
    }
    return true;
}

}  // namespace

net::task<void> exchange_runner::relay_tunnel() {
    auto& client = session_.client();
    auto& server = upstream_->sock;
    const auto idle = pool_->conf->timeouts.idle;
    record_.stream = true;
    drop_request_memory();
    client_head_ += "connection: upgrade\r\nupgrade: websocket\r\n";
    write_client_head(false, false, 0);
    after_ = after::cut;
    net::gather out;
    out.clear();
    out.add(client_head_);
    auto sending = send_to_client(out);
    const bool alive = co_await std::move(sending);
    auto& from_client = session_.input();
    int moves = 0;
    auto quiet_since = now();
    while (alive && !session_.aborting()) {
        bool moved = false;
        const bool up = move_on(client, from_client, server, record_.bytes_in, moved);
        const bool down = move_on(server, up_, client, record_.bytes_out, moved);
        if (!up || !down) break;
        if (moved) {
            quiet_since = now();
            if (++moves % moves_per_turn == 0) co_await session_.sleeper().yield();
            continue;
        }
        from_client.release_if_empty();
        up_.release_if_empty();
        const auto woken = co_await sleep_until(std::min(total_deadline_, core::after(quiet_since, idle)));
        if (woken == net::woken::deadline) {
            record_.close_reason = "idle";
            break;
        }
    }
    from_client.release();
    release_upstream(false);
}

}  // namespace weir::app
