#include "wire/h1/unframer.hpp"

#include <cstring>

namespace weir::wire::h1 {

void unframer::take(net::buffer& window, std::size_t& payload) {
    char* const base = window.data();
    const std::string_view fresh{base + payload, window.size() - payload};
    if (how_ != http::framing::chunked) {
        std::size_t taken = 0;
        feed(fresh, [&](const char*, std::size_t n) { taken = n; });
        payload += taken;
        if (how_ == http::framing::length) window.drop_from(payload);
        return;
    }
    // Runs of data are pushed together so that payload is contiguous; the first run of a read stays where it is.
    char* start = payload ? base : nullptr;
    char* end = base + payload;
    feed(fresh, [&](const char* p, std::size_t n) {
        if (!start) start = end = base + (p - base);
        if (end != p) std::memmove(end, p, n);
        end += n;
    });
    if (!start) {
        window.clear();
        payload = 0;
        return;
    }
    payload = static_cast<std::size_t>(end - start);
    window.consume(static_cast<std::size_t>(start - base));
    window.drop_from(payload);
}

}  // namespace weir::wire::h1
