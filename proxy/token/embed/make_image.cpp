// Build-time tool: turns a .ranks file (third_party/tokens) into the image that vocabulary.hpp reads in place.
//     weir_make_token_image IN.ranks OUT.image
// Ends with an error, and so ends the build, when the ranks are not a vocabulary the counters can be exact with.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "token/vocabulary.hpp"

namespace {

using namespace weir::token;

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "weir_make_token_image: %s\n", why.c_str());
    std::exit(1);
}

using rank_map = std::unordered_map<std::string_view, token_id>;

std::vector<std::string_view> read_tokens(std::string_view ranks) {
    std::vector<std::string_view> tokens;
    while (!ranks.empty()) {
        const auto length = static_cast<unsigned char>(ranks[0]);
        if (length == 0 || length > longest_token || length >= ranks.size()) give_up("token " + std::to_string(tokens.size()) + " has a bad length");
        tokens.push_back(ranks.substr(1, length));
        ranks.remove_prefix(std::size_t{1} + length);
    }
    if (tokens.size() < single_bytes || tokens.size() >= no_token) give_up("bad number of tokens");
    return tokens;
}

// What byte-pair encoding makes of a token's bytes when only earlier tokens may be merged: its two halves.
token_halves halves_of(std::string_view bytes, token_id own_rank, const rank_map& rank_of) {
    std::vector<std::string_view> parts;
    for (std::size_t i = 0; i < bytes.size(); ++i) parts.push_back(bytes.substr(i, 1));
    while (parts.size() > 2) {
        token_id lowest = own_rank;
        std::size_t where = 0;
        for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
            const std::string_view both{parts[i].data(), parts[i].size() + parts[i + 1].size()};
            const auto found = rank_of.find(both);
            if (found == rank_of.end() || found->second >= lowest) continue;
            lowest = found->second;
            where = i;
        }
        if (lowest == own_rank) give_up("token " + std::to_string(own_rank) + " is never reached by merging");
        parts[where] = {parts[where].data(), parts[where].size() + parts[where + 1].size()};
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(where) + 1);
    }
    const token_halves halves{rank_of.at(parts[0]), rank_of.at(parts[1])};
    // The counters undo merges from the highest rank down, which is from the last to the first only if this holds.
    if (halves.left >= own_rank || halves.right >= own_rank) give_up("a token is made of later ones");
    return halves;
}

std::vector<token_halves> make_halves(const std::vector<std::string_view>& tokens, const rank_map& rank_of) {
    std::vector<token_halves> halves;
    for (token_id rank = 0; rank < tokens.size(); ++rank) {
        if ((tokens[rank].size() == 1) != (rank < single_bytes)) give_up("the first 256 ranks are not the single bytes");
        halves.push_back(rank < single_bytes ? token_halves{rank, no_token} : halves_of(tokens[rank], rank, rank_of));
    }
    return halves;
}

std::vector<token_id> make_shorter(const std::vector<std::string_view>& tokens, const rank_map& rank_of) {
    std::vector<token_id> shorter(tokens.size(), no_token);
    for (std::size_t rank = 0; rank < tokens.size(); ++rank) {
        for (std::size_t length = tokens[rank].size() - 1; length > 0; --length) {
            const auto found = rank_of.find(tokens[rank].substr(0, length));
            if (found == rank_of.end()) continue;
            shorter[rank] = found->second;
            break;
        }
    }
    return shorter;
}

std::vector<std::uint32_t> make_pairs(const std::vector<token_halves>& halves) {
    std::vector<std::uint32_t> slots(halves.size() * 2, no_token);
    for (token_id token = single_bytes; token < halves.size(); ++token) {
        const std::uint64_t hash = hash_pair(halves[token].left, halves[token].right);
        std::uint32_t slot = first_pair_slot(hash, static_cast<std::uint32_t>(slots.size()));
        while ((slots[slot] & no_token) != no_token) slot = (slot + 1) % static_cast<std::uint32_t>(slots.size());
        slots[slot] = pair_tag(hash) << 18 | token;
    }
    return slots;
}

// A trie with children in a map, only to be packed from.
struct loose_node {
    std::vector<std::pair<unsigned char, std::uint32_t>> children;
    token_id token = no_token;
    token_id first_use = no_token;  // the lowest rank below
};

std::vector<loose_node> make_loose_trie(const std::vector<std::string_view>& tokens) {
    std::vector<loose_node> nodes(1);
    for (token_id rank = 0; rank < tokens.size(); ++rank) {
        std::uint32_t at = 0;
        for (const char c : tokens[rank]) {
            const auto byte = static_cast<unsigned char>(c);
            const auto& children = nodes[at].children;
            const auto found = std::find_if(children.begin(), children.end(), [byte](const auto& child) { return child.first == byte; });
            if (found != children.end()) {
                at = found->second;
                continue;
            }
            const auto fresh = static_cast<std::uint32_t>(nodes.size());
            nodes[at].children.emplace_back(byte, fresh);
            nodes.emplace_back().first_use = rank;
            at = fresh;
        }
        nodes[at].token = rank;
    }
    return nodes;
}

