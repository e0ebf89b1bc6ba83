// The numbers that New API and one-api have for kinds of providers, as far as weir can reach them.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::import {

struct channel_type {
    int number;
    std::string_view name;
    std::string_view dialect = "openai";
    std::string_view url = {};     ///< where a channel says none
    std::string_view behind = {};  ///< what they put behind the URL before the endpoint
    std::string_view why_not = {};
};

/// Null: unknown. From 25 on the two programs count otherwise: `is_one_api` says whose the number is.
[[nodiscard]] const channel_type* find_channel_type(std::int64_t number, bool is_one_api);

}  // namespace weir::import
