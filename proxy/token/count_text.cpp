// The loop of the common case: split, count, go on. Knows no streams and no broken text.
#include "token/count_text.hpp"

#include "token/merge.hpp"
#include "token/splitter.hpp"

namespace weir::token::detail {
namespace {

template <pattern P>
counted count_pieces(const vocabulary& words, std::string_view text, bool ends) {
    counted so_far;
    while (so_far.bytes < text.size()) {
        const first_piece piece = split_first<P>(text.substr(so_far.bytes));
        if (!piece.sure && !ends) break;
        so_far.tokens += count_piece(words, text.substr(so_far.bytes, piece.length));
        so_far.bytes += piece.length;
    }
    return so_far;
}

}  // namespace

counted count_sure(encoding which, const vocabulary& words, std::string_view text) {
    if (which == encoding::cl100k) return count_pieces<pattern::cl100k>(words, text, false);
    return count_pieces<pattern::o200k>(words, text, false);
}

std::int64_t count_all(encoding which, const vocabulary& words, std::string_view text) {
    if (which == encoding::cl100k) return count_pieces<pattern::cl100k>(words, text, true).tokens;
    return count_pieces<pattern::o200k>(words, text, true).tokens;
}

}  // namespace weir::token::detail
