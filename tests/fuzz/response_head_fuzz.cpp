// Answer heads: more bytes never change a verdict, and what was accepted means the same when it is written anew.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/head.hpp"
#include "http/head_writer.hpp"

using namespace weir::http;

namespace {

constexpr std::size_t limit = 4096;

void expect(bool ok) {
    if (!ok) std::abort();
}

std::string rewritten(const response_head& head) {
    std::string bytes;
    head_writer w{bytes};
    w.status_line(head.status, head.reason);
    for (const auto& f : head.fields) {
        if (f.id == field_id::content_length)
            w.add("Content-Length", head.content_length);
        else if (f.id == field_id::transfer_encoding)
            w.add("Transfer-Encoding", "chunked");
        else
            w.add(f.name, f.value);
    }
    w.end();
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const bool to_head = data[0] == 'H' && size > 1 && data[1] == '!';
    const std::string_view all{reinterpret_cast<const char*>(data), size};
    const auto bytes = all.substr(to_head ? 2 : 0);
    response_head head;
    const auto r = parse_response_head(bytes, limit, to_head, head);
    if (r.state == parse_state::failed) expect(r.code == weir::core::code::upstream_invalid_response && !r.why.empty());
    if (r.state == parse_state::need_more) expect(bytes.size() < limit);
    if (r.state != parse_state::done) return 0;
    expect(r.consumed > 0 && r.consumed <= bytes.size() && r.consumed <= limit);
    expect(head.status >= 100 && head.status <= 599);
    if (to_head || head.status < 200) expect(head.body == framing::none);
    if (head.body == framing::until_close) expect(!head.keep_alive);

    response_head other;
    expect(parse_response_head(bytes.substr(0, r.consumed - 1), limit, to_head, other).state == parse_state::need_more);
    const auto again = rewritten(head);
    const auto second = parse_response_head(again, again.size(), to_head, other);
    expect(second.state == parse_state::done && second.consumed == again.size());
    expect(other.status == head.status && other.body == head.body && other.content_length == head.content_length);
    return 0;
}
