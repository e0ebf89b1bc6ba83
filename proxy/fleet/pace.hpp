// How often the store is asked about a limit, and how long for an answer is waited.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir::fleet {

/// Which limits one round of questions is about.
enum class asking : std::uint8_t {
    due,   ///< those whose time it is
    all,   ///< every one: the store was out of reach until now
    last,  ///< every one, to give back what is leased and not used
};

/// For one round trip, connecting included.
[[nodiscard]] constexpr std::chrono::milliseconds answer_limit(asking what) { return std::chrono::milliseconds{what == asking::last ? 300 : 500}; }

inline constexpr std::size_t asked_at_once = 256;  ///< limits in one round trip, at most

inline constexpr std::chrono::milliseconds busy_refresh{250};  ///< of limits that are in use
inline constexpr std::chrono::seconds recent_refresh{1};       ///< of those that were in use of late
inline constexpr std::chrono::seconds idle_refresh{5};         ///< of the others

}  // namespace weir::fleet
