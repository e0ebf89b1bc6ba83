// Byte-pair encoding inside one pre-token, in linear time. Counts tokens; never lists them.
//
// Two facts carry both counters (the method is described with github/rust-gems' "bpe"). (1) Every prefix of a text has
// one encoding, and the encoding of a text without its last token is the encoding of the text without that token's
// bytes. (2) A sequence of tokens is what merging makes if and only if each neighbouring pair is what merging makes of
// that pair's bytes. So tokens can be laid left to right, looking only at neighbours, and no merge is ever replayed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "token/vocabulary.hpp"

namespace weir::token {

// Whether merging the bytes of these two tokens gives these two tokens again.
[[nodiscard]] bool may_be_neighbours(const vocabulary& words, token_id left, token_id right);

// The number of tokens of a whole pre-token (at least one byte). Allocates only for one above 256 bytes: 4 bytes per
// token and a bit per byte.
[[nodiscard]] std::int64_t count_piece(const vocabulary& words, std::string_view piece);

// Counts the tokens of every prefix of a text that arrives byte by byte, in memory that does not grow (about 2 KiB):
// for each byte, one of the tokens that end there follows on the encoding of what stands before it.
class prefix_counter {
public:
    // Time per byte: one trie step for each beginning that is still part of some token, at most `longest_token`.
    void push(const vocabulary& words, std::string_view bytes);

    // Tokens of all bytes so far.
    [[nodiscard]] std::int64_t count() const { return count_; }

private:
    // A place in the text from which the bytes so far are the beginning of a token.
    struct walk {
        std::uint32_t node;
        token_id before;            // the last token of the encoding up to that place
        std::int64_t count_before;  // and the number of its tokens
    };
    void push_byte(const vocabulary& words, unsigned char byte);
    void advance(const vocabulary& words, unsigned char byte);
    [[nodiscard]] static bool follows(const vocabulary& words, const walk& from);
    void take(const vocabulary& words, std::size_t which);

    std::array<walk, longest_token + 1> walks_;  // the longest first
    std::size_t open_ = 0;
    std::size_t current_ = 0;  // the walk of the last token
    token_id last_ = no_token;
    std::int64_t count_ = 0;
};

}  // namespace weir::token
