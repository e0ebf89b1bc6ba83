// A client's connection as HTTP/1 uses it, one request after the other: its socket, what came and was not used yet, and how what is said is framed.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "net/gather.hpp"
#include "net/task.hpp"
#include "wire/h1/request_reader.hpp"

namespace weir::wire::h1 {

/// What the connection may do after an answer.
enum class after : std::uint8_t {
    keep_alive,
    close,  ///< in an orderly way
    cut,    ///< the answer is incomplete: end the connection where it is
    abort,  ///< likewise, where only a reset shows that it is incomplete
};

class client_line final : public request_reader {
public:
    client_line(net::reactor& loop, head_scratch& scratch) : request_reader(loop, scratch) {}

    // --- the connection ---
    /// The head is whole; what is answered from now on is the answer to it.
    void take_request();
    /// Its head could not be understood: what is answered now is answered to nothing in particular.
    void refuse() { framing_ = framing::plain, minor_version_ = 1, sent_ = 0; }
    /// What the connection may do now that the request is over; `cut` where nothing was answered.
    [[nodiscard]] after what_follows() const { return begun_ ? after_ : after::cut; }
    [[nodiscard]] bool wakes_on_drain() const { return wakes_on_drain_; }
    /// Ends it now.
    void abort();
    /// A write failed: what the client has got is not known.
    [[nodiscard]] bool broken() const { return broken_; }

    [[nodiscard]] flow invite_body() override;
    void begin(std::string lines, body_size size, bool may_keep) override;
    [[nodiscard]] bool shows_ends() const override { return minor_version_ != 0; }
    [[nodiscard]] bool is_open_ended() const override { return framing_ == framing::chunked; }
    [[nodiscard]] flow write(std::span<const std::string_view> pieces, bool last) override;
    [[nodiscard]] flow flush() override;
    [[nodiscard]] bool writable() const override { return socket_.writable() && !rest_; }
    void end_as(ending how) override;

    [[nodiscard]] bool gone() const override { return aborting_ || socket_.peer_gone(); }
    [[nodiscard]] bool aborting() const override { return aborting_; }
    void wake_on_drain(bool yes) override { wakes_on_drain_ = yes; }
    [[nodiscard]] net::socket* tunnel() override { return &socket_; }

private:
    enum class framing : std::uint8_t {
        plain,  ///< to the connection's end
        sized,
        chunked,
        bodiless,
        tunnel,
    };

    /// What waits for a slow client, and the bytes of it that nobody else keeps.
    struct unsent {
        unsent(const net::gather& what, const head_scratch& scratch);

        std::string lines;
        net::gather out;
    };
    [[nodiscard]] flow send(net::gather& out, std::string& lines);

    std::unique_ptr<unsent> rest_;  ///< what a slow client has not taken yet
    std::uint8_t minor_version_ = 1;
    framing framing_ = framing::plain;
    after after_ = after::close;   ///< before an answer has begun: as the client wishes
    bool wakes_on_drain_ = false;  ///< between two requests, and in tunnels
    bool aborting_ = false;
    bool broken_ = false;
};

}  // namespace weir::wire::h1
