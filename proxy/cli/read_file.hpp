// A whole file, or standard input for "-".
#pragma once

#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>

namespace weir::cli {

/// Nothing when it cannot be read; errno says why.
[[nodiscard]] inline std::optional<std::string> read_file(const std::string& path) {
    const auto all = [](std::istream& in) { return std::string{std::istreambuf_iterator<char>{in}, {}}; };
    if (path == "-") return all(std::cin);
    std::ifstream in{path, std::ios::binary};
    if (!in) return std::nullopt;
    auto text = all(in);
    if (in.bad()) return std::nullopt;
    return text;
}

}  // namespace weir::cli
