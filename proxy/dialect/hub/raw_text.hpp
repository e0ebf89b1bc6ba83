// JSON text that is passed from one document into another as it stands: a string's content with its escapes, or a whole value.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

namespace weir::dialect::hub {

/// What stands between the quotes of a JSON string, escapes and all: it goes into another JSON string as it is. Absent and empty are two things.
struct raw_text {
    std::string_view json;
    bool said = false;

    raw_text() = default;
    explicit raw_text(std::string_view between_quotes) : json(between_quotes), said(true) {}
    [[nodiscard]] bool empty() const { return json.empty(); }
    /// Whether it means exactly this plain text, which has neither quotes nor backslashes.
    [[nodiscard]] bool is(std::string_view plain) const;
    /// Nothing but white space, written in any way.
    [[nodiscard]] bool blank() const;
    [[nodiscard]] std::string decoded() const;
};

/// A value that some dialects write as a value and others as a string that holds its text: arguments and results of tools.
struct embedded_json {
    std::string_view json;  ///< as it stands: of a string what stands between its quotes
    bool in_string = false;
    [[nodiscard]] bool empty() const { return json.empty(); }
};

/// Strings that had to be made, for as long as what points into them.
class arena {
public:
    [[nodiscard]] std::string_view keep(std::string text) { return all_.emplace_back(std::move(text)); }
    void clear() { all_.clear(); }

private:
    std::deque<std::string> all_;
};

/// `plain` (UTF-8) as the content of a JSON string.
void append_escaped(std::string& out, std::string_view plain);

/// JSON text with U+2028 and U+2029 escaped: some clients take them for the ends of lines.
void append_on_one_line(std::string& out, std::string_view json);

/// What an embedded value is where a string is due: the content of that string.
void append_as_string(std::string& out, const embedded_json& value);

/// What it is where an object is due. An object goes as it is; nothing, null and "" are `{}`; anything else, and what is no JSON, stands under
/// `input`, and false says so.
[[nodiscard]] bool append_as_object(std::string& out, const embedded_json& value);

/// The same for the same text, for ever: 32 hexadecimal digits.
[[nodiscard]] std::string short_hash(std::string_view of);

/// Writes one JSON object or array, member by member.
class json_writer {
public:
    explicit json_writer(std::string& out) : out_(out) {}
    void open(char bracket) { separate(), out_ += bracket, fresh_ = true; }
    void close(char bracket) { out_ += bracket, fresh_ = false; }
    /// `name` needs no escape.
    void key(std::string_view name) { separate(), out_.append(1, '"').append(name).append("\":"), fresh_ = true; }
    void value(std::string_view json) { separate(), out_ += json; }
    void text(raw_text what) { separate(), out_.append(1, '"').append(what.json).append(1, '"'); }
    void plain(std::string_view what);
    void number(std::uint64_t what) { value(std::to_string(what)); }
    void boolean(bool what) { value(what ? "true" : "false"); }

    void member(std::string_view name, std::string_view json) { key(name), value(json); }
    void text_member(std::string_view name, raw_text what) { key(name), text(what); }
    void plain_member(std::string_view name, std::string_view what) { key(name), plain(what); }
    void open_member(std::string_view name, char bracket) { key(name), open(bracket); }

    [[nodiscard]] std::string& out() { return out_; }

private:
    // A comma in front of everything but what follows a bracket or a name.
    void separate() {
        if (!std::exchange(fresh_, false)) out_ += ',';
    }
    std::string& out_;
    bool fresh_ = true;
};

}  // namespace weir::dialect::hub
