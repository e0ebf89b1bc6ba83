// What the tests of this room share: texts that are awkward to cut, and merging as the definition says.
// Not fast; compares, and is compared with.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "token/encoding.hpp"
#include "token/vocabulary.hpp"

namespace weir::token::test {

inline constexpr encoding both[] = {encoding::cl100k, encoding::o200k};

// Each holds places where a cut, or an end, changes what comes before it.
inline const std::vector<std::string>& awkward_texts() {
    static const std::vector<std::string> texts = {
        "Hello world, it's don't WE'LL they've I'm he'd you're 'quoted' O'Reilly's",
        "x'\xC5\xBF \xC5\xBFy a'\xC5\xBF"
        "b DON'T'RE 'r 'l 'v 're'",
        "  two  spaces\n\n\n  lines \r\n\t tabs\t\t.\n \n end   ",
        " \n \n x \n",
        "\n   y",
        "1234567 12 3 \xD9\xA3\xD9\xA4\xD9\xA5\xD9\xA6 \xE2\x85\xA7\xC2\xBD",
        "HTTPServer camelCase SHOUT ABCdef ABC\xE3\x81\x82XYZ ABC\xE3\x81\x82XYZ's ABC\xE3\x81\x82XYZw "
        "\xC7\x85\xCA\xB0q",
        "e\xCC\x81 \xCC\x81x \xCC\x81X\xCC\x81Y !\xCC\x81z !!\xCC\x81z \xCC\x81!",
        "https://a.b/c//\n/d /* x */\n\n// y\r\n/;--->  ===\n",
        "\xE7\xBD\x91\xE5\x85\xB3\xE4\xBD\x8D\xE4\xBA\x8E\xE3\x80\x82\xE3\x80\x80\xE3\x80\x80\xE4\xB9\x8B\xE9\x97\xB4",
        "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7 "
        "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA!\xEF\xB8\x8F",
        "broken \xE2\x82 and \xF0\x9F\x98 and \xED\xA0\x80 and \xC0\xAF\xFF\x80 end\xF0\x9F",
        "\xC2\xA0\xC2\xA0word \xE2\x80\xA8\xE2\x80\xA9 \xC2\x85.",
        "<|endoftext|> <|start|>",
        "\xF3\xA0\x84\x81 \xF0\xA0\x80\x80\xF4\x8F\xBF\xBF",
    };
    return texts;
}

// Runs that outgrow any carry, each followed by what decides about their end.
inline std::vector<std::string> long_runs(std::size_t length) {
    const auto run = [length](std::string_view unit) {
        std::string text;
        while (text.size() < length) text += unit;
        return text;
    };
    std::vector<std::string> texts;
    for (const std::string_view unit : {"a", "A", "Ab", "\xE3\x81\x82",
                                        "\xE3\x81\x82"
                                        "A",
                                        "A\xCC\x81", "!", "/", "!\n", " ", "\t", " \n", "\n", "\xE3\x80\x80", "\n  ", "=\xCC\x81"}) {
        for (const std::string_view before : {"", " ", "!", "\n", "'", "\xCC\x81", "\xE3\x81\x82", "1"}) {
            for (const std::string_view after :
                 {"",          "x", "X",   "BBBBBBBB", "BBBBBBBBb", "BBBB's", "'s",     "'S x",  "'r",           "'re", "'lx",     "'",
                  "'\xC5\xBF", " ", "  x", " x",       "  !",       "\n",     "\r\n/;", "/\n/x", "\xE3\x81\x82", "7",   "\xF0\x9F"})
                texts.push_back(std::string{before} + run(unit) + std::string{after});
        }
    }
    return texts;
}

// The bytes of every token in rank order, read back from the vocabulary's own halves.
inline std::vector<std::string> all_tokens(const vocabulary& words) {
    std::vector<std::string> bytes(words.size());
    // The ranks of the single bytes are not their values.
    for (int byte = 0; byte < 256; ++byte) {
        const auto c = static_cast<char>(byte);
        bytes[words.longest_match(&c, &c + 1)] = std::string(1, c);
    }
    for (token_id token = single_bytes; token < words.size(); ++token)
        bytes[token] = bytes[words.halves(token).left] + bytes[words.halves(token).right];
    return bytes;
}

// Byte-pair encoding as it is defined: merge the lowest-ranked neighbours, the leftmost of equals, until none is left.
class plain_merger {
public:
    explicit plain_merger(const vocabulary& words) {
        const auto tokens = all_tokens(words);
        for (token_id token = 0; token < tokens.size(); ++token) rank_of_.emplace(tokens[token], token);
    }

    std::vector<token_id> encode(std::string_view text) const {
        std::vector<std::string> parts;
        for (const char c : text) parts.emplace_back(1, c);
        for (;;) {
            token_id lowest = no_token;
            std::size_t where = 0;
            for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
                const auto found = rank_of_.find(parts[i] + parts[i + 1]);
                if (found == rank_of_.end() || found->second >= lowest) continue;
                lowest = found->second;
                where = i;
            }
            if (lowest == no_token) break;
            parts[where] += parts[where + 1];
            parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(where) + 1);
        }
        std::vector<token_id> tokens;
        for (const auto& part : parts) tokens.push_back(rank_of_.at(part));
        return tokens;
    }

private:
    std::map<std::string, token_id> rank_of_;
};

}  // namespace weir::token::test
