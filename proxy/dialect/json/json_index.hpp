// Reads JSON in place: simdjson's first stage (sparse_scan.hpp for large texts that are mostly strings) finds where tokens
// start, and a cursor walks those places, checking every one. It builds nothing and changes nothing; it does not look for escape faults inside
// strings unless asked (see check_escapes).
//
// Why not On-Demand itself: it does not look at what it skips (`tru,,}` after the wanted fields, a nesting of 100,000),
// and a gateway that decides by `model` must not accept a text that another parser reads differently. Here every token
// of the text is checked against the grammar, in the order of the text, without recursion. simdjson's stage 1 has
// already refused invalid UTF-8, raw control characters in strings and unclosed strings.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::dialect::json {

enum class fault : std::uint8_t {
    none,
    empty,  ///< no token at all
    byte_order_mark,
    not_utf8,
    control_character,  ///< raw, inside a string
    unclosed_string,
    syntax,
    too_deep,   ///< more than max_depth containers inside each other
    trailing,   ///< something follows the value
    too_large,  ///< 4 GiB or more, or no memory for the index
};

/// For a message to a client: "the body ...".
[[nodiscard]] std::string_view words_of(fault what);

constexpr std::uint32_t max_depth = 1024;

/// Where the tokens of one text start. Reused from text to text: it allocates only when a text is larger than all
/// before it.
class index {
public:
    index();
    ~index();
    index(const index&) = delete;
    index& operator=(const index&) = delete;

    /// `text` must outlive the cursors. No byte outside of it is read.
    [[nodiscard]] fault build(std::string_view text);

    [[nodiscard]] std::string_view text() const { return text_; }
    /// As check_escapes(text()), which is known already for texts that were scanned for it.
    [[nodiscard]] bool escapes_are_legal() const;
    [[nodiscard]] std::uint32_t size() const { return count_; }
    /// For i < size() the offset of a token; for i == size() the end of the text.
    [[nodiscard]] std::uint32_t operator[](std::uint32_t i) const { return offsets_[i]; }

private:
    struct engine;
    [[nodiscard]] fault build_dense(std::string_view text);

    std::unique_ptr<engine> engine_;
    std::vector<std::uint32_t> sparse_;  ///< what offsets_ points to when the text was scanned by scan_sparse()
    enum class escapes : std::uint8_t { unknown, legal, illegal } escapes_ = escapes::unknown;
    std::string_view text_;
    const std::uint32_t* offsets_ = nullptr;
    std::uint32_t count_ = 0;
    std::size_t capacity_ = 0;
};

/// The calling thread's index, for texts that are read and left within one call.
[[nodiscard]] index& thread_index();

/// A string as it stands in the text, without its quotes.
struct raw_string {
    std::string_view text;
    bool escaped = false;  ///< has a backslash: see unescape()
};

/// Appends the meaning of a raw string. False where an escape is faulty or half a surrogate pair stands alone; `out`
/// then has U+FFFD there.
bool unescape(std::string_view raw, std::string& out);

/// How many bytes the escape at the start of `text` (a backslash) has; 0: it is none that JSON knows (RFC 8259 section 7).
[[nodiscard]] std::size_t escape_length(std::string_view text);

/// False where a backslash is not followed by a legal escape. For a whole text: outside of strings no token has a
/// backslash.
[[nodiscard]] bool check_escapes(std::string_view text);

/// One pass over an indexed text. Once a fault is met every call fails and reads nothing more.
class cursor {
public:
    explicit cursor(const index& where) : where_(&where) {}

    [[nodiscard]] fault why() const { return fault_; }
    [[nodiscard]] bool at_end() const { return at_ == where_->size(); }
    /// The first byte of the value at hand: one of  { [ " t f n - 0..9 ; anything else is a fault to be. 0 at the end.
    [[nodiscard]] char peek() const { return at_ < where_->size() ? where_->text()[(*where_)[at_]] : '\0'; }
    [[nodiscard]] bool is_null() const { return peek() == 'n'; }
    [[nodiscard]] bool is_number() const { return peek() == '-' || (peek() >= '0' && peek() <= '9'); }
    /// Where the token at hand starts, in bytes.
    [[nodiscard]] std::size_t offset() const { return (*where_)[at_]; }
    /// Where the token before the one at hand ends, in bytes: after a value was read, its end.
    [[nodiscard]] std::size_t end_of_last() const;
    /// Inside members(), before the value is read: where the member at hand starts, in bytes.
    [[nodiscard]] std::size_t member_offset() const { return (*where_)[at_ - 2]; }
    /// The bytes of a member of which the value has just been read, with the comma behind it, or the one before it where it is the last.
    struct span {
        std::size_t begin = 0, end = 0;
    };
    [[nodiscard]] span member_with_comma(std::size_t member) const;
    [[nodiscard]] std::string_view text() const { return where_->text(); }
    /// The text from `begin` to there.
    [[nodiscard]] std::string_view since(std::size_t begin) const { return where_->text().substr(begin, end_of_last() - begin); }

    /// Steps over the value at hand, whatever it is, checking it.
    bool skip();
    /// The value at hand if it is a string, which is stepped over; otherwise nothing happens and false.
    bool string(raw_string& out);
    /// The value at hand if it is a number, rounded toward zero and held within int64; otherwise nothing happens and
    /// false.
    bool integer(std::int64_t& out);
    /// The value at hand if it is `true` or `false`.
    bool boolean(bool& out);

    /// Calls f(key, *this) for each member of the object at hand. f reads the value or leaves it (then it is skipped).
    /// `key` is unescaped and lives until f returns. False when the value is no object (nothing happens) or on a fault.
    template <class F>
    bool members(F&& f);
    /// Calls f(*this) for each element of the array at hand, as members() does.
    template <class F>
    bool elements(F&& f);

private:
    bool fail(fault what) {
        fault_ = what;
        at_ = where_->size();
        return false;
    }
    bool expect(char wanted) {
        if (peek() != wanted) return fail(fault::syntax);
        ++at_;
        return true;
    }
    [[nodiscard]] std::string_view token() const;
    [[nodiscard]] bool scalar_is_legal() const;
    [[nodiscard]] raw_string string_at(std::uint32_t token) const;
    bool skip_container();

    const index* where_;
    std::uint32_t at_ = 0;
    fault fault_ = fault::none;
};

template <class F>
bool cursor::members(F&& f) {
    if (peek() != '{') return false;
    ++at_;
    if (peek() == '}') return ++at_, true;
    std::string decoded;
    for (;;) {
        if (peek() != '"') return fail(fault::syntax);
        const raw_string key = string_at(at_++);
        if (!expect(':')) return false;
        const std::uint32_t value = at_;
        if (!key.escaped) {
            f(key.text, *this);
        } else {
            decoded.clear();
            if (!unescape(key.text, decoded)) return fail(fault::syntax);
            f(std::string_view{decoded}, *this);
        }
        if (fault_ != fault::none) return false;
        if (at_ == value && !skip()) return false;
        if (peek() == ',') {
            ++at_;
            continue;
        }
        return expect('}');
    }
}

template <class F>
bool cursor::elements(F&& f) {
    if (peek() != '[') return false;
    ++at_;
    if (peek() == ']') return ++at_, true;
    for (;;) {
        const std::uint32_t value = at_;
        f(*this);
        if (fault_ != fault::none) return false;
        if (at_ == value && !skip()) return false;
        if (peek() == ',') {
            ++at_;
            continue;
        }
        return expect(']');
    }
}

}  // namespace weir::dialect::json
