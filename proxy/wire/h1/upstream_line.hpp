// A request and its answer on one HTTP/1 connection to an upstream.
#pragma once

#include <memory>
#include <string_view>

#include "net/task.hpp"
#include "wire/h1/unframer.hpp"
#include "wire/upstream_stream.hpp"

namespace weir::wire::h1 {

class upstream_line final : public upstream_stream {
public:
    /// `scratch`: heads are parsed there; what is in it holds until something else is parsed.
    upstream_line(std::unique_ptr<net::upstream_connection> on, net::upstream_connections& of, http::response_head& scratch);
    ~upstream_line() override;
    upstream_line(const upstream_line&) = delete;
    upstream_line& operator=(const upstream_line&) = delete;
    static void* operator new(std::size_t size) { return net::allocate_frame(size); }
    static void operator delete(void* p, std::size_t size) noexcept { net::release_frame(p, size); }

    [[nodiscard]] got read(net::buffer& into) override;
    [[nodiscard]] const http::response_head& head() const override { return scratch_; }
    [[nodiscard]] got take_head(net::buffer& from) override;
    [[nodiscard]] bool readable() const override { return line_->sock.readable(); }
    [[nodiscard]] std::optional<std::uint64_t> left() const override;
    [[nodiscard]] bool has_body() const override { return framing_.has_body(); }
    [[nodiscard]] bool surplus() const override { return framing_.surplus(); }
    [[nodiscard]] bool ended() const override { return at_ == at::body && framing_.done(); }
    [[nodiscard]] std::string_view why() const override { return why_; }

    void begin(request_out& head, net::gather& out) override;
    [[nodiscard]] flow flush(net::gather& out) override;
    [[nodiscard]] flow send_more(std::string_view piece, std::size_t& taken) override;
    void sent_whole() override { sent_whole_ = true; }
    void expect(bool to_head, bool upgrade) override;
    [[nodiscard]] bool may_have_answered() override;
    [[nodiscard]] bool has_answer() override { return line_->sock.has_bytes(); }
    [[nodiscard]] bool stale() const override { return line_->reused && line_->sock.bytes_read == 0; }
    [[nodiscard]] bool reused() const override { return line_->reused; }
    [[nodiscard]] bool keeps() const override { return keeps_ && sent_whole_ && !is_last_; }
    void wake(net::waiter& sleeper) override { line_->sock.set_owner(&sleeper); }
    [[nodiscard]] net::socket& tunnel() override { return line_->sock; }

private:
    /// How far the answer has come.
    enum class at : std::uint8_t { head, whole_head, body, tunnel };
    enum class asked : std::uint8_t { plain, head, upgrade };

    [[nodiscard]] got find_head(net::buffer& in);
    [[nodiscard]] got unframe(net::buffer& window, std::size_t payload);
    [[nodiscard]] got fail(std::string_view why);

    std::unique_ptr<net::upstream_connection> line_;
    net::upstream_connections& of_;
    http::response_head& scratch_;
    unframer framing_;
    std::string_view why_;
    std::uint32_t head_size_ = 0;
    std::uint8_t interim_ = 0;
    at at_ = at::head;
    asked asked_ = asked::plain;
    bool keeps_ = false;  ///< so says the answer
    bool sent_whole_ = false;
    bool is_last_ = false;  ///< so says the request
};

/// One worker's HTTP/1 connections to one upstream.
class connections final : public links {
public:
    connections(net::reactor& loop, std::shared_ptr<const net::upstream_target> to, http::response_head& scratch)
        : pool_(loop, std::move(to)), scratch_(scratch) {}

    [[nodiscard]] std::unique_ptr<upstream_stream> take_idle(core::duration at_most) override;
    [[nodiscard]] net::task<dialled> dial(net::waiter& sleeper, net::dial_watch watch, core::time_point deadline) override;
    void close_idle() override { pool_.close_idle(); }
    void close_expired(core::time_point now) override { pool_.close_expired(now); }

private:
    net::upstream_connections pool_;
    http::response_head& scratch_;
};

}  // namespace weir::wire::h1
