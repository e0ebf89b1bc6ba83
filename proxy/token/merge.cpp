// The neighbour test, the counter of pre-tokens that are there as a whole (lay the longest token, step back when it
// does not fit) and the one of those that arrive in pieces (dynamic programming over prefixes). Does not split text.
#include "token/merge.hpp"

#include <algorithm>
#include <memory>
#include <vector>

namespace weir::token {
namespace {

// Up to here places and tokens are kept on the stack; text in words has no longer pieces.
constexpr std::size_t longest_on_stack = 256;
constexpr std::size_t bits = 64;

// Lays tokens from left to right. `hopeless` remembers the places from which the text cannot go on, so that each is
// given up once.
class layer {
public:
    // `tokens`: room for one token per byte; `hopeless`: one bit for each place, the end included, all clear.
    layer(const vocabulary& words, std::string_view piece, token_id* tokens, std::uint64_t* hopeless)
        : words_(words), piece_(piece), tokens_(tokens), hopeless_(hopeless) {}

    std::int64_t count(token_id first) {
        token_id next = first;
        while (at_ < piece_.size()) {
            if (fits(next)) {
                lay(next);
                if (at_ < piece_.size()) next = longest_here();
            } else if (const token_id shorter = words_.shorter(next); shorter != no_token) {
                next = shorter;
            } else {
                next = take_back();
            }
        }
        return static_cast<std::int64_t>(laid_);
    }

private:
    token_id longest_here() const { return words_.longest_match(piece_.data() + at_, piece_.data() + piece_.size()); }
    bool fits(token_id next) const {
        const std::size_t end = at_ + words_.length(next);
        if ((hopeless_[end / bits] >> end % bits & 1U) != 0) return false;
        return laid_ == 0 || may_be_neighbours(words_, tokens_[laid_ - 1], next);
    }
    void lay(token_id next) {
        tokens_[laid_++] = next;
        at_ += words_.length(next);
    }
    // Never takes back more than there is: the single encoding of the piece starts at its first byte.
    token_id take_back() {
        hopeless_[at_ / bits] |= std::uint64_t{1} << at_ % bits;
        const token_id last = tokens_[--laid_];
        at_ -= words_.length(last);
        return last;
    }

    const vocabulary& words_;
    std::string_view piece_;
    std::size_t at_ = 0;
    std::size_t laid_ = 0;
    token_id* tokens_;
    std::uint64_t* hopeless_;
};

}  // namespace

bool may_be_neighbours(const vocabulary& words, token_id left, token_id right) {
    // Merging happens from low ranks to high ones. Undo it from the last merge to the first: whenever the two tokens
    // that then meet at the border could have been joined before the merge just undone, merging would have done so.
    token_id undone = no_token;
    for (;;) {
        if (words.joined(left, right) < undone) return false;
        if (std::max(left, right) < single_bytes) return true;
        if (left > right) {
            undone = left;  // on equal ranks the left of two overlapping merges wins: the one that was made
            left = words.halves(left).right;
        } else {
            undone = right + 1;  // ... and here the one across the border
            right = words.halves(right).left;
        }
    }
}

std::int64_t count_piece(const vocabulary& words, std::string_view piece) {
    const token_id longest = words.longest_match(piece.data(), piece.data() + piece.size());
    if (words.length(longest) == piece.size()) return 1;
    if (piece.size() <= longest_on_stack) {
        std::array<token_id, longest_on_stack> tokens;
        std::array<std::uint64_t, longest_on_stack / bits + 1> hopeless{};
        return layer{words, piece, tokens.data(), hopeless.data()}.count(longest);
    }
    // Left uninitialised: mostly a fraction of it is touched.
    const auto tokens = std::make_unique_for_overwrite<token_id[]>(piece.size());
    std::vector<std::uint64_t> hopeless(piece.size() / bits + 1);
    return layer{words, piece, tokens.get(), hopeless.data()}.count(longest);
}

void prefix_counter::push(const vocabulary& words, std::string_view bytes) {
    for (const char c : bytes) push_byte(words, static_cast<unsigned char>(c));
}

void prefix_counter::push_byte(const vocabulary& words, unsigned char byte) {
    advance(words, byte);
    // Mostly the last token grows by this byte. In a run of one letter this finds at once what would else be the
    // hundredth guess.
    if (current_ < open_ && follows(words, walks_[current_])) return take(words, current_);
    for (std::size_t i = 0; i < open_; ++i)
        if (i != current_ && follows(words, walks_[i])) return take(words, i);
}

void prefix_counter::advance(const vocabulary& words, unsigned char byte) {
    walks_[open_++] = {vocabulary::root, last_, count_};
    std::size_t kept = 0;
    std::size_t current = walks_.size();
    for (std::size_t i = 0; i < open_; ++i) {
        const std::uint32_t node = words.step(walks_[i].node, byte);
        if (node == 0) continue;
        if (i == current_) current = kept;
        walks_[kept] = walks_[i];
        walks_[kept++].node = node;
    }
    open_ = kept;
    current_ = current;
}

bool prefix_counter::follows(const vocabulary& words, const walk& from) {
    const token_id ends_here = words.token_at(from.node);
    if (ends_here == no_token) return false;
    return from.before == no_token || may_be_neighbours(words, from.before, ends_here);
}

void prefix_counter::take(const vocabulary& words, std::size_t which) {
    current_ = which;
    last_ = words.token_at(walks_[which].node);
    count_ = walks_[which].count_before + 1;
}

}  // namespace weir::token
