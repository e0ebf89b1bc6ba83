// Nano-dollars as text. It rounds nothing: every digit that is there is written.
#include "usage/money.hpp"

namespace weir::usage {

namespace {

constexpr std::uint64_t nano_per_usd = 1'000'000'000;
constexpr std::size_t nano_digits = 9;

}  // namespace

std::string usd_string(nanousd amount) {
    // Negating the smallest value of the signed type would overflow; the unsigned one has room for it.
    const std::uint64_t magnitude = amount < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(amount) : static_cast<std::uint64_t>(amount);
    std::string text = amount < 0 ? "-" : "";
    text += std::to_string(magnitude / nano_per_usd);
    std::string fraction = std::to_string(magnitude % nano_per_usd);
    fraction.insert(0, nano_digits - fraction.size(), '0');
    fraction.erase(fraction.find_last_not_of('0') + 1);
    if (!fraction.empty()) text.append(".").append(fraction);
    return text;
}

}  // namespace weir::usage
