// UTF-8 as the counters need it: is it valid, and what stands in the place of what is not.
// Replaces as decoders do that follow the Unicode Standard's advice (chapter 3, "U+FFFD Substitution of Maximal
// Subparts"): one U+FFFD for each longest beginning of a character that cannot go on. Does not normalise.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::token {

inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

// How many bytes at the start of `text` are whole, valid characters.
[[nodiscard]] std::size_t valid_utf8_prefix(std::string_view text);

// Makes arriving bytes valid: hands on slices of whole, valid characters and U+FFFD for what is broken; keeps back at
// most the three bytes of a character whose rest may still arrive.
class utf8_mender {
public:
    // Calls sink(std::string_view) with valid text; the slices live as long as `bytes`, and no longer than the call.
    template <class Sink>
    void feed(std::string_view bytes, Sink&& sink);

    // To be called when nothing follows: a cut character becomes one U+FFFD.
    template <class Sink>
    void finish(Sink&& sink) {
        if (kept_size_ > 0) sink(replacement_character);
        kept_size_ = 0;
    }

private:
    enum class verdict : std::uint8_t { whole, cut, broken };
    struct sequence {
        verdict what;
        std::uint8_t length;  // of the character, or of the maximal subpart
    };
    [[nodiscard]] static sequence inspect(const char* at, std::size_t size);
    friend std::size_t valid_utf8_prefix(std::string_view text);

    // Completes the kept character from `bytes`; returns how many of them it used.
    template <class Sink>
    std::size_t complete(std::string_view bytes, Sink& sink);

    std::array<char, 4> kept_{};
    std::uint8_t kept_size_ = 0;
};

template <class Sink>
std::size_t utf8_mender::complete(std::string_view bytes, Sink& sink) {
    std::size_t used = 0;
    while (used < bytes.size()) {
        kept_[kept_size_++] = bytes[used++];
        const sequence found = inspect(kept_.data(), kept_size_);
        if (found.what == verdict::cut) continue;
        if (found.what == verdict::whole) {
            sink(std::string_view{kept_.data(), kept_size_});
        } else {
            sink(replacement_character);
            --used;  // the byte that broke the character may begin another
        }
        kept_size_ = 0;
        break;
    }
    return used;
}

template <class Sink>
void utf8_mender::feed(std::string_view bytes, Sink&& sink) {
    if (kept_size_ > 0) bytes.remove_prefix(complete(bytes, sink));
    while (!bytes.empty()) {
        const std::size_t valid = valid_utf8_prefix(bytes);
        if (valid > 0) sink(bytes.substr(0, valid));
        bytes.remove_prefix(valid);
        if (bytes.empty()) return;
        const sequence found = inspect(bytes.data(), bytes.size());
        if (found.what == verdict::cut) {
            bytes.copy(kept_.data(), bytes.size());
            kept_size_ = static_cast<std::uint8_t>(bytes.size());
            return;
        }
        sink(replacement_character);
        bytes.remove_prefix(found.length);
    }
}

}  // namespace weir::token
