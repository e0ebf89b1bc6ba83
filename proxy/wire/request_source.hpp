// A request as its client sends it, whatever carries it: its head, and its body without the framing.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/head.hpp"
#include "net/buffer.hpp"
#include "net/socket.hpp"

namespace weir::wire {

/// What is here of a request's body.
struct body_piece {
    enum class kind : std::uint8_t {
        bytes,
        none,       ///< sleep, and read_more()
        end,        ///< all of it has been seen
        malformed,  ///< `bytes` says why
        too_large,
    };
    kind is = kind::none;
    std::string_view bytes{};
};

class request_source {
public:
    request_source() = default;
    virtual ~request_source() = default;
    request_source(const request_source&) = delete;
    request_source& operator=(const request_source&) = delete;

    /// Valid until the next sleep.
    [[nodiscard]] virtual http::request_head& head() = 0;
    /// The head's bytes, and behind them what came of the body.
    net::buffer& input() { return in_; }
    [[nodiscard]] std::size_t head_size() const { return head_size_; }
    /// The head's bytes have moved, or are gone.
    virtual void head_moved() = 0;
    /// There is more of the body to read, maybe only its end.
    [[nodiscard]] virtual bool readable() const = 0;
    /// Of a body whose length was announced.
    [[nodiscard]] virtual net::io_result read(char* to, std::size_t size) = 0;
    /// Into the input, at most `most` bytes behind what is there.
    [[nodiscard]] virtual net::io_result read_more(std::size_t most = ~std::size_t{0}) = 0;
    /// Of a body whose length was not announced the next bytes that are in the input; they stay until read_more(). `largest`: no piece of it may be
    /// announced as larger.
    [[nodiscard]] virtual body_piece next_piece(std::uint64_t largest) = 0;
    /// A sized request, head and body: the next one is likely as large.
    virtual void note_request_size(std::uint64_t bytes) { (void)bytes; }
    /// The request's bytes leave the input: `body` bytes behind the head. The next one begins there.
    virtual void leave_input(std::size_t body) = 0;

protected:
    net::buffer in_;
    std::uint32_t head_size_ = 0;
};

}  // namespace weir::wire
