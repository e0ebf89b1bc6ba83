// The files of a conf as one tree: what `include` names is put beside what the first file says, and `defaults` below what pools,
// upstreams and keys say themselves. It knows no other key.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.hpp"
#include "config/fault.hpp"

namespace weir::config {

/// A file that nodes of a tree stand in.
struct source_file {
    std::string name;                 ///< as the user, or the file that includes it, names it
    std::filesystem::path directory;  ///< what its relative paths are relative to
};

struct conf_tree {
    document tree;
    std::vector<source_file> files;  ///< the first one first; the number of a node's file counts here
    std::string hash;                ///< hexadecimal SHA-256 of all their bytes, the first 12 digits
};

/// The absolute folder of a file.
[[nodiscard]] std::filesystem::path folder_of(const std::string& path);

/// One file alone. nullopt when its text is no YAML; the faults say why.
[[nodiscard]] std::optional<conf_tree> read_tree(std::string_view text, const source_file& from, fault_list& faults);

/// A conf with all that it includes. Files that cannot be read, and names that two of them say, are faults; the rest is read on.
[[nodiscard]] std::optional<conf_tree> read_conf_tree(std::string_view text, const source_file& from, fault_list& faults);

}  // namespace weir::config
