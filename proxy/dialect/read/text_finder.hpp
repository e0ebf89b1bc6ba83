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

    void step(char c);
    void inside_string(char c, text_sink& to);
    void escaped(char c, text_sink& to);
    void flush_escape(text_sink& to);
    void end_string();
    void open(bool object);
    void close();
    [[nodiscard]] bool in_object() const { return depth_ > 0 && depth_ <= deepest && (objects_ >> (depth_ - 1) & 1) != 0; }
    [[nodiscard]] std::size_t member_depth() const { return in_list_ ? 2 : 1; }

    std::uint64_t objects_ = 0;  ///< a bit for each level: an object, not a list
    std::size_t depth_ = 0;
    std::string key_;       ///< the last member's name, raw, cut
    std::string escape_;    ///< an escape that is not complete, or the first half of a pair
    bool in_list_ = false;  ///< the document is a list of answers (Gemini without SSE)
    bool in_string_ = false, is_key_ = false, expects_key_ = false, is_text_ = false;
    bool in_root_ = false;  ///< inside a member that holds what was written
};

}  // namespace weir::dialect
