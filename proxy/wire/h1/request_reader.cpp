#include "wire/h1/request_reader.hpp"

#include <algorithm>

namespace weir::wire::h1 {
namespace {

constexpr std::size_t room_for_a_read = net::slab_size / 4;

}  // namespace

void request_reader::make_room() {
    if (!in_.has_memory() && last_request_ > net::slab_size) {
        const std::size_t here = socket_.available();
        if (here > net::slab_size) in_.reserve(std::min<std::size_t>(std::max<std::size_t>(here, last_request_), read_at_once) + net::padding);
    }
    in_.need_slab();
}

http::parse_result request_reader::parse(std::size_t limit, http::unsaid_length unsaid) {
    scratch_.owner = nullptr;
    const auto r = http::parse_request_head(in_.view(), limit, scratch_.head, unsaid);
    if (r.state != http::parse_state::done) return r;
    head_size_ = static_cast<std::uint32_t>(r.consumed);
    scratch_.owner = this;
    return r;
}

http::request_head& request_reader::head() {
    if (scratch_.owner == this) return scratch_.head;
    // Another request used the scratch space meanwhile; these bytes have been parsed before, so this cannot fail.
    (void)http::parse_request_head(in_.view().substr(0, head_size_), head_size_ + 1, scratch_.head, http::unsaid_length::none);
    scratch_.owner = this;
    return scratch_.head;
}

net::io_result request_reader::read_more(std::size_t most) {
    if (in_.free_size() < room_for_a_read) {
        in_.reserve(head_size_ + net::slab_size);
        head_moved();
    }
    const auto r = socket_.read(in_.free_begin(), std::min(most, in_.free_size()));
    if (r.what == net::io::ok) in_.commit(r.bytes);
    return r;
}

body_piece request_reader::next_piece(std::uint64_t largest) {
    using kind = body_piece::kind;
    if (!chunked_) {
        chunked_ = std::make_unique<chunked_body>();
        chunked_->scanner.limit_chunk(largest);
    }
    auto& [scanner, walked] = *chunked_;
    body_piece out;
    walked += scanner.next(in_.view().substr(head_size_ + walked), out.bytes);
    if (!out.bytes.empty()) {
        out.is = kind::bytes;
    } else if (scanner.now() == http::chunk_scanner::status::done) {
        out.is = kind::end;
    } else if (scanner.now() == http::chunk_scanner::status::failed) {
        out = {scanner.too_large() ? kind::too_large : kind::malformed, scanner.why()};
    } else {
        // What was seen makes room for what comes; the head stays in front.
        in_.drop_from(head_size_);
        walked = 0;
    }
    return out;
}

void request_reader::leave_input(std::size_t body) {
    if (chunked_) body = chunked_->walked;
    chunked_.reset();
    in_.consume(std::min(head_size_ + body, in_.size()));
    head_size_ = 0;
    head_moved();
}

}  // namespace weir::wire::h1
