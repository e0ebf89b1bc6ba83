// A JSON value that grows piece by piece: strings by appending, objects by new members, arrays by new elements. What is
// not taken apart is kept as it was written, so numbers keep their digits and strings their escapes.
// It does not know what the pieces mean, and it never holds more than its allowance.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/json/json_index.hpp"

namespace weir::dialect::json {

/// Bytes that may still be kept. Once one request for more was refused, `over()` stays true.
class allowance {
public:
    explicit allowance(std::size_t bytes) : all_(bytes), left_(bytes) {}
    bool take(std::size_t bytes) {
        if (bytes > left_) over_ = true;
        if (over_) return false;
        left_ -= bytes;
        return true;
    }
    void give_back(std::size_t bytes) { left_ += bytes; }
    [[nodiscard]] bool over() const { return over_; }
    [[nodiscard]] std::size_t used() const { return all_ - left_; }
    [[nodiscard]] std::size_t all() const { return all_; }

private:
    std::size_t all_, left_;
    bool over_ = false;
};

struct tree_member;

class tree {
public:
    enum class form : std::uint8_t {
        absent,
        raw,   ///< any value, as written
        text,  ///< a string, as written, without its quotes
        list,  ///< an array whose elements are kept as written
        object,
        array,
    };

    [[nodiscard]] form what() const { return form_; }
    [[nodiscard]] bool is_null() const { return form_ == form::raw && written_ == "null"; }
    /// Neither absent nor null nor an empty string, list, array or object.
    [[nodiscard]] bool filled() const;
    /// Of a raw value, text or list.
    [[nodiscard]] std::string_view written() const { return written_; }

    /// Becomes the value at hand, whatever it is; a string becomes text. The value is stepped over.
    void set(cursor& at, allowance& room);
    void set_raw(std::string_view json, allowance& room);
    void set_text(std::string_view raw, allowance& room);

    /// Becomes text unless it is, and grows.
    void append_text(std::string_view raw, allowance& room);
    /// Becomes a list unless it is, and takes the elements of the array at hand as they are written.
    void append_elements(cursor& array, allowance& room);
    void append_raw_element(std::string_view json, allowance& room);

    /// Becomes an object unless it is. The member of that name, new (absent) where there was none. When the allowance
    /// is used up: a value that is kept nowhere. The reference lives until the next member is added.
    tree& member(std::string_view key, allowance& room);
    void become_object(allowance& room) { become(form::object, room); }
    [[nodiscard]] tree* find(std::string_view key);
    [[nodiscard]] const tree* find(std::string_view key) const;
    void erase(std::string_view key);

    /// Becomes an array unless it is. A new element at its end, as member() has it.
    tree& add(allowance& room);
    [[nodiscard]] std::vector<tree>& elements() { return elements_; }
    [[nodiscard]] std::vector<tree_member>& members() { return members_; }

    /// Appends the value as JSON text; an absent one as null.
    void write(std::string& out) const;

private:
    void become(form what, allowance& room);

    form form_ = form::absent;
    std::string written_;
    std::vector<tree_member> members_;
    std::vector<tree> elements_;
};

struct tree_member {
    std::string key;  ///< unescaped
    tree value;
};

/// The text of the value at hand, which is stepped over.
[[nodiscard]] std::string_view text_of(cursor& at);

/// Whether the value at hand says something: it is not null, "", 0, {} or [].
[[nodiscard]] bool says_something(cursor at);

/// The beginning of a JSON object that broke off, made whole: what is complete stays, open objects and arrays are
/// closed. `{}` where nothing can be kept.
[[nodiscard]] std::string closed(std::string_view partial);

}  // namespace weir::dialect::json
