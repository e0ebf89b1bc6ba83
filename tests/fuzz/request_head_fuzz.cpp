// Request heads: more bytes never change a verdict, and what was accepted means the same when it is written anew.
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

// As a proxy writes it: framing from the model, other fields as they are.
std::string rewritten(const request_head& head) {
    std::string bytes;
    head_writer w{bytes};
    w.request_line(head.method, head.path, head.query);
    w.add("Host", head.host);
    for (const auto& f : head.fields) {
        if (f.id == field_id::host || f.id == field_id::expect) continue;
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
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    request_head head;
    const auto r = parse_request_head(bytes, limit, head);
    if (r.state == parse_state::failed) expect(!r.why.empty() && r.code != weir::core::code::none);
    if (r.state == parse_state::need_more) expect(size < limit);
    if (r.state != parse_state::done) return 0;
    expect(r.consumed > 0 && r.consumed <= size && r.consumed <= limit && head.fields.size() <= max_fields);
    expect(head.body != framing::until_close);
    if (head.minor_version == 1) expect(!head.host.empty());

    request_head other;
    expect(parse_request_head(bytes.substr(0, r.consumed - 1), limit, other).state == parse_state::need_more);
    expect(parse_request_head(bytes.substr(0, r.consumed), limit, other).consumed == r.consumed);
    if (head.host.empty()) return 0;
    const auto again = rewritten(head);
    const auto second = parse_request_head(again, again.size(), other);
    expect(second.state == parse_state::done && second.consumed == again.size());
    expect(other.method == head.method && other.path == head.path && other.query == head.query && other.host == head.host);
    expect(other.body == head.body && other.content_length == head.content_length);
    return 0;
}
