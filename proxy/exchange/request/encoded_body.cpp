// Request bodies with a content coding: decoded to be read, and passed on as they were sent unless a value in them must change.
#include <algorithm>
#include <string>

#include "exchange/request/request_body.hpp"
#include "http/inflate.hpp"

namespace weir::exchange {
namespace {

using http::inflater;

// JSON and text shrink to a tenth or a fiftieth. What grows more than this is made to use up memory (deflate can reach 1032).
constexpr std::size_t largest_ratio = 100;
// Under this size nobody counts.
constexpr std::size_t any_ratio_up_to = 1 << 20;
// So much is decoded before other connections of this worker get their turn: about a millisecond.
constexpr std::size_t turn_bytes = 512 * 1024;

std::string_view fault_of(inflater::status s) {
    switch (s) {
        case inflater::status::truncated: return "ends too early";
        case inflater::status::trailing: return "goes on behind its end";
        default: return "is damaged";
    }
}

}  // namespace

net::task<core::error> request_body::decode(http::content_coding coding, company with) {
    core::error why;
    if (coding != http::content_coding::gzip && coding != http::content_coding::deflate) {
        why = core::error{core::code::unsupported_encoding,
                          "this Content-Encoding is not understood here: send the body as it is, or with gzip or deflate"};
        co_return why;
    }
    const auto limit = with.limits.request_body;
    const auto most = std::min<std::size_t>(limit, std::max(any_ratio_up_to, largest_ratio * size_));
    const auto counted_before = memory_.size();
    encoded_ = std::make_unique<coded>();
    encoded_->as_sent = {data_, size_};
    auto& plain = encoded_->plain;
    inflater decoder{coding, encoded_->as_sent};
    std::size_t in_turn = 0;
    while (decoder.now() == inflater::status::more) {
        if (plain.size() >= most) {
            // One byte of room tells an end that is just here from more to come.
            char one = 0;
            if (decoder.next(&one, 1) == 0) continue;
            why = most == limit ? core::error{core::code::body_too_large, "the decoded request body is larger than limits.request_body allows"}
                                : core::error{core::code::bad_request, "the request body grows more than a hundredfold when it is decoded"};
            co_return why;
        }
        if (plain.free_size() == 0) {
            const auto size = std::min(most, std::max({2 * plain.capacity(), 4 * size_, net::slab_size}));
            why = count_memory(counted_before + size, with);
            if (why) co_return why;
            plain.reserve(size);
        }
        const auto room = std::min({plain.free_size(), most - plain.size(), turn_bytes});
        const auto got = decoder.next(plain.free_begin(), room);
        plain.commit(got);
        in_turn += got;
        if (in_turn < turn_bytes) continue;
        in_turn = 0;
        co_await from_.sleeper().yield();
    }
    if (decoder.now() != inflater::status::done) {
        why = core::error{core::code::bad_request, "the " + std::string{coding == http::content_coding::gzip ? "gzip" : "deflate"} +
                                                       " coding of the request body " + std::string{fault_of(decoder.now())}};
        co_return why;
    }
    if (!plain.has_memory()) plain.need_slab();
    data_ = plain.data();
    size_ = plain.size();
    co_return why;
}

}  // namespace weir::exchange
