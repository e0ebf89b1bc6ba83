// Finds the parts of an image. Trusts it: the build made and checked it.
#include "token/vocabulary.hpp"

extern "C" {
extern const unsigned char weir_image_cl100k[];
extern const unsigned char weir_image_o200k[];
}

namespace weir::token {
namespace {

template <class T>
const T* part(const unsigned char* image, std::uint64_t offset) {
    return reinterpret_cast<const T*>(image + offset);
}

}  // namespace

vocabulary::vocabulary(const unsigned char* image) {
    const auto& header = *part<image_header>(image, 0);
    trie_ = part<trie_node>(image, header.trie_offset);
    shorter_ = part<token_id>(image, header.shorter_offset);
    halves_ = part<token_halves>(image, header.halves_offset);
    pairs_ = part<std::uint32_t>(image, header.pairs_offset);
    lengths_ = part<std::uint8_t>(image, header.lengths_offset);
    pair_slots_ = header.pair_slots;
    tokens_ = header.tokens;
}

vocabulary vocabulary::of(encoding which) { return vocabulary{which == encoding::cl100k ? weir_image_cl100k : weir_image_o200k}; }

token_id vocabulary::joined(token_id left, token_id right) const {
    const std::uint64_t hash = hash_pair(left, right);
    const std::uint32_t tag = pair_tag(hash);
    for (std::uint32_t slot = first_pair_slot(hash, pair_slots_);;) {
        const std::uint32_t found = pairs_[slot];
        const token_id token = found & no_token;
        if (token == no_token) return no_token;
        if (found >> 18 == tag && halves_[token].left == left && halves_[token].right == right) return token;
        if (++slot == pair_slots_) slot = 0;
    }
}

}  // namespace weir::token
