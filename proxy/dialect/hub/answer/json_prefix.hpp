// Whether pieces of text can become one JSON object, told while they come.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::dialect::hub {

class json_prefix {
public:
    /// `piece` stands as the content of a JSON string, and splits no escape.
    void read(std::string_view piece);
    /// Something but white space came.
    [[nodiscard]] bool begun() const { return now_ != state::before; }
    /// The object has come to its end.
    [[nodiscard]] bool whole() const { return now_ == state::after; }
    /// Whatever comes, it is no object any more.
    [[nodiscard]] bool broken() const { return now_ == state::broken; }

private:
    enum class state : std::uint8_t {
        before,
        first_name,  ///< or the end of the object
        name,
        colon,
        value,
        first_value,  ///< or the end of the array
        comma,        ///< or the end of what is open
        string,
        escape,
        hex,
        minus,
        zero,
        digits,
        point,
        fraction,
        exponent_sign,
        exponent_digit,
        exponent,
        word,
        after,
        broken,
    };
    void take(char c);
    void in_string(char c);
    void in_number(char c);
    void begin_value(char c);
    void between(char c);
    void close(char bracket);
    void end_value() { now_ = open_.empty() ? state::after : state::comma; }

    std::string open_;  ///< brackets
    state now_ = state::before;
    bool is_name_ = false;     ///< the string at hand
    std::uint8_t digits_ = 0;  ///< of a \u that are missing
    std::string_view rest_;    ///< of true, false or null
};

}  // namespace weir::dialect::hub
