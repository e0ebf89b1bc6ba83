// Which of OpenAI's two forms a pool's upstreams turned out to have, where its conf does not say what they speak. It is forgotten at the next reload.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "dialect/hub/fields.hpp"

namespace weir::pools {

/// Thread-safe.
class known_form {
public:
    /// None: nobody was told otherwise so far.
    [[nodiscard]] std::optional<dialect::hub::spoke> get() const {
        const auto now = form_.load(std::memory_order_relaxed);
        if (now == unknown) return std::nullopt;
        return static_cast<dialect::hub::spoke>(now);
    }
    void note(dialect::hub::spoke form) { form_.store(static_cast<std::uint8_t>(form), std::memory_order_relaxed); }

private:
    static constexpr std::uint8_t unknown = 0xff;
    std::atomic<std::uint8_t> form_{unknown};
};

}  // namespace weir::pools
