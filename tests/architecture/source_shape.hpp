// Reads how large the classes and functions of a C++ text are, without a compiler: enough of the language for this tree, and it says where it lost
// its way (`fault`) rather than count wrongly in silence.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "architecture/source_tokens.hpp"

namespace shape {

struct class_shape {
    std::string name;  // with the classes around it, without namespaces
    int line = 0;
    int fields = 0;
    int functions = 0;
    int bools = 0;
    bool record = true;  // public data, and at most constructors, comparisons and accessors
};

struct function_shape {
    std::string name;
    int line = 0;
    int lines = 0;
};

struct shapes {
    std::vector<class_shape> classes;
    std::vector<function_shape> functions;
    int fault = 0;  // the line where reading failed; 0: it did not
};

/// What is known of the declaration at hand.
struct head {
    std::size_t first = 0;  // its first token
    std::string name;       // the last one read: what is declared, once `(`, `=`, `{`, `,` or `;` comes
    int words = 0;          // names of types and of what is declared: a field has at least two
    enum class belonging : unsigned char { to_object, to_class, elsewhere } belongs = belonging::to_object;
    bool of_bool = false;
    bool nodiscard = false;
    bool indirect = false;  // a pointer, a reference, or a pointer to a function
    bool macro = false;     // the parentheses at hand are a macro's, not a list of parameters

    // `before`: the token before it, `earlier` the one before that.
    void add(std::string_view word, std::string_view before, std::string_view earlier) {
        if (one_of(word, {"static", "thread_local"})) belongs = belonging::to_class;
        if (word == "friend") belongs = belonging::elsewhere;
        if (begins_class(word) || one_of(word, {"static", "thread_local", "friend", "mutable", "const", "constexpr", "consteval", "constinit",
                                                "volatile", "inline", "virtual", "explicit", "extern", "typename", "alignas"}))
            return;
        const bool qualified = (before == "::" || (before == "~" && earlier == "::")) && words > 0;
        const std::string last = std::string{before == "~" ? "~" : ""}.append(word);
        if (qualified) {
            name += "::" + last;
            return;
        }
        if (words == 0) of_bool = word == "bool";
        ++words;
        name = last;
    }
};

/// A class that is being read.
class open_class {
public:
    open_class(std::string name, const std::string& as_spelled, int line, bool is_public)
        : simple_name_(as_spelled.substr(as_spelled.rfind(':') + 1)), is_public_(is_public) {
        shape_.name = std::move(name);
        shape_.line = line;
    }

    [[nodiscard]] const class_shape& shape() const { return shape_; }

    void turn(std::string_view access) { is_public_ = access == "public"; }

    void add_field(const head& h) {
        if (h.belongs != head::belonging::to_object || h.words < 2) return;
        ++shape_.fields;
        if (h.of_bool && !h.indirect) ++shape_.bools;
        if (!is_public_) shape_.record = false;
    }

    void add_function(const std::string& name) {
        ++shape_.functions;
        const bool plain = name == simple_name_ || one_of(name, {"operator==", "operator!=", "operator<=>", "operator<"});
        shape_.record = shape_.record && plain;
    }

private:
    class_shape shape_;
    std::string simple_name_;
    bool is_public_;
};

/// The name behind `class` with its attributes and macros; without template arguments.
inline std::string class_name(token_walk& at) {
    const auto is_marked = [&] { return is_macro(at.peek()) && is_word(at.peek(1)) && at.peek(1) != "final"; };
    while ((at.peek() == "[" && at.peek(1) == "[") || at.peek() == "alignas" || is_marked()) {
        if (at.peek() != "[") at.go();
        if (opens(at.peek())) at.skip_group();
    }
    std::string name;
    while (is_word(at.peek()) && at.peek() != "final") {
        name.append(name.empty() ? "" : "::").append(at.peek());
        at.go();
        at.skip_angles();
        if (!at.take("::")) break;
    }
    return name;
}

/// At parentheses that hold no parameters.
inline bool behind_keyword(const token_walk& at) { return one_of(at.previous(), {"alignas", "decltype", "explicit", "__attribute__", "noexcept"}); }

/// From behind a constructor's `:` to its body.
inline void member_initialisers(token_walk& at) {
    do {
        at.seek({"(", "{", ";"});
        if (one_of(at.peek(), {"", ";"})) return at.lose_way();
        at.skip_group();
        at.take("...");
    } while (at.take(","));
}

class reader {
public:
    explicit reader(std::string_view text) : at_(text) {}

