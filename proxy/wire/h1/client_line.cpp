#include "wire/h1/client_line.hpp"

#include <algorithm>

namespace weir::wire::h1 {

void client_line::make_room() {
    if (!in_.has_memory() && last_request_ > net::slab_size) {
        const std::size_t here = socket_.available();
        if (here > net::slab_size) in_.reserve(std::min<std::size_t>(std::max<std::size_t>(here, last_request_), read_at_once) + net::padding);
    }
    in_.need_slab();
}

bool client_line::write_some(net::gather& out) {
    while (!out.done() && socket_.writable()) {
        const auto r = socket_.write(out.pieces());
        if (r.what == net::io::again) return true;
        if (r.what != net::io::ok) {
            broken_ = true;
            return false;
        }
        out.advance(r.bytes);
    }
    return true;
}

net::task<bool> client_line::flush(net::gather& out, core::time_point deadline) {
    bool alive = write_some(out);
    while (alive && !out.done()) {
        const auto why = co_await waiter_.wait(deadline);
        if (aborting_ || why == net::woken::deadline) co_return false;
        alive = write_some(out);
    }
    co_return alive;
}

void client_line::abort() {
    aborting_ = true;
    waiter_.interrupt();
}

}  // namespace weir::wire::h1
