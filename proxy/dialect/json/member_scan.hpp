// Picks members out of JSON that is never held whole: fed in arbitrary slices, it keeps only the names on the way down and the values that are
// wanted. It checks no grammar and judges nothing.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir::dialect {

/// Where a wanted value stands: member names from the top, at most three. With `anywhere` the first name alone counts, at any depth.
struct member_path {
    std::array<std::string_view, 3> names{};
    std::uint8_t depth = 1;
    bool anywhere = false;
};

class member_scan {
public:
    /// What is found. `value` is raw: a string without its quotes, or an object with its braces. It lives until the call returns.
    struct sink {
        virtual ~sink() = default;
        virtual void found(std::size_t which, std::string_view value) = 0;
        /// One document is over; the next may follow (JSON Lines).
        virtual void document_ended() {}
    };

    /// `wanted` must outlive this.
    explicit member_scan(std::span<const member_path> wanted) : wanted_(wanted) {}
    void feed(std::string_view bytes, sink& to);
    /// Forgets a document that did not end.
    void reset();

private:
    enum class string_part : std::uint8_t { outside, inside, escaped };

    static constexpr std::size_t none = ~std::size_t{0};
    static constexpr std::size_t longest_name = 96;
    static constexpr std::size_t longest_value = 8192;  ///< larger ones are not handed out

    void step(char c, sink& to);
    void end_string(sink& to);
    void open(char c);
    void close(sink& to);
    void name_ended();
    [[nodiscard]] std::size_t match(std::string_view name) const;
    void capture(char c);

    std::span<const member_path> wanted_;
    std::array<std::string, 3> names_;  ///< of the members that the scan is in, from the top
    std::uint32_t arrays_ = 0;          ///< bit n: the container at depth n + 1 is an array, for the first three
    std::string text_;                  ///< the string at hand, or the object that is being captured
    std::uint64_t depth_ = 0;
    std::uint64_t capture_depth_ = 0;  ///< 0: no object is being captured
    std::size_t pending_ = none;       ///< of wanted_: the value that comes next is that one
    string_part at_ = string_part::outside;
    bool value_next_ = false, kept_ = false, overflow_ = false;
};

}  // namespace weir::dialect