    shapes read() {
        declarations(nullptr);
        if (!at_.peek().empty()) at_.lose_way();  // a closing brace that nothing opened
        found_.fault = at_.fault();
        const auto by_place = [](const auto& a, const auto& b) { return std::tie(a.line, a.name) < std::tie(b.line, b.name); };
        std::sort(found_.classes.begin(), found_.classes.end(), by_place);
        std::sort(found_.functions.begin(), found_.functions.end(), by_place);
        return std::move(found_);
    }

private:
    // --- scopes ---
    void declarations(open_class* in) {
        while (!one_of(at_.peek(), {"", "}"})) {
            const auto before = at_.place();
            declaration(in);
            if (at_.place() == before) return at_.lose_way();
        }
    }

    void block(open_class* in) {
        at_.go();
        declarations(in);
        if (!at_.take("}")) at_.lose_way();
    }

    void declaration(open_class* in) {
        const auto t = at_.peek(), next = at_.peek(1);
        if (at_.take(";")) return;
        if (next == ":" && one_of(t, {"public", "private", "protected"})) {
            if (in) in->turn(t);
            return at_.go(2);
        }
        if (t == "namespace" || (t == "inline" && next == "namespace")) {
            at_.seek({"{", ";"});
            return at_.peek() == "{" ? block(nullptr) : at_.skip_statement();
        }
        if (t == "extern" && next == "\"\"" && at_.peek(2) == "{") {
            at_.go(2);
            return block(in);
        }
        if (one_of(t, {"using", "typedef", "static_assert", "asm"})) return at_.skip_statement();
        head h;
        h.first = at_.place();
        at_.skip_template();
        entity(in, h);
    }

    // A function, or variables, or a class or enumeration and perhaps variables of it.
    void entity(open_class* in, head& h) {
        for (;;) {
            const auto t = at_.peek();
            if (one_of(t, {"", "}"})) return at_.lose_way();
            if (one_of(t, {";", ","})) {
                if (in) in->add_field(h);
                at_.go();
                if (t == ";") return;
                h.indirect = false;
                continue;
            }
            if (t == "operator") return operator_function(in, h);
            if (t == "(" && begins_parameters(h)) return function(in, h);
            if (one_of(t, {"=", "{", ":"}))
                initial_value(h);
            else
                specifier(h);
        }
    }

    // Anything before the parameters or the initial value.
    void specifier(head& h) {
        const auto t = at_.peek();
        if (t == "enum") return enumeration(h);
        if (begins_class(t) && class_definition()) {
            ++h.words;
            return;
        }
        if (t == "(" || t == "[") return group_in_head(h);
        if (at_.skip_angles()) return;
        if (t == "*" || t == "&") h.indirect = true;
        if (is_word(t)) h.add(t, at_.previous(), at_.place() < 2 ? "" : at_.text_at(at_.place() - 2));
        at_.go();
    }

    // With or without its list; a name behind it is a variable's.
    void enumeration(head& h) {
        at_.go();
        if (one_of(at_.peek(), {"class", "struct"})) at_.go();
        while (!one_of(at_.peek(), {"", "{", ";", "}"}) && !(is_word(at_.peek()) && is_word(at_.peek(1)))) at_.go();
        if (at_.peek() == "{") at_.skip_group();
        ++h.words;
    }

    void group_in_head(head& h) {
        const auto from = at_.place();
        const bool attribute = at_.peek() == "[" && at_.peek(1) == "[";
        if (at_.peek() == "(" && !h.macro && !behind_keyword(at_)) {
            // A pointer to a function, or to a member: what is declared stands inside.
            h.indirect = true;
            ++h.words;
        }
        h.macro = false;
        at_.skip_group();
        if (attribute && at_.holds("nodiscard", from)) h.nodiscard = true;
    }

    // Whether the parentheses at hand hold a function's parameters.
    bool begins_parameters(head& h) {
        const auto name = at_.previous();
        if (behind_keyword(at_) || (!is_word(name) && name != ">")) return false;
        std::size_t ahead = 1;
        while (is_word(at_.peek(ahead)) && at_.peek(ahead + 1) == "::") ahead += 2;
        if (one_of(at_.peek(ahead), {"*", "&"})) return false;
        if (!is_macro(name)) return true;
        const auto from = at_.place();
        at_.skip_group();
        // A macro, where another declaration begins behind it or this one ends.
        const auto next = at_.peek();
        h.macro = is_word(next) ? !one_of(next, {"const", "noexcept", "override", "final", "try", "requires", "volatile"}) : next == ";";
        at_.back_to(from);
        if (h.macro) h.words = 0;
        return !h.macro;
    }

