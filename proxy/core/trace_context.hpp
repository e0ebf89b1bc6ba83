// W3C Trace Context: the header traceparent read and written (https://www.w3.org/TR/trace-context/, section 3.2). Randomness is an argument.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::core {

inline constexpr std::uint8_t trace_sampled = 0x01;

/// The 128 bits that all spans of a trace share. Both 0: none.
struct trace_id {
    std::uint64_t high = 0, low = 0;
    bool operator==(const trace_id&) const = default;
    [[nodiscard]] bool empty() const { return (high | low) == 0; }
};

struct trace_context {
    trace_id trace;
    std::uint64_t span = 0;  ///< of who calls
    std::uint8_t flags = 0;  ///< only those that version 00 knows
    [[nodiscard]] bool sampled() const { return (flags & trace_sampled) != 0; }
};

/// Of any version but ff, as far as version 00 understands it; nothing where it is malformed: a new trace begins there.
[[nodiscard]] std::optional<trace_context> parse_traceparent(std::string_view text);

inline constexpr std::size_t traceparent_size = 55;
/// Writes traceparent_size characters, version 00.
void write_traceparent(char* to, const trace_context& of);

/// 32 and 16 lower-case hexadecimal digits; return the end.
char* write_trace_id(char* to, trace_id id);
char* write_span_id(char* to, std::uint64_t id);

/// A new trace that is not sampled.
[[nodiscard]] inline trace_context new_trace(std::uint64_t random_a, std::uint64_t random_b) {
    return {{random_a | 1, random_b}, 0, 0};  // an id must not be all zeros
}

}  // namespace weir::core
