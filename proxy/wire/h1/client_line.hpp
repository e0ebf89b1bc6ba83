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
#include "wire/client_stream.hpp"

namespace weir::wire::h1 {

/// One for each worker: heads are parsed there. What it holds is parsed again where somebody else used it meanwhile.
struct head_scratch {
    http::request_head head;
    const void* owner = nullptr;
    std::string lines;                 ///< of an answer, between begin() and the first write, with what stands in front of its first bytes
    std::array<char, 20> size_line{};  ///< of a chunk behind them
    const void* lines_of = nullptr;
};

/// What the connection may do after an answer.
enum class after : std::uint8_t {
    keep_alive,
    close,  ///< in an orderly way
    cut,    ///< the answer is incomplete: end the connection where it is
    abort,  ///< likewise, where only a reset shows that it is incomplete
};

class client_line final : public client_stream {
public:
    client_line(net::reactor& loop, head_scratch& scratch) : client_stream(loop), scratch_(scratch) {}

    // --- the connection ---
    net::socket& socket() { return socket_; }
    /// For a read of a head. A body that is here already is read with it: room is made by what has come, not by what is announced.
    void make_room();
    /// Looks for a head in the input, of at most `limit` bytes.
    [[nodiscard]] http::parse_result parse(std::size_t limit);
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

    [[nodiscard]] http::request_head& head() override;
    void head_moved() override { scratch_.owner = nullptr; }
    [[nodiscard]] bool readable() const override { return socket_.readable(); }
    [[nodiscard]] net::io_result read(char* to, std::size_t size) override { return socket_.read(to, size); }
    [[nodiscard]] flow invite_body() override;
    void note_request_size(std::uint64_t bytes) override { last_request_ = bytes <= read_at_once ? static_cast<std::uint32_t>(bytes) : 0; }
    void leave_input(std::size_t body) override;

    void begin(std::string lines, body_size size, bool may_keep) override;
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
    static constexpr std::uint32_t read_at_once = 128 * 1024;
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

    net::socket socket_;
    head_scratch& scratch_;
    std::unique_ptr<unsent> rest_;    ///< what a slow client has not taken yet
    std::uint32_t last_request_ = 0;  ///< bytes; 0: larger than read_at_once, or unknown
    std::uint8_t minor_version_ = 1;
    framing framing_ = framing::plain;
    after after_ = after::close;   ///< before an answer has begun: as the client wishes
    bool wakes_on_drain_ = false;  ///< between two requests, and in tunnels
    bool aborting_ = false;
    bool broken_ = false;
};

}  // namespace weir::wire::h1