    // From `=`, `{` or the `:` of a bit-field to the `,` or `;` behind it. A lambda in it is a function: no other contains it.
    void initial_value(const head& h) {
        int depth = 0;
        for (;;) {
            const auto t = at_.peek();
            if (t.empty()) return at_.lose_way();
            if (depth == 0 && one_of(t, {",", ";"})) return;
            const auto before = at_.previous();
            if (t == "[" && at_.peek(1) != "[" && (is_word(before) ? before == "return" : !one_of(before, {"[", ")", "]", ">", "\"\""}))) {
                lambda(h.name);
                continue;
            }
            if (is_word(before) && at_.skip_angles()) continue;
            depth += opens(t) ? 1 : closes(t) ? -1 : 0;
            at_.go();
        }
    }

    void lambda(const std::string& of) {
        const auto first = at_.place();
        at_.skip_group();
        at_.skip_angles();
        while (!one_of(at_.peek(), {"", "{", ";"})) at_.skip_one();
        if (at_.peek() != "{") return;
        body();
        keep_function(of + " (lambda)", first);
    }

    // --- functions ---
    void operator_function(open_class* in, head& h) {
        std::string name = at_.previous() == "::" ? h.name + "::operator" : "operator";
        at_.go();
        if (at_.peek() == "(") {
            name += "()";
            at_.go(2);
        }
        for (; !one_of(at_.peek(), {"", "(", ";"}); at_.go()) {
            if (is_word(at_.peek()) && !name.ends_with("::")) name += ' ';
            name += at_.peek();
        }
        h.name = name;
        function(in, h);
    }

    // From the parameters on.
    void function(open_class* in, const head& h) {
        const auto parameters = at_.place();
        at_.skip_group();
        const bool without = at_.place() == parameters + 2;
        bool made = false, is_const = false;
        while (!one_of(at_.peek(), {"", ";", "{", ":", "try", "}"})) {
            is_const = is_const || at_.peek() == "const";
            made = made || (at_.peek() == "=" && one_of(at_.peek(1), {"default", "delete"}));
            if (at_.peek() == "requires")
                at_.skip_constraint();
            else if (!at_.skip_angles())
                at_.skip_one();
        }
        const auto end_of_head = at_.place();
        if (!at_.take(";")) definition(h);
        if (in == nullptr || h.belongs == head::belonging::elsewhere || made) return;
        if (h.nodiscard && without && is_const && returns_on_one_line(h, end_of_head)) return;
        in->add_function(h.name);
    }

    void definition(const head& h) {
        const bool tries = at_.take("try");
        if (at_.take(":")) member_initialisers(at_);
        if (at_.peek() != "{") return at_.lose_way();
        body();
        while (tries && at_.take("catch")) {
            at_.skip_group();
            body();
        }
        keep_function(h.name, h.first);
    }

    // A body is skipped but for the classes in it.
    void body() {
        int depth = 0;
        do {
            const auto t = at_.peek();
            if (t.empty()) return at_.lose_way();
            if (begins_class(t) && at_.previous() != "enum" && class_definition()) continue;
            depth += opens(t) ? 1 : closes(t) ? -1 : 0;
            at_.go();
        } while (depth > 0);
    }

    // An accessor: `[[nodiscard]] T name() const { return ...; }`, all on one line.
    [[nodiscard]] bool returns_on_one_line(const head& h, std::size_t open) const {
        return !h.name.starts_with("operator") && at_.text_at(open) == "{" && at_.text_at(open + 1) == "return" && at_.count(";", open) == 1 &&
               at_.line_of(h.first) == at_.line_of(at_.place() - 1);
    }

    void keep_function(const std::string& name, std::size_t first) {
        const auto line = at_.line_of(first);
        found_.functions.push_back({qualified(name), line, at_.line_of(at_.place() - 1) - line + 1});
    }

    // --- classes ---
    // Reads a class if that is what begins here; else stays.
    bool class_definition() {
        const auto first = at_.place();
        const bool is_public = at_.peek() != "class";
        at_.go();
        std::string name = class_name(at_);
        at_.take("final");
        if (at_.peek() == ":") at_.seek({"{", ";", ")"});
        if (at_.peek() != "{") {
            at_.back_to(first);
            return false;
        }
        if (name.empty()) name = "(unnamed)";
        open_class c{qualified(name), name, at_.line_of(first), is_public};
        within_.push_back(name);
        block(&c);
        within_.pop_back();
        found_.classes.push_back(c.shape());
        return true;
    }

    [[nodiscard]] std::string qualified(const std::string& name) const {
        std::string all;
        for (const auto& around : within_) all.append(around).append("::");
        return all + name;
    }

    token_walk at_;
    std::vector<std::string> within_;
    shapes found_;
};

inline shapes shapes_of(std::string_view text) { return reader{text}.read(); }

}  // namespace shape
