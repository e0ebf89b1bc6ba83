// What the dialects' readers may do to a stream_reader, and the small things they share.
// It does not know any dialect.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dialect/json/json_index.hpp"
#include "dialect/read/answer.hpp"
#include "dialect/read/event_shape.hpp"

namespace weir::dialect {

/// The kinds of text that one choice or block can stream; with its number they make a lane.
enum class slot : std::uint32_t { content = 0, reasoning = 1, refusal = 2, audio = 3, tool = 16 };

[[nodiscard]] constexpr std::uint32_t lane_of(std::int64_t number, slot s, std::int64_t tool = 0) {
    return static_cast<std::uint32_t>(number & 0xFFFF) << 16 | ((static_cast<std::uint32_t>(s) + static_cast<std::uint32_t>(tool)) & 0xFFFF);
}

[[nodiscard]] constexpr bool is_reasoning(std::uint32_t lane) { return (lane & 0xFFFF) == static_cast<std::uint32_t>(slot::reasoning); }

struct error_text {
    std::string code, message;
};

/// The error at hand: an object with code, type or status and message, or a bare string. Leaves what `out` holds where
/// a field is missing.
void read_error(kind dialect, json::cursor& at, error_text& out);

/// Gemini's groundingMetadata: whether it searched.
[[nodiscard]] bool has_searched(json::cursor& at);

/// At most 300 bytes, cut between characters.
[[nodiscard]] std::string shortened(std::string text);

struct stream_access {
    stream_reader& reader;
    text_sink* text;
    shape_notes* notes;  ///< what is found out of the event's shape; nullptr: nobody asks

    [[nodiscard]] endpoint where() const { return reader.endpoint_; }
    [[nodiscard]] bool& saw_delta() const { return reader.saw_delta_; }

    /// A text piece at hand: gives it to the counter; true if it is a string with something in it.
    bool piece(std::uint32_t lane, json::cursor& at) const;
    /// The same for a string already read.
    bool piece(std::uint32_t lane, const json::raw_string& raw) const;
    /// A top-level value that the dialect's reader does not look at.
    void no_meaning(json::cursor& at) const {
        if (notes) notes->no_meaning(at);
    }
    /// The member `usage` that reports nothing, with its comma.
    void no_usage(std::string_view member) const {
        if (notes) notes->usage_at(member);
    }
    void model(json::cursor& at) const;
    /// A service tier by its name.
    void tier(json::cursor& at) const;
    /// A tool that the provider ran.
    void hosted_call() const;
    void error(json::cursor& at) const;
    void set_error(error_text&& what) const;
    /// A usage object that replaces the one before.
    bool usage(json::cursor& at) const;
    /// A usage object whose fields replace the same fields of the one before.
    bool correct_usage(json::cursor& at) const;

private:
    bool publish(const usage_report& what) const;
};

}  // namespace weir::dialect
