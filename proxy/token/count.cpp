// Whole-text counting: valid text where it lies, anything else by way of the stream counter, which mends it.
#include "token/count.hpp"

#include "token/count_text.hpp"
#include "token/special_tokens.hpp"
#include "token/stream_counter.hpp"
#include "token/utf8.hpp"

namespace weir::token {

std::int64_t count(encoding which, std::string_view text) {
    if (valid_utf8_prefix(text) == text.size()) return detail::count_all(which, vocabulary::of(which), text);
    stream_counter mending(which);
    mending.feed(text);
    return mending.finish();
}

std::int64_t count_with_special_tokens(encoding which, std::string_view text) {
    std::int64_t tokens = 0;
    std::size_t start = 0;
    for (std::size_t at = text.find("<|"); at != std::string_view::npos; at = text.find("<|", at)) {
        const std::size_t length = special_token_length(which, text.substr(at));
        if (length == 0) {
            ++at;
            continue;
        }
        tokens += count(which, text.substr(start, at - start)) + 1;
        start = at += length;
    }
    return tokens + count(which, text.substr(start));
}

}  // namespace weir::token
