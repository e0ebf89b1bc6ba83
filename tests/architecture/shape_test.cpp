// How large classes, functions, files and folders of proxy/ may be. What was larger when this began stands in shape_exceptions.txt, with its number:
// the numbers may only shrink, and the table says what is. WEIR_SHAPE=print shows the largest ones, and the table as it would be written now.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "architecture/source_shape.hpp"

namespace {

namespace fs = std::filesystem;

const fs::path root{WEIR_SOURCE_DIR};
const std::string table_name = "tests/architecture/shape_exceptions.txt";

constexpr int long_function = 40;
constexpr int share_of_folder = 8;  // no folder holds more than the eighth part of all lines

struct rule {
    std::string_view what;  // as the table names it
    int limit;
    std::string_view unit;
    std::string_view remedy;
};

constexpr rule fields{"class-fields", 15, "data members", "give those that belong together a class of their own"};
constexpr rule functions{"class-functions", 20, "member functions", "move those that share a few members to a class with these members"};
constexpr rule bools{"class-bools", 4, "members of type bool", "say with an enum which of the states that are possible it is in"};
constexpr rule function_lines{"function-lines", 60, "lines", "take out the steps that have a name"};
constexpr rule long_functions{"long-functions", 25, "functions above 40 lines", "split one: WEIR_SHAPE=print lists them"};
constexpr rule file_lines{"file-lines", 450, "lines", "find the second thing it does, and give that a file"};
constexpr rule folder_files{"folder-files", 45, "files", "find the second thing it is about, and give that a folder"};
constexpr rule folder_lines{"folder-lines", 0, "lines", "find the second thing it is about, and give that a folder"};

// Classes whose functions have no limit, and why.
const std::map<std::string, std::string_view> wide_on_purpose{
    {"config/cursor.hpp value", "one typed reader for each type that a value in the conf can have; none of them knows another"},
};

// Files that are data: their length says nothing.
const std::map<std::string, std::string_view> tables_of_data{
    {"token/char_class_table.cpp", "Unicode's classes, written by token/embed/char_class_table.py"},
};

/// Something that was measured, and found above its limit or in the table.
struct measure {
    const rule* of = nullptr;
    std::string subject;  // FILE NAME, FILE or FOLDER, relative to proxy/; no file has a space in its name
    std::string place;    // for messages: file:line
    int number = 0;
    int limit = 0;

