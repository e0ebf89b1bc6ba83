// Cuts a C++ text into tokens and walks over them: the part of source_shape.hpp that knows brackets but no declarations.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shape {

struct token {
    std::string_view text;  // a literal is "" or '', the end of the file is empty
    int line = 0;
};

/// Cuts a text into tokens. Comments, directives and the second branch of every #if are left out: the first alone has its braces in balance.
class lexer {
public:
    explicit lexer(std::string_view text) : text_(text) {}

    std::vector<token> all() {
        while (at_ < text_.size()) step();
        found_.push_back({{}, line_});
        return std::move(found_);
    }

    static bool starts_word(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
    static bool in_word(char c) { return starts_word(c) || is_digit(c); }
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }

private:
    void step() {
        const char c = text_[at_];
        if (c == '\n') line_begins_ = true;
        if (std::isspace(static_cast<unsigned char>(c))) return pass(1);
        if (c == '#' && line_begins_) return directive();
        if (sees("//")) return pass(text_.find('\n', at_) - at_);
        if (sees("/*")) return pass(after("*/", at_ + 2) - at_);
        line_begins_ = false;
        if (starts_word(c)) return word();
        if (is_digit(c)) return number();
        if (c == '"' || c == '\'') return quoted(c);
        symbol();
    }

    [[nodiscard]] bool sees(std::string_view what) const { return text_.substr(at_).starts_with(what); }

    [[nodiscard]] std::size_t after(std::string_view what, std::size_t from) const {
        const auto found = text_.find(what, from);
        return found == std::string_view::npos ? text_.size() : found + what.size();
    }

    void pass(std::size_t size) {
        const auto passed = text_.substr(at_, size);
        line_ += static_cast<int>(std::count(passed.begin(), passed.end(), '\n'));
        at_ += passed.size();
    }

    void push(std::size_t size) {
        found_.push_back({text_.substr(at_, size), line_});
        pass(size);
    }

    void word() {
        std::size_t size = 1;
        while (at_ + size < text_.size() && in_word(text_[at_ + size])) ++size;
        const auto name = text_.substr(at_, size);
        const char next = at_ + size < text_.size() ? text_[at_ + size] : '\0';
        const bool raw = name == "R" || name == "u8R" || name == "uR" || name == "UR" || name == "LR";
        const bool prefix = name == "u8" || name == "u" || name == "U" || name == "L";
        if (raw && next == '"') return raw_string(size);
        if (!prefix || (next != '"' && next != '\'')) return push(size);
        pass(size);
        quoted(next);
    }

    void raw_string(std::size_t prefix) {
        const auto open = text_.find('(', at_);
        const auto mark = at_ + prefix + 1;
        const std::string close = ")" + std::string{text_.substr(mark, open - mark)} + "\"";
        found_.push_back({"\"\"", line_});
        pass(after(close, open) - at_);
    }

