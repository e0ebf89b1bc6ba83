// The request's body: where it stands and how it comes in. A small one stays where it was read; a large one gets memory of its own, once; one that
// nobody sends twice goes on while it comes. What it means is not asked here.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/error.hpp"
#include "exchange/home.hpp"
#include "exchange/memory_share.hpp"
#include "exchange/stop_order.hpp"
#include "exchange/stopwatch.hpp"
#include "http/head.hpp"
#include "http/inflate.hpp"
#include "net/buffer.hpp"
#include "net/settings.hpp"
#include "net/task.hpp"
#include "record/request_record.hpp"
#include "wire/client_stream.hpp"

namespace weir::exchange {

class request_body {
public:
    /// What the head says of it.
    struct announced {
        explicit announced(const http::request_head& h) : how(h.body), length(h.content_length), expects_continue(h.expects_continue) {}
        http::framing how;
        std::uint64_t length;
        bool expects_continue;
    };
    /// Of a body that is not kept: it goes from the client's socket to the upstream's.
    struct upload {
        std::uint64_t left;       ///< still to be read from the client
        std::uint64_t taken = 0;  ///< given to an upstream: beyond 0 no other can be asked
        std::size_t sent = 0;     ///< of the bytes behind the head in the client's input
        core::error refusal;      ///< the client is at fault: answer this
    };
    /// What it is read with, and whom it tells. It is lent for each call: a body is held longer than it is read.
    struct company {
        company(home& h, stopwatch& w, const stop_order& o, const net::limits& l, record::request_record& t)
            : at(h), watch(w), order(o), limits(l), told(t) {}
        home& at;
        stopwatch& watch;
        const stop_order& order;
        const net::limits& limits;
        record::request_record& told;
    };

    request_body(wire::client_stream& from) : from_(from) {}

    /// Reads it to its end. `refused`: the request is not served; its body is only read away, so that the connection can go on, and not all of it.
    /// The error is the client's answer. Afterwards client_left() may be true.
    [[nodiscard]] net::task<core::error> read(announced what, bool refused, company with);
    /// Undoes a content coding that it came with.
    [[nodiscard]] net::task<core::error> decode(http::content_coding coding, company with);
    /// Other bytes take its place, from whatever they were made.
    [[nodiscard]] core::error replace(std::string_view by, company with);
    /// A client that waits to be asked for its body is asked, unless it sends already. False: it is gone.
    [[nodiscard]] net::task<bool> invite(const net::limits& limits);

    /// It is not read here, but goes on while it comes. `length` in bytes, as the head announces it.
    void stream(std::uint64_t length);
    [[nodiscard]] upload* uploading() const { return upload_.get(); }
    /// What was read of an upload and not sent.
    [[nodiscard]] std::string_view unsent() const;
    /// Takes what came along with the head; returns how many bytes.
    std::size_t begin_upload();
    /// Reads what the client has sent, once what it sent before is on its way; returns how many bytes. 0: nothing is there, or client_left().
    std::size_t take_more();

    /// It is kept, and can be sent again.
    [[nodiscard]] bool is_kept() const { return data_ != nullptr; }
    /// What it means; empty where it is not kept.
    [[nodiscard]] std::string_view bytes() const { return {data_, data_ ? size_ : 0}; }
    [[nodiscard]] const char* data() const { return data_; }
    /// Of bytes(); of a body that is not kept, the length that was announced.
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool has_coding() const { return encoded_ != nullptr; }
    /// As it came, with its content coding; empty where other bytes took its place.
    [[nodiscard]] std::string_view as_sent() const { return encoded_ ? encoded_->as_sent : bytes(); }

    /// A head says that there is one. From now on until it has been read, the connection cannot go on.
    void announce(bool there_is_one) { unread_ = there_is_one; }
    [[nodiscard]] bool unread() const { return unread_; }
    [[nodiscard]] bool client_left() const { return client_left_; }

    /// Nothing of the request is needed any more: its memory goes, and its bytes leave the client's input.
    void drop();
    /// The latter alone: the next request begins there.
    void leave_input();

private:
    /// A body that came with a content coding; data_ is what it means.
    struct coded {
        std::string_view as_sent;
        net::buffer plain;
    };
    [[nodiscard]] net::task<core::error> read_sized(std::size_t size, company with);
    [[nodiscard]] net::task<core::error> read_pieces(bool refused, company with);
    [[nodiscard]] core::error keep_piece(std::string_view data, std::size_t most, const company& with);
    [[nodiscard]] core::error count_memory(std::size_t size, const company& with);
    [[nodiscard]] core::error take_memory(std::size_t size, const company& with);
    [[nodiscard]] net::task<core::error> wait(company with);
    [[nodiscard]] bool is_there(const net::io_result& r);
    [[nodiscard]] bool take(net::buffer& into, std::size_t most);

    wire::client_stream& from_;
    std::size_t in_place_ = 0;  ///< bytes of the client's input, behind the head, that belong to this request
    const char* data_ = nullptr;
    std::size_t size_ = 0;
    net::buffer big_;
    memory_share memory_;
    std::unique_ptr<coded> encoded_;
    std::unique_ptr<upload> upload_;
    bool unread_ = false;
    bool client_left_ = false;
};

}  // namespace weir::exchange
