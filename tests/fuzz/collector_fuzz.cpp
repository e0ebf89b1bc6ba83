// Streams of provider bytes put together: whatever comes, what is written is one sound JSON document within the limit,
// and the same for every slicing. Also the closing of tool inputs that broke off.
#include <cstdlib>
#include <string>

#include "dialect/collect/collector.hpp"
#include "http/sse_scanner.hpp"

using namespace weir;
using namespace weir::dialect;

namespace {

constexpr std::size_t limit = 64 * 1024;

bool is_document(const std::string& text) {
    json::index where;
    if (where.build(text) != json::fault::none || !json::check_escapes(text)) return false;
    json::cursor at{where};
    return at.peek() == '{' && at.skip() && at.at_end();
}

// The document, or why there is none.
std::string collected(endpoint e, std::string_view stream, std::size_t slice) {
    const auto parts = make_collector(e, limit);
    http::sse_scanner scanner;
    std::string window, out;
    for (std::size_t at = 0; at < stream.size(); at += slice) {
        window += stream.substr(at, slice);
        while (const std::size_t size = scanner.find(window)) {
            const bool taken = parts->take(window.substr(0, size));
            window.erase(0, size);
            if (parts->held() > limit) std::abort();
            if (!taken) return parts->why();
        }
    }
    if (!window.empty() && !parts->take(window)) return parts->why();
    if (!parts->write(out)) return parts->why();
    if (!is_document(out)) std::abort();
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr endpoint all[] = {endpoint::chat_completions, endpoint::completions, endpoint::responses, endpoint::messages,
                                endpoint::gemini_generate};
    if (size < 2) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data + 2), size - 2};
    const endpoint e = all[data[0] % std::size(all)];
    if (collected(e, text, text.size() + 1) != collected(e, text, data[1] % 32 + 1U)) std::abort();
    if (!is_document(json::closed(text))) std::abort();
    return 0;
}
