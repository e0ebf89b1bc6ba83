// The variables that a conf names instead of secrets. What stands in the source in clear is not copied: it gets a name, and a comment says where
// its value is to be found.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/secret.hpp"

namespace weir::import {

class variables {
public:
    /// A name that the source itself uses for something: secrets get others.
    void reserve(std::string_view name) { taken_.insert(std::string{name}); }
    /// `${NAME}` for a variable of the source's environment.
    [[nodiscard]] std::string from_environment(std::string_view name);
    /// `${NAME}` for a secret that the source has in clear; the same one gets the same name. `wanted`: what it should be called.
    [[nodiscard]] std::string for_secret(std::string_view secret, std::string_view wanted, int line);
    /// `${NAME}` for one that the source does not have; `what` says what it is.
    [[nodiscard]] std::string to_be_made(std::string_view wanted, const std::string& what);

    /// What to put into weir.env, as lines of comment; `source`: the name of the file that was read.
    [[nodiscard]] std::string text(const std::string& source) const;

private:
    struct one {
        std::string name;
        std::string what;
        core::secret clear;
        std::vector<int> lines;
    };
    std::string free_name(std::string_view wanted);
    std::vector<one> all_;
    std::set<std::string> taken_;
};

/// A name that a variable may have: other characters become `_`.
[[nodiscard]] std::string variable_name(std::string_view text);

}  // namespace weir::import
