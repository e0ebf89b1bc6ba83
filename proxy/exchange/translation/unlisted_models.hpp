// Models that are translated for although no table says what they accept: each is named once to the operator. Any thread, no lock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/conf.hpp"

namespace weir::exchange {

/// Names that were said once. It has room for so many; when it is full, what comes after is not said at all.
class names_once {
public:
    static constexpr std::size_t room = 256;

    /// True the first time for a name.
    [[nodiscard]] bool is_first(std::string_view name);

private:
    std::array<std::atomic<std::uint64_t>, room> seen_{};  ///< hashes; 0: free
};

/// What to do about a model that is not listed, in one line.
[[nodiscard]] std::string words_about_unlisted(std::string_view model);

/// Says in the event log, once for each name, that a model of a translated request is not listed.
void note_unlisted(std::string_view model, const config::conf& by);

}  // namespace weir::exchange
