// Counts the tokens of a text that arrives in arbitrary pieces, as an answer does that is streamed.
// Keeps only the unfinished pre-token, never the text.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "token/encoding.hpp"
#include "token/utf8.hpp"

namespace weir::token {

class long_piece;

// However the text is sliced, finish() returns count(encoding, text). Movable, not shared between threads. Allocates
// only when a pre-token is longer than 40 bytes (`longest_carry` bytes, once), and while one is longer than `longest_carry` (about
// 5 KiB, given back when it ends). Work is linear
// in the bytes fed, whatever they are, plus a constant for each call.
class stream_counter {
public:
    static constexpr std::size_t most_carry = 256;

    // `longest_carry`: bytes of an unfinished pre-token that are kept before it is counted as a long one; from 24 to
    // most_carry, clamped. Changes speed and memory, never a count.
    explicit stream_counter(encoding which, std::size_t longest_carry = most_carry);
    ~stream_counter();
    stream_counter(stream_counter&&) noexcept;
    stream_counter& operator=(stream_counter&&) noexcept;

    void feed(std::string_view piece);

    // The tokens of the text so far, as if it ended here. The bytes of a character cut in the middle are not counted
    // until the rest arrives.
    [[nodiscard]] std::int64_t count() const;

    // The tokens of the whole text; a character still cut counts as U+FFFD. Feeding more afterwards starts a new
    // text whose tokens are added.
    std::int64_t finish();

private:
    void feed_valid(std::string_view text);
    void feed_carry(std::string_view& text);
    void feed_long(std::string_view& text);
    void keep(std::string_view rest);
    // Nearly every pre-token fits; one that does not gets memory once.
    static constexpr std::size_t usual_carry = 40;
    [[nodiscard]] std::size_t carry_room() const { return large_ ? longest_carry_ : std::min<std::size_t>(usual_carry, longest_carry_); }
    [[nodiscard]] const char* carry_data() const { return large_ ? large_.get() : small_.data(); }
    [[nodiscard]] char* carry_data() { return large_ ? large_.get() : small_.data(); }
    [[nodiscard]] std::string_view carry() const { return {carry_data(), carry_size_}; }
    void grow_carry();

    encoding which_;
    std::uint16_t longest_carry_;
    std::uint16_t carry_size_ = 0;
    utf8_mender mender_;
    std::int64_t finished_ = 0;         // tokens of the pre-tokens that nothing can change any more
    std::unique_ptr<long_piece> long_;  // set while a long pre-token lasts; the carry is then empty
    std::unique_ptr<char[]> large_;     // the carry, once `small_` was too small; longest_carry_ bytes
    std::array<char, usual_carry> small_{};
};

}  // namespace weir::token