    [[nodiscard]] std::string key() const { return std::string{of->what} + " " + subject; }
    [[nodiscard]] std::string row() const { return std::string{of->what} + " " + std::to_string(number) + " " + subject; }
    [[nodiscard]] std::string says() const {
        return place + ": " + subject.substr(subject.find(' ') + 1) + " has " + std::to_string(number) + " " + std::string{of->unit};
    }
};

struct exception_row {
    int number = 0;
    int line = 0;  // of the table
    std::string text;
};

using exception_table = std::map<std::string, exception_row>;

// Each line: what is measured, the number, whose it is.
exception_table table_from(const std::string& text) {
    exception_table rows;
    std::istringstream in{text};
    int at = 0;
    for (std::string line; std::getline(in, line);) {
        ++at;
        if (line.empty() || line.front() == '#') continue;
        std::istringstream words{line};
        std::string what, subject;
        int number = 0;
        words >> what >> number >> std::ws;
        std::getline(words, subject);
        EXPECT_TRUE(words && !subject.empty()) << table_name << ":" << at << ": cannot be read: " << line;
        EXPECT_TRUE(rows.try_emplace(what + " " + subject, exception_row{number, at, line}).second) << table_name << ":" << at << ": twice: " << line;
    }
    return rows;
}

// What is wrong with one that is above its limit.
std::string judged(const measure& m, const exception_table& table) {
    const auto known = table.find(m.key());
    const std::string limit = "the limit is " + std::to_string(m.limit);
    const std::string remedy = std::string{m.of->remedy};
    if (known == table.end())
        return m.says() + ", " + limit + ": " + remedy + ". If it only moved, its line in " + table_name + " moves with it: " + m.row();
    const auto written = known->second.number;
    const auto at = table_name + ":" + std::to_string(known->second.line);
    if (m.number > written)
        return m.says() + ", " + limit + ", and " + at + " allows " + std::to_string(written) + " until it is smaller: it may not grow; " + remedy;
    if (m.number < written) return m.says() + ", less than " + at + " allows: write there: " + m.row();
    return {};
}

std::vector<std::string> complaints(const std::vector<measure>& above, const exception_table& table) {
    std::vector<std::string> all;
    auto left = table;
    for (const auto& m : above) {
        left.erase(m.key());
        if (auto text = judged(m, table); !text.empty()) all.push_back(std::move(text));
    }
    for (const auto& [key, row] : left)
        all.push_back(table_name + ":" + std::to_string(row.line) + ": strike the line: within the limit now, or no longer there: " + row.text);
    return all;
}

struct source {
    std::string name;    // relative to proxy/
    std::string folder;  // likewise; "." for proxy/ itself
    int lines = 0;
    shape::shapes shapes;
};

struct folder {
    int files = 0;
    int lines = 0;
};

const std::vector<source>& sources() {
    static const std::vector<source> all = [] {
        std::vector<source> found;
        for (const auto& entry : fs::recursive_directory_iterator{root / "proxy"}) {
            const auto extension = entry.path().extension();
            if (extension != ".hpp" && extension != ".cpp") continue;
            std::ifstream in{entry.path(), std::ios::binary};
            const std::string text{std::istreambuf_iterator<char>{in}, {}};
            const auto name = entry.path().lexically_relative(root / "proxy");
            const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
            const auto parent = name.has_parent_path() ? name.parent_path().generic_string() : ".";
            found.push_back({name.generic_string(), parent, lines, shape::shapes_of(text)});
        }
        std::sort(found.begin(), found.end(), [](const source& a, const source& b) { return a.name < b.name; });
        return found;
    }();
    return all;
}

std::map<std::string, folder> folders() {
    std::map<std::string, folder> all;
    for (const auto& s : sources()) {
        ++all[s.folder].files;
        all[s.folder].lines += s.lines;
    }
    return all;
}

int lines_of_all() {
    int all = 0;
    for (const auto& s : sources()) all += s.lines;
    return all;
}

/// Collects what is above its limit.
class collection {
public:
    void see(const rule& of, const std::string& subject, const std::string& place, int number) {
        if (number > of.limit) add({&of, subject, place, number, of.limit});
    }

    void add(measure m) {
        // Overloads in one file: the second is name#2.
        const auto again = ++named_[m.key()];
        if (again > 1) m.subject += "#" + std::to_string(again);
        above_.push_back(std::move(m));
    }

