// A stream put together again: its events become the JSON document that the same request without `stream` would have
// got. It looks at events only; when a stream is complete, dialect/read/answer.hpp knows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dialect/endpoint.hpp"
#include "dialect/json/json_tree.hpp"
#include "dialect/request.hpp"

namespace weir::dialect {

/// One per attempt. Fed with whole events, in order; the document comes at the end.
class collector {
public:
    virtual ~collector() = default;

    /// `event` is one whole SSE event as on the wire. False: no document can be made of this stream, and why() says
    /// why; nothing more is taken.
    bool take(std::string_view event);
    /// Once the stream is complete: appends the document to `out`. False as with take(), where parts are missing.
    bool write(std::string& out);

    [[nodiscard]] const std::string& why() const { return why_; }
    /// The answer is larger than the limit.
    [[nodiscard]] bool too_large() const { return room_.over(); }
    /// Bytes held.
    [[nodiscard]] std::size_t held() const { return room_.used(); }

protected:
    explicit collector(std::size_t limit) : room_(limit) {}
    void fail(std::string_view why) {
        if (why_.empty()) why_ = why;
    }
    [[nodiscard]] json::allowance& room() { return room_; }

private:
    /// `data` starts with '{'. False: it is not sound JSON.
    virtual bool read(std::string_view name, json::cursor data) = 0;
    virtual void compose(std::string& out) = 0;

    json::allowance room_;
    std::string why_;
};

/// Whether the answer to a unary request can be had as a stream: the endpoint has one, and the request asks for nothing
/// that only a unary answer gives (audio output, `best_of`, a background response).
[[nodiscard]] bool can_collect(const target& what, const request_facts& facts);

/// `e` is an endpoint that can_collect() allows; a document of more than `limit` bytes fails.
[[nodiscard]] std::unique_ptr<collector> make_collector(endpoint e, std::size_t limit);

/// Turns a target that can_collect() allows into the one that streams (Gemini's verb stands in the path).
void stream_in_path(target& what);

/// Whether a query parameter (`name=value`) says how Gemini's answer is written: a streaming call has its own.
[[nodiscard]] bool is_answer_format(std::string_view parameter);

}  // namespace weir::dialect
