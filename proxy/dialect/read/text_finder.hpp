// What the model wrote, found in a unary JSON answer while it passes in slices of any size. It keeps a few bytes and counts nothing.
// Whole answers are read by read_answer_texts (dialect/prompt_text.hpp), which finds the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dialect/read/answer.hpp"

namespace weir::dialect {

class text_finder {
public:
    /// Gives every piece of text to `to`, decoded, in lane 0.
    void feed(std::string_view bytes, text_sink& to);

private:
    // Nothing is written deeper down.
    static constexpr std::size_t deepest = 64;

    /// Which string the bytes at hand belong to.
    enum class string_kind : std::uint8_t {
        none,
        name,  ///< of a member
        text,  ///< of the model
        other,
    };

    void step(char c);
    void inside_string(char c, text_sink& to);
    void escaped(char c, text_sink& to);
    void flush_escape(text_sink& to);
    void string_ended();
    void open(bool object);
    void close();
    [[nodiscard]] bool in_object() const { return depth_ > 0 && depth_ <= deepest && (objects_ >> (depth_ - 1) & 1) != 0; }
    [[nodiscard]] string_kind kind_of_string() const;

    std::uint64_t objects_ = 0;  ///< a bit for each level: an object, not a list
    std::size_t depth_ = 0;
    std::string key_;                ///< the last member's name, raw, cut
    std::string escape_;             ///< an escape that is not complete, or the first half of a pair
    std::uint8_t member_depth_ = 1;  ///< 2 where the document is a list of answers (Gemini without SSE)
    string_kind string_ = string_kind::none;
    bool expects_key_ = false;
    bool in_root_ = false;  ///< inside a member that holds what was written
};

}  // namespace weir::dialect
