// A vocabulary as it lies in the binary: an image made at build time by embed/make_image.cpp and used in place, so that
// nothing is read, allocated or built at start and only the pages that are touched take memory.
// Does not know how text is cut into pre-tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "token/encoding.hpp"

namespace weir::token {

using token_id = std::uint32_t;  // the rank: a lower one is merged earlier

inline constexpr token_id no_token = 0x3FFFF;      // what 18 bits hold, above every id
inline constexpr token_id single_bytes = 256;      // ids below are the single bytes
inline constexpr std::size_t longest_token = 128;  // bytes; checked when the image is made

// A node of the trie of all tokens. The child along byte b is the node at index `children ^ b` if its label is b.
struct trie_node {
    static constexpr std::uint32_t no_label = 0x1FF;  // of an unused index; no byte equals it

    std::uint32_t children;         // 0: none
    std::uint32_t token_and_label;  // the token that ends here (no_token: none) << 9 | label

    [[nodiscard]] token_id token() const { return token_and_label >> 9; }
    [[nodiscard]] std::uint32_t label() const { return token_and_label & 0x1FF; }
};

// The two tokens whose merge makes a token; of a single byte, itself and no_token.
struct token_halves {
    token_id left;
    token_id right;
};

// Where the parts of an image lie; the image starts with this.
struct image_header {
    static constexpr std::uint64_t expected_magic = 0x3173656c62617462U;

    std::uint64_t magic;
    std::uint32_t tokens;
    std::uint32_t nodes;
    std::uint32_t pair_slots;
    std::uint32_t reserved;
    std::uint64_t trie_offset;     // trie_node[nodes]; the root is node 1
    std::uint64_t shorter_offset;  // token_id[tokens]
    std::uint64_t halves_offset;   // token_halves[tokens]
    std::uint64_t pairs_offset;    // std::uint32_t[pair_slots]
    std::uint64_t lengths_offset;  // std::uint8_t[tokens]
};

// The hash of a pair: its high half picks the slot, its low 14 bits are kept in the slot as a tag.
[[nodiscard]] inline std::uint64_t hash_pair(token_id left, token_id right) {
    const std::uint64_t mixed = (static_cast<std::uint64_t>(left) << 18 | right) * 0x9E3779B97F4A7C15U;
    return mixed ^ mixed >> 29;
}
[[nodiscard]] inline std::uint32_t first_pair_slot(std::uint64_t hash, std::uint32_t slots) {
    return static_cast<std::uint32_t>((hash >> 32) * slots >> 32);
}
[[nodiscard]] inline std::uint32_t pair_tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash & 0x3FFF); }

class vocabulary {
public:
    static constexpr std::uint32_t root = 1;

    explicit vocabulary(const unsigned char* image);
    [[nodiscard]] static vocabulary of(encoding which);

    // The node reached from `node` along `byte`, or 0.
    [[nodiscard]] std::uint32_t step(std::uint32_t node, unsigned char byte) const {
        const std::uint32_t next = trie_[node].children ^ byte;
        return trie_[next].label() == byte ? next : 0;
    }
    [[nodiscard]] token_id token_at(std::uint32_t node) const { return trie_[node].token(); }

    // The longest token that begins `text`, which is not empty.
    [[nodiscard]] token_id longest_match(const char* text, const char* end) const {
        token_id best = no_token;
        std::uint32_t children = trie_[root].children;
        for (; text != end; ++text) {
            const auto byte = static_cast<unsigned char>(*text);
            const trie_node next = trie_[children ^ byte];
            if (next.label() != byte) break;
            children = next.children;
            best = next.token() == no_token ? best : next.token();
        }
        return best;
    }

    [[nodiscard]] std::size_t length(token_id token) const { return lengths_[token]; }
    // The longest token that is a proper prefix of `token`, or no_token.
    [[nodiscard]] token_id shorter(token_id token) const { return shorter_[token]; }
    [[nodiscard]] token_halves halves(token_id token) const { return halves_[token]; }
    // The token that the merge of these two makes, or no_token.
    [[nodiscard]] token_id joined(token_id left, token_id right) const;

    [[nodiscard]] std::uint32_t size() const { return tokens_; }

private:
    const trie_node* trie_;
    const token_id* shorter_;
    const token_halves* halves_;
    const std::uint32_t* pairs_;
    const std::uint8_t* lengths_;
    std::uint32_t pair_slots_;
    std::uint32_t tokens_;
};

}  // namespace weir::token