    [[nodiscard]] const std::vector<measure>& above() const { return above_; }

private:
    std::vector<measure> above_;
    std::map<std::string, int> named_;
};

std::string place_of(const source& s, int line) { return "proxy/" + s.name + ":" + std::to_string(line); }

void see_classes(const source& s, collection& into) {
    for (const auto& c : s.shapes.classes) {
        const auto subject = s.name + " " + c.name;
        const auto place = place_of(s, c.line);
        if (!wide_on_purpose.contains(subject)) into.see(functions, subject, place, c.functions);
        if (c.record) continue;
        into.see(fields, subject, place, c.fields);
        into.see(bools, subject, place, c.bools);
    }
}

int count_long_functions() {
    std::ptrdiff_t all = 0;
    for (const auto& s : sources())
        all += std::count_if(s.shapes.functions.begin(), s.shapes.functions.end(), [](const auto& f) { return f.lines > long_function; });
    return static_cast<int>(all);
}

void see_folders(collection& into) {
    const auto all = lines_of_all();
    for (const auto& [name, f] : folders()) {
        into.see(folder_files, name, "proxy/" + name, f.files);
        // In hundreds: not every line that comes or goes shall change the table.
        if (f.lines * share_of_folder > all) into.add({&folder_lines, name, "proxy/" + name, (f.lines + 99) / 100 * 100, all / share_of_folder});
    }
}

std::vector<measure> all_above() {
    collection found;
    for (const auto& s : sources()) {
        see_classes(s, found);
        for (const auto& f : s.shapes.functions) found.see(function_lines, s.name + " " + f.name, place_of(s, f.line), f.lines);
        if (!tables_of_data.contains(s.name)) found.see(file_lines, s.name, place_of(s, 1), s.lines);
    }
    see_folders(found);
    found.see(long_functions, "proxy", "proxy", count_long_functions());
    return found.above();
}

// --- WEIR_SHAPE=print ---

struct printed {
    int size = 0;
    std::string text;
};

void print_largest(const std::string& title, std::vector<printed> all, std::size_t most = 15) {
    std::sort(all.begin(), all.end(), [](const printed& a, const printed& b) { return std::tie(b.size, a.text) < std::tie(a.size, b.text); });
    std::cout << "\n" << title << "\n";
    for (std::size_t i = 0; i < std::min(most, all.size()); ++i) std::cout << "  " << all[i].text << "\n";
}

std::string said(const shape::class_shape& c) {
    return std::to_string(c.fields) + " data members, " + std::to_string(c.functions) + " functions, " + std::to_string(c.bools) + " bools";
}

void print_shape() {
    std::vector<printed> classes, records, long_ones, files, all_folders;
    for (const auto& s : sources()) {
        for (const auto& c : s.shapes.classes)
            (c.record ? records : classes).push_back({c.fields + c.functions, s.name + " " + c.name + ": " + said(c)});
        for (const auto& f : s.shapes.functions)
            if (f.lines > long_function) long_ones.push_back({f.lines, place_of(s, f.line) + " " + f.name + ": " + std::to_string(f.lines)});
        files.push_back({s.lines, s.name + ": " + std::to_string(s.lines)});
    }
    for (const auto& [name, f] : folders())
        all_folders.push_back({f.lines, name + ": " + std::to_string(f.files) + " files, " + std::to_string(f.lines) + " lines, " +
                                            std::to_string(f.lines * 1000 / lines_of_all()) + " per mille"});
    print_largest("Classes, by data members and functions", std::move(classes));
    print_largest("Plain records, which have no limit", std::move(records));
    const auto title = "Functions above " + std::to_string(long_function) + " lines: " + std::to_string(long_ones.size());
    print_largest(title, std::move(long_ones), 1000);
    print_largest("Files", std::move(files));
    print_largest("Folders of " + std::to_string(lines_of_all()) + " lines", std::move(all_folders));
    std::cout << "\nThe table as it would be now\n";
    for (const auto& m : all_above()) std::cout << m.row() << "\n";
}

// --- small texts for the tests of the reader ---

shape::class_shape class_in(const std::string& text, const std::string& name = "") {
    const auto found = shape::shapes_of(text);
    EXPECT_EQ(found.fault, 0) << text;
    for (const auto& c : found.classes)
        if (name.empty() || c.name == name) return c;
    ADD_FAILURE() << "no class " << name << " in " << text;
    return {};
}

/// The data members, functions and bools of `class x` with these members.
std::vector<int> counts(const std::string& members) {
    const auto c = class_in("class x final : public y<int> {\npublic:\n" + members + "\n};", "x");
    return {c.fields, c.functions, c.bools};
}

/// NAME:LINES of every function.
std::vector<std::string> lengths(const std::string& text) {
    const auto found = shape::shapes_of(text);
    EXPECT_EQ(found.fault, 0) << text;
    std::vector<std::string> all;
    for (const auto& f : found.functions) all.push_back(f.name + ":" + std::to_string(f.lines));
    return all;
}

std::string repeated(int times, const std::function<std::string(int)>& one) {
    std::string all;
    for (int i = 0; i < times; ++i) all += one(i);
    return all;
}

using list = std::vector<int>;
using names = std::vector<std::string>;

}  // namespace

TEST(Shape, IsWithinItsLimitsOrInTheTable) {
    if (const char* wish = std::getenv("WEIR_SHAPE"); wish && std::string_view{wish} == "print") print_shape();
    std::ifstream in{root / table_name};
    ASSERT_TRUE(in) << table_name;
    const auto table = table_from({std::istreambuf_iterator<char>{in}, {}});
    for (const auto& text : complaints(all_above(), table)) ADD_FAILURE() << text;
}

