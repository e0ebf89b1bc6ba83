// What a conf cannot say of what was read, and why, with the lines of the source. It quotes no values: secrets may stand among them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir::import {

class remarks {
public:
    /// `what` is a key or a name, `why` a reason; the same reason is one remark with several names and lines.
    void add(int line, std::string_view what, std::string_view why);
    /// As lines of comment, in the order of the source; empty where there is nothing to say.
    [[nodiscard]] std::string text() const;

private:
    struct one {
        std::string why;
        std::vector<std::string> names;
        std::vector<int> lines;
    };
    std::vector<one> all_;
    std::map<std::string, std::size_t, std::less<>> known_;  ///< by the reason
};

/// `line 3`, `lines 3, 5 and 9`, `lines 3, 5, 9 and 4 more`.
[[nodiscard]] std::string named_lines(const std::vector<int>& lines);
/// For a comment: without line breaks and other control characters, and not longer than a line should be.
[[nodiscard]] std::string shown(std::string_view text);
/// A comment, broken at words; each line begins with `before`, `# ` and `indent` blanks.
[[nodiscard]] std::string comment(const std::string& text, std::size_t indent = 0, const std::string& before = {});

}  // namespace weir::import
