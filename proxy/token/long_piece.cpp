// The states of a long run. Two prefix counters at most: where a run may have to be cut at a place that only its end
// reveals (o200k words, white space), one counts the uncut run and one counts from the last such place.
#include "token/long_piece.hpp"

namespace weir::token {

long_piece::long_piece(const vocabulary& words, pattern how, std::string_view text) : words_(words), how_(how) {
    const character first = read_character(text.data());
    const character second = read_character(text.data() + first.length);
    const bool cl100k = how == pattern::cl100k;
    const std::uint8_t in_words = cl100k ? detail::letters : detail::letters | char_class::mark;
    const state word = cl100k ? state::letters : state::head;
    constexpr std::uint8_t unprefixed = char_class::newline | char_class::number;

    after_prefix_ = state::done;
    if ((first.what & in_words) != 0) {
        state_ = word;
    } else if ((first.what & unprefixed) == 0 && (second.what & in_words) != 0) {
        state_ = state::prefix;
        after_prefix_ = word;
    } else if ((first.what & detail::symbols) != 0) {
        state_ = state::symbols;
    } else if (text[0] == ' ' && (second.what & detail::symbols) != 0) {
        state_ = state::prefix;
        after_prefix_ = state::symbols;
    } else {
        state_ = state::spaces;
    }
}

std::size_t long_piece::feed(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size() && state_ != state::done) {
        const character c = read_character(text.data() + at);
        if (!take(c, text.substr(at, c.length))) break;
        at += c.length;
    }
    return at;
}

std::int64_t long_piece::count() const {
    switch (state_) {
        case state::done: return final_count_;
        case state::head: return may_cut_ ? count_at_cut_ + rest_.count() : whole_.count();
        case state::spaces:
            // At the end of the text cl100k takes the run whole.
            return may_cut_ && how_ == pattern::o200k ? count_at_cut_ + rest_.count() : whole_.count();
        default: return settled_ + whole_.count();
    }
}

bool long_piece::take(character c, std::string_view bytes) {
    switch (state_) {
        case state::prefix:
            whole_.push(words_, bytes);
            state_ = after_prefix_;
            return true;
        case state::letters:
            if ((c.what & detail::letters) == 0) return finish(settled_ + whole_.count());
            whole_.push(words_, bytes);
            return true;
        case state::head: return take_head(c, bytes);
        case state::tail: return take_tail(c, bytes);
        case state::contraction: return take_contraction(bytes);
        case state::symbols:
            if ((c.what & detail::symbols) == 0) {
                state_ = state::symbols_tail;
                return take_symbols_tail(c, bytes);
            }
            whole_.push(words_, bytes);
            return true;
        case state::symbols_tail: return take_symbols_tail(c, bytes);
        case state::spaces: return take_space(c, bytes);
        case state::done: break;
    }
    return false;
}

bool long_piece::take_head(character c, std::string_view bytes) {
    if (c.what == char_class::lower) {
        state_ = state::tail;
        return take_tail(c, bytes);
    }
    if ((c.what & detail::word_head) == 0) return end_head(c, bytes);
    whole_.push(words_, bytes);
    if (c.what == char_class::upper) {
        if (may_cut_) rest_.push(words_, bytes);
        rest_is_empty_ = false;
        return true;
    }
    may_cut_ = rest_is_empty_ = true;
    count_at_cut_ = whole_.count();
    rest_ = prefix_counter{};
    return true;
}

// No lower-case letter came: the upper-case letters after the last caseless one are a word of their own.
bool long_piece::end_head(character c, std::string_view bytes) {
    if (may_cut_ && !rest_is_empty_) {
        settled_ = count_at_cut_;
        whole_ = rest_;
    }
    state_ = state::tail;
    return take_tail(c, bytes);
}

bool long_piece::take_tail(character c, std::string_view bytes) {
    if ((c.what & detail::word_tail) != 0) {
        whole_.push(words_, bytes);
        return true;
    }
    if (bytes != "'") return finish(settled_ + whole_.count());
    hold(bytes);
    state_ = state::contraction;
    return true;
}

bool long_piece::take_contraction(std::string_view bytes) {
    std::array<char, sizeof held_ + 4> text{};
    (void)held().copy(text.data(), held_size_);
    const std::size_t size = held_size_ + bytes.copy(text.data() + held_size_, bytes.size());
    detail::reader in(text.data(), text.data() + size);
    if (detail::skip_contraction(in)) {
        whole_.push(words_, {text.data(), size});
        held_size_ = 0;
        finish(settled_ + whole_.count());
        return true;
    }
    if (!in.saw_end()) return finish(settled_ + whole_.count());
    hold(bytes);
    return true;
}

bool long_piece::take_symbols_tail(character c, std::string_view bytes) {
    const bool slash = how_ == pattern::o200k && bytes == "/";
    if (c.what != char_class::newline && !slash) return finish(settled_ + whole_.count());
    whole_.push(words_, bytes);
    return true;
}

bool long_piece::take_space(character c, std::string_view bytes) {
    if ((c.what & (char_class::space | char_class::newline)) == 0) return end_spaces();
    count_before_last_ = may_cut_ ? count_at_cut_ + rest_.count() : whole_.count();
    whole_.push(words_, bytes);
    if (c.what == char_class::newline) {
        may_cut_ = rest_is_empty_ = true;
        count_at_cut_ = whole_.count();
        rest_ = prefix_counter{};
        return true;
    }
    if (may_cut_) rest_.push(words_, bytes);
    rest_is_empty_ = false;
    bytes.copy(held_.data(), bytes.size());
    last_size_ = static_cast<std::uint8_t>(bytes.size());
    return true;
}

// Text follows: the run is cut after its last line break, and its last character goes with that text.
bool long_piece::end_spaces() {
    if (rest_is_empty_) return finish(count_at_cut_);
    held_size_ = last_size_;
    return finish(count_before_last_);
}

void long_piece::hold(std::string_view bytes) {
    held_size_ = static_cast<std::uint8_t>(held_size_ + bytes.copy(held_.data() + held_size_, bytes.size()));
}

bool long_piece::finish(std::int64_t count) {
    final_count_ = count;
    state_ = state::done;
    return false;
}

}  // namespace weir::token
