// Which shapes the events of one stream had (dialect/read/event_shape.hpp), and whether to learn more of them. It does not know what they mean.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "dialect/endpoint.hpp"

namespace weir::dialect {

class event_shape;
class shape_notes;
struct shape_match;

/// Names a shape that events of a stream had; 0: none.
using shape_name = std::uint64_t;

class stream_shapes {
public:
    /// With `in_use` off nothing is learned, and so nothing recognised.
    explicit stream_shapes(bool in_use) : learned_in_vain_(in_use ? 0 : enough_in_vain) {}

    /// The shape that `event` has, if it is one of the last of this stream, and in `seen` what stands in its holes; nullptr: it must be read whole.
    [[nodiscard]] const event_shape* recognise(std::string_view event, shape_match& seen);

    /// An event that was read whole and said nothing but its text.
    void learn(endpoint where, std::string_view event, const shape_notes& notes);

private:
    // A stream whose events never look like those before is not helped by learning more of them.
    static constexpr std::uint8_t enough_in_vain = 8;

    std::array<shape_name, 2> last_{};  ///< the later one first
    std::uint8_t learned_in_vain_;      ///< shapes since one was of use
};

}  // namespace weir::dialect