TEST(Shape, IsReadInEveryFile) {
    std::size_t classes = 0, all_functions = 0;
    for (const auto& s : sources()) {
        EXPECT_EQ(s.shapes.fault, 0) << place_of(s, s.shapes.fault) << ": the reader of tests/architecture/source_shape.hpp lost its way before here";
        classes += s.shapes.classes.size();
        all_functions += s.shapes.functions.size();
    }
    EXPECT_GT(classes, 450u);
    EXPECT_GT(all_functions, 3000u);
}

TEST(Shape, ExemptsOnlyWhatNeedsIt) {
    for (const auto& [name, why] : tables_of_data) {
        const auto it = std::find_if(sources().begin(), sources().end(), [&](const source& s) { return s.name == name; });
        EXPECT_TRUE(it != sources().end() && it->lines > file_lines.limit) << name << " needs no exemption any more: take it off the list";
    }
    for (const auto& [subject, why] : wide_on_purpose) {
        bool needed = false;
        for (const auto& s : sources())
            for (const auto& c : s.shapes.classes) needed = needed || (s.name + " " + c.name == subject && c.functions > functions.limit);
        EXPECT_TRUE(needed) << subject << " needs no exemption any more: take it off the list";
    }
}

TEST(ShapeTable, LetsNothingNewAboveItsLimit) {
    const std::vector<measure> above{{&fields, "app/a.hpp a", "proxy/app/a.hpp:7", 16, 15}};
    const auto said_of_it = complaints(above, {});
    ASSERT_EQ(said_of_it.size(), 1u);
    EXPECT_TRUE(said_of_it[0].starts_with("proxy/app/a.hpp:7: a has 16 data members, the limit is 15: ")) << said_of_it[0];
}

TEST(ShapeTable, HoldsWhatIsAboveItsLimitAtItsNumber) {
    const auto table = table_from("# what is larger\n\nclass-fields 20 app/a.hpp a\nclass-functions 30 app/a.hpp a::operator bool\n");
    const std::vector<measure> same{{&fields, "app/a.hpp a", "f:7", 20, 15}, {&functions, "app/a.hpp a::operator bool", "f:7", 30, 20}};
    EXPECT_EQ(complaints(same, table), names{});

    auto grown = same;
    grown[0].number = 21;
    ASSERT_EQ(complaints(grown, table).size(), 1u);
    EXPECT_NE(complaints(grown, table)[0].find("shape_exceptions.txt:3 allows 20"), std::string::npos) << complaints(grown, table)[0];

    auto shrunk = same;
    shrunk[0].number = 19;
    ASSERT_EQ(complaints(shrunk, table).size(), 1u);
    EXPECT_TRUE(complaints(shrunk, table)[0].ends_with("write there: class-fields 19 app/a.hpp a")) << complaints(shrunk, table)[0];

    ASSERT_EQ(complaints({same[1]}, table).size(), 1u);
    EXPECT_TRUE(complaints({same[1]}, table)[0].starts_with(table_name + ":3: strike the line")) << complaints({same[1]}, table)[0];
}

TEST(ShapeTable, TellsOverloadsApart) {
    collection found;
    for (const int lines : {61, 60, 70}) found.see(function_lines, "app/a.cpp f", "proxy/app/a.cpp:1", lines);
    ASSERT_EQ(found.above().size(), 2u);
    EXPECT_EQ(found.above()[0].row(), "function-lines 61 app/a.cpp f");
    EXPECT_EQ(found.above()[1].row(), "function-lines 70 app/a.cpp f#2");
}

TEST(ShapeReader, FindsWhatIsOneAboveALimit) {
    EXPECT_EQ(counts(repeated(16, [](int i) { return "int a" + std::to_string(i) + "_;\n"; })), (list{16, 0, 0}));
    EXPECT_EQ(counts(repeated(5, [](int i) { return "bool a" + std::to_string(i) + "_ = false;\n"; })), (list{5, 0, 5}));
    EXPECT_EQ(counts(repeated(21, [](int i) { return "void f" + std::to_string(i) + "(int x);\n"; })), (list{0, 21, 0}));
    EXPECT_EQ(lengths("void f() {\n" + repeated(59, [](int) { return "g();\n"; }) + "}\n"), names{"f:61"});
}

