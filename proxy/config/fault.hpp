// What is wrong in a conf file, and exactly where. It does not decide what happens then.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

/// A place in a file, both 1-based; columns count bytes.
struct position {
    int line = 1;
    int column = 1;
    bool operator==(const position&) const = default;
};

struct fault {
    std::string file;
    int line = 1;
    int column = 1;
    bool warning = false;
    std::string message;
};

/// `FILE:LINE:COL: error: what is wrong; did you mean 'x'?`, or `warning:`.
[[nodiscard]] std::string to_string(const fault& what);

/// The faults of one load, over all its files. A hopeless file stops adding after `most`.
class fault_list {
public:
    static constexpr std::size_t most = 1000;

    void add(std::string_view file, position at, bool warning, std::string message);
    [[nodiscard]] bool has_error() const { return has_error_; }
    /// More faults would not be shown.
    [[nodiscard]] bool full() const { return faults_.size() > most; }
    /// `first_file`, then the others as they were first mentioned; in each by line and column.
    [[nodiscard]] std::vector<fault> sorted(std::string_view first_file) const;

private:
    std::vector<fault> faults_;
    bool has_error_ = false;
};

/// Text from a file as it may be shown: in single quotes, cut when long, control characters as `?`.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// `; did you mean 'x'?`, or nothing for an empty suggestion.
[[nodiscard]] std::string did_you_mean(std::string_view suggestion);

}  // namespace weir::config
