// Texts of another program's conf as a weir conf says them: variables, addresses, money. It knows no key of either.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/document.hpp"
#include "import/draft.hpp"
#include "import/imported.hpp"

namespace weir::import {

class foreign;

/// The tree of a YAML text, or the first thing that is wrong with it.
struct parsed_source {
    std::optional<config::document> tree;
    std::string problem;
};
[[nodiscard]] parsed_source parse_source(std::string_view text, const std::string& name, remarks& notes);

/// The same for JSON.
[[nodiscard]] parsed_source parse_json_source(std::string_view text, const std::string& name, remarks& notes);
/// JSON as a reader of YAML takes it: without tabs between its tokens, without halves of characters.
[[nodiscard]] std::string json_as_yaml(std::string_view json);

/// `NAME` of `os.environ/NAME` and of `${NAME}`, `${NAME:-…}` alone; empty: it is another text.
[[nodiscard]] std::string_view variable_in(std::string_view text);

/// A text with variables as weir has them.
[[nodiscard]] std::string with_variables(std::string_view text, variables& into);

/// A word that people write where no key is needed.
[[nodiscard]] bool is_no_key(std::string_view text);

/// Whether an address is of this machine or of a private network, or a name without dots.
[[nodiscard]] bool is_near(std::string_view url);

/// A base URL that weir takes, or why there is none. `behind` is put behind it where it is not there yet. Variables in it stay.
struct base_address {
    std::string url;
    std::string problem;
};
[[nodiscard]] base_address base_address_of(std::string_view text, std::string_view behind);

/// USD a token as USD per million tokens, exactly: `2.5e-06` -> `2.5`. Nothing where it is no such number.
[[nodiscard]] std::optional<std::string> per_million(std::string_view usd_per_token);

/// Whether `set` can say it. What looks like a credential cannot stand in a conf.
[[nodiscard]] bool can_be_set(std::string_view name, std::string_view json);

/// A header field; what looks like a credential becomes a variable. `owner`: a word for its name.
void add_header(place& to, const std::string& name, const foreign& value, std::string_view owner, draft& into);
/// Those of a map.
void add_headers(place& to, const foreign& from, std::string_view owner, draft& into);

}  // namespace weir::import