TEST(ShapeReader, CountsDataMembers) {
    EXPECT_EQ(counts("int a_; int& b_; int *c_, d_; const char* const e_ = \"; int f_;\";"), (list{5, 0, 0}));
    EXPECT_EQ(counts("std::map<int, std::vector<int>> a_, b_; std::array<char, 20> c_{};"), (list{3, 0, 0}));
    EXPECT_EQ(counts("time_point a_ = never, b_{}, c_{1, 2}; std::size_t d_ = std::min<int>(1, 2), e_ = f(1, 2);"), (list{5, 0, 0}));
    EXPECT_EQ(counts("std::pair<int, int> a_ = std::pair<int, int>{1, 2}, b_; int c_[2] = {1, 2}; int d_ = 1 < 2;"), (list{4, 0, 0}));
    EXPECT_EQ(counts("std::function<bool()> a_; std::function<void(int, bool)> b_ = [](int, bool x) { int y = 1; };"), (list{2, 0, 0}));
    EXPECT_EQ(counts("question is_over_; void (*a_)(int x); bool (x::*b_)() const = nullptr; int (&c_)[2];"), (list{4, 0, 0}));
    EXPECT_EQ(counts("unsigned a_ : 3 = 1, b_ : 4; std::uint8_t : 0; mutable std::mutex c_; alignas(64) std::atomic<int> d_{0};"), (list{4, 0, 0}));
    EXPECT_EQ(counts("struct z* a_; const struct z* b_; decltype(f()) c_; [[no_unique_address]] e d_; ::z e_; z::y f_;"), (list{6, 0, 0}));
}

TEST(ShapeReader, LeavesOutWhatIsNoDataMember) {
    EXPECT_EQ(counts("static int a; static constexpr std::size_t b = 1, c = 2; inline static bool d = true; thread_local static int e;"),
              (list{0, 0, 0}));
    EXPECT_EQ(counts("using a = int; using b::c; typedef int d; friend class e; friend struct f; friend g; class h; struct i; union j;"),
              (list{0, 0, 0}));
    EXPECT_EQ(counts("enum class a : int { b, c = 2 }; enum d { e }; enum class f; enum class g : std::uint8_t; static_assert(1 < 2, \"\");"),
              (list{0, 0, 0}));
    EXPECT_EQ(counts("// int a_;\n/* int b_;\n int c_; */\npublic: protected: private: ; BOOST_MACRO(x); BOOST_OTHER(y)\nint d_;"), (list{1, 0, 0}));
    EXPECT_EQ(
        counts(
            "#define A(x) \\\n  int a_; \\\n  {\n#if defined(B)\nint b_;\n#elif C\nint c_; {\n#else\nint d_; {\n#  if E\n#  endif\n#endif\nint f_;"),
        (list{2, 0, 0}));
    EXPECT_EQ(counts("enum class a { b } c_, d_; enum { e } f_ = e;"), (list{3, 0, 0}));
}

TEST(ShapeReader, CountsBools) {
    EXPECT_EQ(counts("bool a_ = false, b_ = false; mutable bool c_{true}; const bool d_; bool e_ : 1, f_ : 1; bool g_[3];"), (list{7, 0, 7}));
    EXPECT_EQ(counts("bool* a_; bool& b_; bool *c_, d_; std::atomic<bool> e_; std::vector<bool> f_; bool (*g_)(); boolean h_;"), (list{8, 0, 1}));
}

TEST(ShapeReader, CountsMemberFunctions) {
    EXPECT_EQ(counts("x(); explicit x(int a) : y<int>(a), b_{a}, c_([] { return 1; }()) {} ~x(); virtual ~x() = 0; int b_, c_;"), (list{2, 4, 0}));
    EXPECT_EQ(counts("x(const x&) = delete; x& operator=(const x&)\n  = default; x(x&&) noexcept = default; ~x() = default;"), (list{0, 0, 0}));
    EXPECT_EQ(
        counts("bool operator()(int) const; explicit operator bool() const; operator std::vector<int>() const { return {}; } int operator[](int);"),
        (list{0, 4, 0}));
    EXPECT_EQ(counts("x& operator<<(int); bool operator<(x) const; bool operator>(x) const; void* operator new(std::size_t); int a_;"),
              (list{1, 4, 0}));
    EXPECT_EQ(counts("auto a() const -> std::map<int, int>; static x b(); virtual void c() = 0; void d() const&& noexcept(true) override; "
                     "net::task<bool> e();"),
              (list{0, 5, 0}));
    EXPECT_EQ(counts("template <class T, class U = std::pair<int, int>>\n  requires std::is_same_v<T, U> && (sizeof(T) > 4)\nvoid a(T t) { int i; }\n"
                     "template <class T> void b(T t) requires requires(T u) { u.c(); } { t.c(); } int d_;"),
              (list{1, 2, 0}));
    EXPECT_EQ(counts("void a(int b = 1, c d = {1, 2}, e f = [] { return 1; }); judgement g(const struct failed& what, std::function<bool()> h);"),
              (list{0, 2, 0}));
    EXPECT_EQ(
        counts("friend bool operator==(x, x) { return true; } friend void f(x); [[nodiscard]] x a() try { } catch (...) { } [[noreturn]] void b();"),
        (list{0, 2, 0}));
}

