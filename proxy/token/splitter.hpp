// Cuts text into the pre-tokens inside which BPE merges: the regular expressions of tiktoken, by hand.
// Sees valid UTF-8 only, and never looks back before the start it is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "token/char_class.hpp"

namespace weir::token {

// Which regular expression (tiktoken_ext/openai_public.py); o200k_harmony splits as o200k_base does.
enum class pattern : std::uint8_t { cl100k, o200k };

// The first pre-token of a text. Unless `sure`, text that arrives later could make it longer or shorter.
struct first_piece {
    std::size_t length;
    bool sure;
};

namespace detail {

inline constexpr std::uint8_t letters = char_class::upper | char_class::lower | char_class::letter;
inline constexpr std::uint8_t symbols = char_class::mark | char_class::other;
inline constexpr std::uint8_t word_head = char_class::upper | char_class::letter | char_class::mark;
inline constexpr std::uint8_t word_tail = char_class::lower | char_class::letter | char_class::mark;

// Reads forward and remembers whether a decision rested on the text having ended.
class reader {
public:
    reader(const char* at, const char* end) : at_(at), end_(end) {}

    [[nodiscard]] const char* at() const { return at_; }
    [[nodiscard]] bool saw_end() const { return saw_end_; }

    [[nodiscard]] character peek() {
        if (at_ != end_) return read_character(at_);
        saw_end_ = true;
        return {0, 0};
    }
    void skip(character c) { at_ += c.length; }
    void go_to(const char* at) { at_ = at; }

    void skip_all(std::uint8_t mask) {
        const char* at = at_;  // a register: the compiler cannot know that nothing else points to at_
        while (at != end_) {
            const auto lead = static_cast<unsigned char>(*at);
            const character c = lead < 0x80 ? character{ascii_classes[lead], 1} : read_wide_character(at);
            if ((c.what & mask) == 0) break;
            at += c.length;
        }
        saw_end_ = saw_end_ || at == end_;
        at_ = at;
    }

    // The byte here without case, or 0 at the end. U+017F, which folds to "s", reads as one.
    [[nodiscard]] char peek_folded() {
        if (peek().length == 0) return 0;
        if (*at_ >= 'A' && *at_ <= 'Z') return static_cast<char>(*at_ | 0x20);
        return at_[0] == '\xC5' && at_[1] == '\xBF' ? 's' : *at_;
    }

private:
    const char* at_;
    const char* end_;
    bool saw_end_ = false;
};

// "'s", "'t", "'m", "'d", "'re", "'ve", "'ll" in any case: skips one that stands here and says so.
[[nodiscard]] inline bool skip_contraction(reader& in) {
    const char* const start = in.at();
    if (in.peek().length == 0 || *start != '\'') return false;
    in.skip({char_class::other, 1});
    const char first = in.peek_folded();
    if (first == 's' || first == 't' || first == 'm' || first == 'd') {
        in.skip(in.peek());
        return true;
    }
    if (first == 'r' || first == 'v' || first == 'l') {
        in.skip(in.peek());
        if (in.peek_folded() == (first == 'l' ? 'l' : 'e')) {
            in.skip(in.peek());
            return true;
        }
    }
    in.go_to(start);
    return false;
}

// The part of the o200k expression that makes words: "U*W+" or else "U+W*", U being upper and caseless, W lower and
// caseless. When no lower-case letter follows the U-run, "W+" has to give way up to the last caseless one.
inline void skip_cased_word(reader& in) {
    const char* after_caseless = nullptr;
    character c = in.peek();
    for (; (c.what & word_head) != 0; c = in.peek()) {
        in.skip(c);
        if (c.what != char_class::upper) after_caseless = in.at();
    }
    if (c.what == char_class::lower) {
        in.skip_all(word_tail);
    } else if (after_caseless != nullptr) {
        in.go_to(after_caseless);
    }
    (void)skip_contraction(in);
}

template <pattern P>
void skip_symbols(reader& in) {
    in.skip_all(symbols);
    character c = in.peek();
    while (c.what == char_class::newline || (P == pattern::o200k && c.length == 1 && *in.at() == '/')) {
        in.skip(c);
        c = in.peek();
    }
}

// A run of white space: up to its last line break; without one, all but the last character, which joins what follows.
template <pattern P>
void skip_spaces(reader& in, const char* start) {
    const char* after_newline = nullptr;
    const char* last = start;
    character c = in.peek();
    for (; (c.what & (char_class::space | char_class::newline)) != 0; c = in.peek()) {
        last = in.at();
        in.skip(c);
        if (c.what == char_class::newline) after_newline = in.at();
    }
    const bool ends_text = c.length == 0;
    if (ends_text && P == pattern::cl100k) return;  // "\s++$" stands before "\s*[\r\n]" there
    if (after_newline != nullptr) {
        in.go_to(after_newline);
    } else if (!ends_text && last != start) {
        in.go_to(last);
    }
}

inline void skip_number(reader& in) {
    for (int digits = 0; digits < 3; ++digits) {
        const character c = in.peek();
        if (c.what != char_class::number) return;
        in.skip(c);
    }
}

template <pattern P>
void skip_piece(reader& in) {
    constexpr std::uint8_t in_words = P == pattern::cl100k ? letters : letters | char_class::mark;
    const auto skip_word = [&in] {
        if constexpr (P == pattern::cl100k) {
            in.skip_all(letters);
        } else {
            skip_cased_word(in);
        }
    };
    const char* const start = in.at();
    const character first = in.peek();
    if (P == pattern::cl100k && *start == '\'' && skip_contraction(in)) return;
    if ((first.what & in_words) != 0) return skip_word();
    if (first.what == char_class::number) return skip_number(in);
    if (first.what != char_class::newline) {
        in.skip(first);
        const character second = in.peek();
        if ((second.what & in_words) != 0) return skip_word();
        if ((first.what & symbols) != 0 || (*start == ' ' && (second.what & symbols) != 0)) return skip_symbols<P>(in);
        in.go_to(start);
    }
    skip_spaces<P>(in, start);
}

}  // namespace detail

// The pre-token at the start of `text`, which must be whole valid characters and not empty.
template <pattern P>
[[nodiscard]] inline first_piece split_first(std::string_view text) {
    detail::reader in(text.data(), text.data() + text.size());
    detail::skip_piece<P>(in);
    return {static_cast<std::size_t>(in.at() - text.data()), !in.saw_end()};
}

}  // namespace weir::token
