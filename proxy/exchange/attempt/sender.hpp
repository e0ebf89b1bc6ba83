// The first half of an attempt: a connection, the request on it, and the answer's head.
#pragma once

#include <string>

#include "exchange/attempt/conversation.hpp"
#include "exchange/attempt/outgoing.hpp"
#include "net/gather.hpp"
#include "wire/upstream_stream.hpp"

namespace weir::exchange {

/// Sending it twice is safe: it makes nothing at the provider, or every try carries the same idempotency key. What makes something (an image, a job,
/// a file) and was sent whole is asked again only after an answer that says that nothing was done.
[[nodiscard]] bool is_repeatable(request& of, const place& at);

class sender {
public:
    sender(conversation& talk, const outgoing& what, wire::links& through) : talk_(talk), of_(talk.of), what_(what), through_(through) {}

    /// `fresh`: only on a new connection. True: the head is there and understood; false: it stands otherwise now.
    [[nodiscard]] net::task<bool> reach_head(bool fresh);

private:
    [[nodiscard]] bool take_kept(bool fresh);
    [[nodiscard]] net::task<bool> dial();
    void compose(net::gather& out, std::string& copied);
    [[nodiscard]] wire::upstream_stream::flow start_sending(net::gather& out, std::string& copied);
    [[nodiscard]] net::task<bool> go_on_sending(net::gather& out);
    [[nodiscard]] bool note_sent(const net::gather& out);
    [[nodiscard]] bool take_head();
    [[nodiscard]] bool notes_closed_first(bool fresh);
    // upload.cpp
    [[nodiscard]] net::task<bool> upload();
    [[nodiscard]] net::task<bool> await_upload(core::time_point moved_at);

    conversation& talk_;
    request& of_;
    const outgoing& what_;
    wire::links& through_;
};

}  // namespace weir::exchange