TEST(ShapeReader, LeavesOutAccessorsOfOneLine) {
    EXPECT_EQ(counts("[[nodiscard]] int a() const { return a_; }\n[[nodiscard]] const std::map<int, int>& b() const noexcept { return at(1); }"),
              (list{0, 0, 0}));
    EXPECT_EQ(counts("[[nodiscard]] bool c() const override { return std::any_of(d, e, [](int f) { return f > 1; }); }"), (list{0, 1, 0}));
    EXPECT_EQ(counts("[[nodiscard]] int a(int b) const { return b; }\n[[nodiscard]] int& c() { return c_; }\nint d() const { return d_; }"),
              (list{0, 3, 0}));
    EXPECT_EQ(counts("[[nodiscard]] int a() const {\n  return a_;\n}\n[[nodiscard]] explicit operator bool() const { return a_; }"), (list{0, 2, 0}));
}

TEST(ShapeReader, CountsNestedClassesForThemselves) {
    const std::string text =
        "namespace a::b {\nstruct c {\n  struct { int d, e; } f_, g_;\n  struct alignas(64) h { bool i = false; };\n  union { int j; int k; };\n  h "
        "l_; };\n}";
    EXPECT_EQ(class_in(text, "c").fields, 3);
    EXPECT_EQ(class_in(text, "c").bools, 0);
    EXPECT_EQ(class_in(text, "c::h").bools, 1);
    EXPECT_EQ(class_in(text, "c::(unnamed)").fields, 2);
    EXPECT_EQ(shape::shapes_of(text).classes.size(), 4u);
    EXPECT_EQ(shape::shapes_of(text).classes[0].line, 2);
}

TEST(ShapeReader, KnowsTheFormsOfAClassesHead) {
    for (const std::string head :
         {"class a", "struct a", "class a final", "class a final : public b<c, d>, private e::f", "class [[nodiscard]] a", "struct alignas(64) a : b",
          "template <class T = void>\nclass a", "template <>\nclass a<void>", "class BOOST_SYMBOL_VISIBLE a",
          "template <class T, std::enable_if_t<(1 > 2), int> = 0> struct a : b<decltype(c{})>", "union a"})
        EXPECT_EQ(class_in(head + " { int b_; };", "a").fields, 1) << head;
    EXPECT_EQ(class_in("struct a::b {\n  b(int c) : d(c) {}\n  int d;\n};", "a::b").record, true);
    EXPECT_EQ(class_in("int f() {\n  struct a { int b, c; };\n  struct stat s{};\n  enum class d { e };\n}", "a").fields, 2);
    EXPECT_EQ(shape::shapes_of("class a; struct b* c(); extern struct d e; enum class f { g }; template <class T> class h; void i(class j k) {}")
                  .classes.size(),
              0u);
}

TEST(ShapeReader, KnowsPlainRecords) {
    EXPECT_TRUE(
        class_in("struct a { int b = 0; a(); explicit a(int) : b(1) {} bool operator==(const a&) const = default; static constexpr int c = 1; };")
            .record);
    EXPECT_TRUE(class_in("struct a { bool operator<(const a& o) const { return b < o.b; } int b; friend bool operator==(a, a); };").record);
    EXPECT_TRUE(class_in("struct a { int b; [[nodiscard]] int c() const { return b; } };").record);
    EXPECT_TRUE(class_in("class a {\npublic:\n  int b;\n};").record);
    EXPECT_FALSE(class_in("struct a { int b; void c(); };").record);
    EXPECT_FALSE(class_in("struct a { int b; ~a(); };").record);
    EXPECT_FALSE(class_in("class a { int b; };").record);
    EXPECT_FALSE(class_in("struct a {\n  a();\nprivate:\n  int b;\n};").record);
}

