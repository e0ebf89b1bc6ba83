// A conf that is being drawn up from another program's, and how it is written down. It reads no file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "import/remarks.hpp"
#include "import/variables.hpp"

namespace weir::import {

using named_texts = std::vector<std::pair<std::string, std::string>>;

/// One address of a provider, as an upstream will say it. Texts are as a conf has them: `${NAME}` is a variable.
struct place {
    std::string name;
    std::string dialect = "openai";
    std::string url;
    std::string api_key;
    named_texts headers;
    std::vector<std::string> drop;
    named_texts set;  ///< paths and JSON
    int weight = 0;   ///< 0: not said
    std::int64_t max_requests = 0;
    std::int64_t first_byte_ms = 0, first_token_ms = 0;  ///< 0: not said
    std::int64_t attempts = 0;
    bool ask_usage = true;
    std::string origin;  ///< where it comes from, for a comment; no part of what it is
};

/// What a pool says of one of its places.
struct draft_upstream {
    std::size_t place = 0;
    std::string name;
    std::map<std::string, std::string> rename;
};

struct draft_pool {
    std::string name;
    std::vector<draft_upstream> upstreams;
};

struct draft_fallback {
    std::string pool;
    std::string model;
    bool larger_context = false;
};

struct draft_route {
    std::vector<std::string> models;
    std::string pool;
    std::vector<draft_fallback> fallbacks;
};

struct draft_key {
    std::string name, secret, comment;
};

/// USD for a million tokens, by the names of the price file.
struct draft_price {
    std::size_t place = 0;
    std::string model;
    named_texts rates;
};

/// What every pool says, as `defaults` has it.
struct pool_defaults {
    std::string balance;
    std::int64_t attempts = 0, backoff_ms = 0, first_byte_ms = 0, first_token_ms = 0, failures = 0, rest_ms = 0;
    [[nodiscard]] bool empty() const {
        return balance.empty() && attempts == 0 && backoff_ms == 0 && first_byte_ms == 0 && first_token_ms == 0 && failures == 0 && rest_ms == 0;
    }
};

struct draft {
    std::string source;   ///< the file that was read
    std::string program;  ///< whose it is
    std::string address, address_comment;
    pool_defaults defaults;
    std::vector<place> places;
    std::vector<draft_pool> pools;
    std::vector<draft_route> routes;
    std::vector<draft_key> keys;
    std::vector<draft_price> prices;
    std::vector<std::string> advice;  ///< comments before the end
    remarks left_out;
    variables secrets;
};

/// The conf as YAML, with all comments. One without pools gets a placeholder, so that it can be checked.
[[nodiscard]] std::string write_conf(const draft& from);

/// A text that stands for itself: `${` in it is no reference.
[[nodiscard]] std::string literal(std::string_view text);

}  // namespace weir::import
