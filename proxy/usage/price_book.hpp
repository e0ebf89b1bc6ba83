// What a token costs: model patterns to prices, the tier of the whole prompt, resellers' own prices.
// It does not read files (config/prices_file.hpp does).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "usage/counts.hpp"
#include "usage/money.hpp"

namespace weir::usage {

/// Pico-dollars per token, that is micro-dollars per million tokens: exact for every published price.
using picousd = std::int64_t;

struct rates {
    picousd input = 0;
    picousd cached_input = 0;
    picousd cache_write = 0;
    picousd cache_write_1h = 0;
    picousd output = 0;
    picousd reasoning = 0;
    picousd audio_input = 0;
    picousd audio_output = 0;
    picousd image_output = 0;
    bool operator==(const rates&) const = default;
};

struct tier {
    std::int64_t above = 0;  ///< applies when the whole prompt is strictly larger than this
    rates price;
};

struct model_price {
    std::string pattern;  ///< name or glob as written in the price file
    rates price;
    std::vector<tier> tiers;  ///< ascending by `above`
    nanousd per_request = 0;
    std::string upstream = {};  ///< not empty: holds for this upstream only
};

/// Σ parts × rate of the tier that the whole prompt falls in, rounded half up once at the end, and `per_request` for each of `answers`; saturates.
[[nodiscard]] nanousd cost_of(const model_price& price, const counts& used, std::int64_t answers = 1);
/// Whether a request is paid for whatever it uses: a price for each, or zeros for all that has one.
[[nodiscard]] bool needs_no_usage(const model_price& price);

class price_book {
public:
    price_book() = default;
    explicit price_book(std::vector<model_price> rows);
    price_book(price_book&&) = default;
    price_book& operator=(price_book&&) = default;
    price_book(const price_book& other) : price_book(other.rows_) {}  // the shelves look into the rows
    price_book& operator=(const price_book& other) { return *this = price_book(other); }
    ~price_book() = default;

    /// The most specific row: the upstream's own before the general; an exact name before a glob; then the glob with
    /// the most literal characters. A name that no row fits is looked up by what stands behind its last slash (`models/gemini-2.5-pro`).
    /// nullptr: no price. The pointer lives as long as the book.
    [[nodiscard]] const model_price* find(std::string_view model, std::string_view upstream = {}) const;
    /// Of what is sent upstream; where that has none, of what was asked for.
    [[nodiscard]] const model_price* find_sent(std::string_view sent, std::string_view asked, std::string_view upstream) const {
        const auto* found = find(sent, upstream);
        return found != nullptr || sent == asked ? found : find(asked, upstream);
    }
    /// Some upstream has prices of its own: the others' cannot be told from the model alone.
    [[nodiscard]] bool has_own_prices() const { return !own_.empty(); }
    [[nodiscard]] const std::vector<model_price>& rows() const { return rows_; }

private:
    /// The rows of one upstream, or those that hold for all.
    struct shelf {
        std::string upstream;
        std::unordered_map<std::string_view, std::size_t> names;  ///< rows without wildcards; views into rows_
        std::vector<std::size_t> globs;                           ///< rows with wildcards, the most literal characters first
    };
    [[nodiscard]] const model_price* find_whole(std::string_view model, std::string_view upstream) const;
    [[nodiscard]] const model_price* find_on(const shelf& where, std::string_view model) const;

    std::vector<model_price> rows_;
    shelf general_;
    std::vector<shelf> own_;  ///< few: resellers with their own prices
};

}  // namespace weir::usage