// Packs a trie so that each child's index is its parent's `children` xor its byte. Nodes are placed by the lowest rank
// below them: what common text walks through comes to lie together, on few pages.
class trie_packer {
public:
    explicit trie_packer(const std::vector<loose_node>& loose) : loose_(loose) {}

    std::vector<trie_node> pack() {
        grow();
        base_taken_[0] = true;  // 0 means "no children"
        taken_[0] = taken_[vocabulary::root] = true;
        using entry = std::pair<token_id, std::pair<std::uint32_t, std::uint32_t>>;  // first use; loose, packed index
        std::priority_queue<entry, std::vector<entry>, std::greater<>> open;
        open.push({0, {0, vocabulary::root}});
        while (!open.empty()) {
            const auto [loose, packed] = open.top().second;
            open.pop();
            if (loose_[loose].children.empty()) continue;
            const std::uint32_t base = find_base(loose_[loose]);
            base_taken_[base] = true;
            nodes_[packed].children = base;
            for (const auto& [byte, child] : loose_[loose].children) {
                taken_[base ^ byte] = true;
                nodes_[base ^ byte] = {0, loose_[child].token << 9 | byte};
                open.push({loose_[child].first_use, {child, base ^ byte}});
            }
        }
        return std::move(nodes_);
    }

private:
    void grow() {
        nodes_.resize(nodes_.size() + 256, trie_node{0, no_token << 9 | trie_node::no_label});
        taken_.resize(nodes_.size(), false);
        base_taken_.resize(nodes_.size(), false);
        misses_.push_back(0);
    }

    bool fits(const loose_node& node, std::uint32_t base) const {
        if (base_taken_[base]) return false;
        return std::none_of(node.children.begin(), node.children.end(), [&](const auto& child) { return taken_[base ^ child.first]; });
    }

    // The first base that fits; a block of 256 that has disappointed often enough is full enough.
    std::uint32_t find_base(const loose_node& node) {
        for (;;) {
            while (first_open_ < misses_.size() && misses_[first_open_] > 1000) ++first_open_;
            for (std::size_t block = first_open_; block < misses_.size(); ++block) {
                if (misses_[block] > 1000) continue;
                for (std::uint32_t i = 0; i < 256; ++i) {
                    const auto slot = static_cast<std::uint32_t>(block * 256 + i);
                    const std::uint32_t base = slot ^ node.children[0].first;
                    if (!taken_[slot] && fits(node, base)) return base;
                }
                ++misses_[block];
            }
            grow();
        }
    }

    const std::vector<loose_node>& loose_;
    std::vector<trie_node> nodes_;
    std::vector<bool> taken_;
    std::vector<bool> base_taken_;
    std::vector<int> misses_;
    std::size_t first_open_ = 0;
};

class image_writer {
public:
    image_writer() : bytes_(sizeof(image_header), '\0') {}

    template <class T>
    std::uint64_t add(const std::vector<T>& part) {
        bytes_.resize((bytes_.size() + 63) / 64 * 64);
        const std::uint64_t offset = bytes_.size();
        bytes_.append(reinterpret_cast<const char*>(part.data()), part.size() * sizeof(T));
        return offset;
    }
    std::string finish(const image_header& header) {
        bytes_.replace(0, sizeof header, reinterpret_cast<const char*>(&header), sizeof header);
        return std::move(bytes_);
    }

private:
    std::string bytes_;
};

std::string make_image(const std::vector<std::string_view>& tokens) {
    rank_map rank_of;
    for (token_id rank = 0; rank < tokens.size(); ++rank)
        if (!rank_of.emplace(tokens[rank], rank).second) give_up("a token stands twice");
    std::vector<std::uint8_t> lengths;
    for (const auto token : tokens) lengths.push_back(static_cast<std::uint8_t>(token.size()));

    const auto halves = make_halves(tokens, rank_of);
    const auto pairs = make_pairs(halves);
    const auto trie = trie_packer{make_loose_trie(tokens)}.pack();

    image_writer out;
    image_header header{};
    header.magic = image_header::expected_magic;
    header.tokens = static_cast<std::uint32_t>(tokens.size());
    header.nodes = static_cast<std::uint32_t>(trie.size());
    header.pair_slots = static_cast<std::uint32_t>(pairs.size());
    header.trie_offset = out.add(trie);
    header.pairs_offset = out.add(pairs);
    header.halves_offset = out.add(halves);
    header.shorter_offset = out.add(make_shorter(tokens, rank_of));
    header.lengths_offset = out.add(lengths);
    return out.finish(header);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) give_up("usage: weir_make_token_image IN.ranks OUT.image");
    std::ifstream in(argv[1], std::ios::binary);
    const std::string ranks{std::istreambuf_iterator<char>{in}, {}};
    if (!in || ranks.empty()) give_up(std::string{"cannot read "} + argv[1]);
    const std::string image = make_image(read_tokens(ranks));
    std::ofstream out(argv[2], std::ios::binary);
    out.write(image.data(), static_cast<std::streamsize>(image.size()));
    if (!out.flush()) give_up(std::string{"cannot write "} + argv[2]);
    return 0;
}
