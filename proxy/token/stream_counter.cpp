// Feeding by pieces: the pre-tokens that are sure are counted where they lie, the rest is carried to the next piece.
// Knows neither events nor dialects: its text is already taken out of them.
#include "token/stream_counter.hpp"

#include <algorithm>
#include <cstring>

#include "token/count_text.hpp"
#include "token/long_piece.hpp"

namespace weir::token {
namespace {

constexpr std::size_t least_carry = 24;
static_assert(least_carry > long_piece::shortest);
static_assert(sizeof(stream_counter) <= 128, "every open stream has one");

// At most `most` bytes of valid text, without cutting a character.
std::string_view whole_characters(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
    return text.substr(0, most);
}

pattern pattern_of(encoding which) { return which == encoding::cl100k ? pattern::cl100k : pattern::o200k; }

}  // namespace

stream_counter::stream_counter(encoding which, std::size_t longest_carry)
    : which_(which), longest_carry_(static_cast<std::uint16_t>(std::clamp(longest_carry, least_carry, most_carry))) {}
stream_counter::~stream_counter() = default;
stream_counter::stream_counter(stream_counter&&) noexcept = default;
stream_counter& stream_counter::operator=(stream_counter&&) noexcept = default;

void stream_counter::feed(std::string_view piece) {
    mender_.feed(piece, [this](std::string_view valid) { feed_valid(valid); });
}

std::int64_t stream_counter::count() const {
    const vocabulary words = vocabulary::of(which_);
    if (long_) return finished_ + long_->count() + detail::count_all(which_, words, long_->held());
    return finished_ + detail::count_all(which_, words, carry());
}

std::int64_t stream_counter::finish() {
    mender_.finish([this](std::string_view valid) { feed_valid(valid); });
    finished_ = count();
    carry_size_ = 0;
    long_.reset();
    return finished_;
}

void stream_counter::feed_valid(std::string_view text) {
    while (!text.empty()) {
        if (long_) {
            feed_long(text);
        } else if (carry_size_ > 0) {
            feed_carry(text);
        } else {
            const vocabulary words = vocabulary::of(which_);
            const detail::counted sure = detail::count_sure(which_, words, text);
            finished_ += sure.tokens;
            text.remove_prefix(sure.bytes);
            if (text.size() <= longest_carry_) return keep(text);
            long_ = std::make_unique<long_piece>(words, pattern_of(which_), text);
        }
    }
}

// Finishes the carried pre-token with the start of `text`. Either the rest lies in `text` alone afterwards, or the
// carry grows, until it is a long one.
void stream_counter::feed_carry(std::string_view& text) {
    const vocabulary words = vocabulary::of(which_);
    const std::size_t before = carry_size_;
    std::string_view taken = whole_characters(text, carry_room() - before);
    if (taken.empty() && carry_room() < longest_carry_) {
        grow_carry();
        taken = whole_characters(text, carry_room() - before);
    }
    if (taken.empty()) {
        long_ = std::make_unique<long_piece>(words, pattern_of(which_), carry());
        // Nothing in the carry was sure, so the run goes on to its end and takes all of it.
        (void)long_->feed(carry());
        carry_size_ = 0;
        return;
    }
    taken.copy(carry_data() + before, taken.size());
    carry_size_ = static_cast<std::uint16_t>(before + taken.size());
    const detail::counted sure = detail::count_sure(which_, words, carry());
    finished_ += sure.tokens;
    if (sure.bytes >= before) {
        text.remove_prefix(sure.bytes - before);
        carry_size_ = 0;
    } else {
        text.remove_prefix(taken.size());
        keep(carry().substr(sure.bytes));
    }
}

void stream_counter::feed_long(std::string_view& text) {
    text.remove_prefix(long_->feed(text));
    if (!long_->done()) return;
    finished_ += long_->count();
    keep(long_->held());
    long_.reset();
}

void stream_counter::grow_carry() {
    auto larger = std::make_unique_for_overwrite<char[]>(longest_carry_);
    std::memcpy(larger.get(), carry_data(), carry_size_);
    large_ = std::move(larger);
}

// `rest` may lie in the carry itself, but then it fits.
void stream_counter::keep(std::string_view rest) {
    if (rest.size() > carry_room()) grow_carry();
    std::memmove(carry_data(), rest.data(), rest.size());
    carry_size_ = static_cast<std::uint16_t>(rest.size());
}

}  // namespace weir::token
