// PROXY headers and X-Forwarded-For from anybody: the same verdict however the bytes are sliced, no address that is none.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "net/proxy_protocol.hpp"
#include "policy/real_peer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using weir::net::proxy_header;
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const auto whole = weir::net::read_proxy_header(bytes);
    for (std::size_t n = 0; n < size; ++n) {
        const auto part = weir::net::read_proxy_header(bytes.substr(0, n));
        if (part.is == proxy_header::state::need_more) continue;
        // What was decided once stays so, whatever comes behind it.
        if (part.is != whole.is || part.size != whole.size) std::abort();
    }
    if (whole.is == proxy_header::state::done && whole.size > size) std::abort();
    if (whole.source && weir::net::to_string(*whole.source).empty()) std::abort();

    static const std::vector<weir::policy::ip_block> trusted = {*weir::policy::ip_block::parse("10.0.0.0/8")};
    const auto peer = weir::policy::real_peer(bytes, "10.0.0.1", trusted);
    if (!weir::policy::ip_address::parse(peer)) std::abort();
    return 0;
}