TEST(ShapeReader, MeasuresFunctions) {
    EXPECT_EQ(lengths("int a() { return 1; }\ntemplate <class T>\nstatic std::pair<int, T> b(\n    T t) {\n}\nint c();\n"), (names{"a:1", "b:4"}));
    EXPECT_EQ(lengths("namespace a {\nb::b(int c)\n    : d(c),\n      e{[] { return 1; }()} {\n}\nb::~b() {\n}\n}"), (names{"b::b:4", "b::~b:2"}));
    EXPECT_EQ(lengths("struct a {\n  void b() {\n  }\n  struct c { int d() {\n return 1; } };\n  a& operator=(a) {\n\n\n }\n};"),
              (names{"a::b:2", "a::c::d:2", "a::operator=:4"}));
    EXPECT_EQ(
        lengths(
            "a& a::operator+=(int) {\n}\na::operator bool() const {\n}\nvoid a::operator()(int b) {\n}\ntemplate <class T>\nvoid a<T>::c() {\n}\n"),
        (names{"a::operator+=:2", "a::operator bool:2", "a::operator():2", "a::c:3"}));
    EXPECT_EQ(lengths("a::a() try : b(1) {\n} catch (const c& d) {\n} catch (...) {\n}\nauto e() -> std::map<int, int> {\n}\n"),
              (names{"a::a:4", "e:2"}));
    EXPECT_EQ(lengths("net::task<void> a() {\n  co_await b([] {\n  });\n  struct c { void d() {} };\n}\nextern \"C\" {\nint e() {\n}\n}\n"),
              (names{"a:5", "c::d:1", "e:2"}));
    EXPECT_EQ(lengths("[[nodiscard]] static inline constexpr unsigned long\na(int (*b)(int), c d = {}) noexcept {\n}\nBOOST_FORCEINLINE int e() {}"),
              (names{"a:3", "e:1"}));
}

TEST(ShapeReader, MeasuresLambdasThatNoFunctionContains) {
    EXPECT_EQ(lengths("const auto a = [](int b) -> int {\n  return [] { return 1; }();\n};\nint c = d[1] + e{2}[3];\n"), names{"a (lambda):3"});
    EXPECT_EQ(lengths("const table a{\n  {\"b\", [&] {\n  }},\n  {\"c\", []<class T>(T) mutable {\n\n  }}};\n"),
              (names{"a (lambda):2", "a (lambda):3"}));
    EXPECT_EQ(lengths("struct a {\n  std::function<void()> b = [] {\n  };\n};"), names{"a::b (lambda):2"});
}

TEST(ShapeReader, IsNotMisledByTexts) {
    EXPECT_EQ(lengths("void a() {\n  const char* b = \"}\\\"}\"; char c = '}', d = '\\''; int e = 1'000'000;\n  f(R\"x(}\n)\" }\n)x\", u8\"}\"); // "
                      "}\n  /* } */\n}\n"),
              names{"a:7"});
    EXPECT_EQ(lengths("constexpr std::string_view a = R\"html(<p>{\n  #if 1\n  // {\n)html\";\nint b() {\n}\n"), names{"b:2"});
    EXPECT_EQ(lengths("WEIR_EMBED(\"a\", B);\nconst row c[] = {\n  WEIR_COLUMN(\"d\", e),\n};\nint f() { return a < b && c > d; }\n"), names{"f:1"});
}

TEST(ShapeReader, SaysWhereItLostItsWay) {
    EXPECT_EQ(shape::shapes_of("int a() {\n  if (b) {\n}\n").fault, 4);
    EXPECT_EQ(shape::shapes_of("int a() {\n}\n}\n").fault, 3);
    EXPECT_EQ(shape::shapes_of("struct a {\n  int b;\n").fault, 3);
}
