// One pre-token that is too long to be kept until its end is known: a run of letters, symbols or white space of any
// length, counted as it arrives in memory that does not grow (about 4 KiB, and only while such a run lasts).
// Never used for ordinary text; splitter.hpp says what a pre-token is, this must agree with it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "token/merge.hpp"
#include "token/splitter.hpp"

namespace weir::token {

class long_piece {
public:
    // `text` starts where the pre-token starts and holds at least `shortest` bytes that are not sure to be one; it is
    // only looked at: feed it afterwards.
    static constexpr std::size_t shortest = 16;
    long_piece(const vocabulary& words, pattern how, std::string_view text);

    // Takes whole, valid characters until the run is over; returns how many bytes it took.
    std::size_t feed(std::string_view text);

    // Over: what follows cannot change the count.
    [[nodiscard]] bool done() const { return state_ == state::done; }
    // Tokens of the run, were the text to end here; without held().
    [[nodiscard]] std::int64_t count() const;
    // The last bytes taken, when they belong to the text that follows the run. At most 8 bytes.
    [[nodiscard]] std::string_view held() const { return {held_.data(), held_size_}; }

private:
    enum class state : std::uint8_t {
        prefix,        // the one character before a word, or the space before symbols
        letters,       // cl100k: letters
        head,          // o200k: the "U*" of a word
        tail,          // o200k: the "W+" of a word
        contraction,   // o200k: perhaps a contraction, so far in held_
        symbols,       //
        symbols_tail,  // the line breaks after symbols
        spaces,        //
        done,
    };

    // Handles one character; false: it does not belong to the run.
    bool take(character c, std::string_view bytes);
    bool take_head(character c, std::string_view bytes);
    bool take_tail(character c, std::string_view bytes);
    bool take_contraction(std::string_view bytes);
    bool take_symbols_tail(character c, std::string_view bytes);
    bool take_space(character c, std::string_view bytes);
    bool end_head(character c, std::string_view bytes);
    bool end_spaces();
    void hold(std::string_view bytes);
    bool finish(std::int64_t count);

    vocabulary words_;
    pattern how_;
    state state_;
    state after_prefix_;
    std::uint8_t held_size_ = 0;
    std::uint8_t last_size_ = 0;  // spaces: of the last character, which lies in held_ until the end decides
    std::array<char, 8> held_{};

    prefix_counter whole_;  // from the start of the run
    prefix_counter rest_;   // from the last place where the run may have to be cut
    bool may_cut_ = false;  // there is such a place: after a caseless character (head) or a line break (spaces)
    bool rest_is_empty_ = true;
    std::int64_t count_at_cut_ = 0;       // whole_ at that place
    std::int64_t count_before_last_ = 0;  // spaces: all but the last character
    std::int64_t settled_ = 0;            // tail: of a first word that has been cut off
    std::int64_t final_count_ = 0;
};

}  // namespace weir::token