    void quoted(char mark) {
        std::size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != mark) end += text_[end] == '\\' ? 2 : 1;
        found_.push_back({mark == '"' ? "\"\"" : "''", line_});
        pass(end + 1 - at_);
    }

    // 1'000'000: the quotes open no character.
    void number() {
        std::size_t size = 1;
        const auto at = [&](std::size_t i) { return at_ + i < text_.size() ? text_[at_ + i] : '\0'; };
        while (in_word(at(size)) || at(size) == '.' || (at(size) == '\'' && in_word(at(size + 1)))) ++size;
        push(size);
    }

    // `>>` stays two: it may close two template lists.
    void symbol() {
        for (const std::string_view longer : {"<=>", "...", "::", "->", "<=", ">=", "==", "!=", "<<"})
            if (sees(longer)) return push(longer.size());
        push(1);
    }

    void directive() {
        const auto line = take_line();
        const auto name = line.find_first_not_of("# \t");
        if (name != std::string_view::npos && line.substr(name).starts_with("el")) skip_branches();
    }

    // A whole line, with those that a backslash joins to it.
    std::string_view take_line() {
        auto end = at_;
        do end = after("\n", end);
        while (end >= 2 && end < text_.size() && text_[end - 2] == '\\');
        const auto line = text_.substr(at_, end - at_);
        pass(line.size());
        line_begins_ = true;
        return line;
    }

    void skip_branches() {
        for (int depth = 1; depth > 0 && at_ < text_.size();) {
            const auto line = take_line();
            const auto mark = line.find_first_not_of(" \t");
            if (mark == std::string_view::npos || line[mark] != '#') continue;
            const auto name = line.substr(std::min(line.find_first_not_of("# \t"), line.size()));
            depth += name.starts_with("if") ? 1 : name.starts_with("endif") ? -1 : 0;
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
    bool line_begins_ = true;
    std::vector<token> found_;
};

inline bool one_of(std::string_view what, std::initializer_list<std::string_view> list) {
    return std::find(list.begin(), list.end(), what) != list.end();
}
inline bool is_word(std::string_view t) { return !t.empty() && lexer::starts_word(t.front()); }
inline bool opens(std::string_view t) { return one_of(t, {"(", "[", "{"}); }
inline bool closes(std::string_view t) { return one_of(t, {")", "]", "}"}); }
inline bool begins_class(std::string_view t) { return one_of(t, {"class", "struct", "union"}); }
/// By its spelling.
inline bool is_macro(std::string_view t) {
    return t.size() > 2 && is_word(t) && std::none_of(t.begin(), t.end(), [](char c) { return std::islower(static_cast<unsigned char>(c)) != 0; });
}

/// A place among the tokens, and the ways forward from there. Behind the last one are empty tokens without end.
class token_walk {
public:
    explicit token_walk(std::string_view text) : tokens_(lexer{text}.all()) {}

    [[nodiscard]] std::string_view peek(std::size_t ahead = 0) const { return text_at(at_ + ahead); }
    [[nodiscard]] std::string_view previous() const { return at_ == 0 ? std::string_view{} : text_at(at_ - 1); }
    [[nodiscard]] std::string_view text_at(std::size_t i) const { return tokens_[std::min(i, tokens_.size() - 1)].text; }
    [[nodiscard]] int line_of(std::size_t i) const { return tokens_[std::min(i, tokens_.size() - 1)].line; }
    [[nodiscard]] std::size_t place() const { return at_; }
    [[nodiscard]] int fault() const { return fault_; }
    [[nodiscard]] bool holds(std::string_view what, std::size_t from) const { return count(what, from) > 0; }
    [[nodiscard]] std::ptrdiff_t count(std::string_view what, std::size_t from) const {
        const auto end = tokens_.begin() + static_cast<std::ptrdiff_t>(at_);
        return std::count_if(tokens_.begin() + static_cast<std::ptrdiff_t>(from), end, [&](const token& t) { return t.text == what; });
    }

    void go(std::size_t steps = 1) { at_ = std::min(at_ + steps, tokens_.size() - 1); }
    void back_to(std::size_t place) { at_ = place; }

    bool take(std::string_view what) {
        if (peek() != what) return false;
        go();
        return true;
    }

    /// Nothing behind this can be read.
    void lose_way() {
        if (fault_ == 0) fault_ = line_of(at_);
        at_ = tokens_.size() - 1;
    }

    /// From an opening bracket past the one that closes it.
    void skip_group() {
        int depth = 0;
        do {
            if (peek().empty()) return lose_way();
            depth += opens(peek()) ? 1 : closes(peek()) ? -1 : 0;
            go();
        } while (depth > 0);
    }

    /// From `<` past its `>`; stays and says no where it is a comparison, or where no `<` stands.
    bool skip_angles() {
        const auto from = at_;
        int depth = peek() == "<" ? 0 : -1;
        if (depth < 0) return false;
        do {
            const auto t = peek();
            if (t.empty() || t == ";" || closes(t)) {
                at_ = from;
                return false;
            }
            if (opens(t)) {
                skip_group();
                continue;
            }
            depth += t == "<" ? 1 : t == ">" ? -1 : 0;
            go();
        } while (depth > 0);
        return true;
    }

    /// One token, or all that a bracket holds.
    void skip_one() {
        if (opens(peek()))
            skip_group();
        else
            go();
    }

    void skip_statement() {
        while (!one_of(peek(), {"", ";"})) skip_one();
        take(";");
    }

    /// Goes to the first of these, or to the end; template lists and what stands in them are passed over.
    void seek(std::initializer_list<std::string_view> ends) {
        while (!peek().empty() && !one_of(peek(), ends))
            if (!skip_angles()) go();
    }

    /// template <...> requires ..., as often as it comes.
    void skip_template() {
        while (peek() == "template" && peek(1) == "<") {
            go();
            if (!skip_angles()) return lose_way();
            if (peek() == "requires") skip_constraint();
        }
    }

    /// `requires` and what it asks for: atoms between && and ||.
    void skip_constraint() {
        do {
            go(peek() == "requires" ? 1 : 2);
            skip_atom();
        } while (one_of(peek(), {"&", "|"}) && peek(1) == peek());
    }

private:
    void skip_atom() {
        while (take("!")) continue;
        if (take("requires")) {
            if (peek() == "(") skip_group();
            return skip_group();
        }
        if (peek() == "(") return skip_group();
        do {
            take("::");
            go();
            skip_angles();
        } while (peek() == "::");
    }

    std::vector<token> tokens_;
    std::size_t at_ = 0;
    int fault_ = 0;
};

}  // namespace shape
