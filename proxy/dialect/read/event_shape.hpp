// Most events of a stream differ from the one before in a few strings and numbers. Who has read one knows what the next of the same shape
// means without reading it as JSON: its text is what stands where the text stood.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "dialect/json/json_index.hpp"
#include "dialect/read/stream_shapes.hpp"

namespace weir::dialect {

/// What a reader tells of an event while it reads it, so that its shape can be learned: the one text, and values without meaning.
class shape_notes {
public:
    void text(std::uint32_t lane, std::string_view raw) {
        ++texts_;
        lane_ = lane;
        text_ = raw;
    }
    /// A string or a number that says nothing, whatever it is.
    void no_meaning(json::cursor& at);
    /// The member `usage` with its comma, which says nothing here but null.
    void usage_at(std::string_view member) { usage_ = member; }
    /// The event changed something or said something besides its text.
    void more_than_text() { plain_ = false; }

private:
    friend class event_shape;
    struct span {
        std::string_view bytes;
        bool number = false;
    };
    std::array<span, 5> free_{};
    std::size_t free_count_ = 0;
    int texts_ = 0;
    std::uint32_t lane_ = 0;
    std::string_view text_;
    std::string_view usage_;
    bool plain_ = true;
};

/// What stands in the holes of an event's shape.
struct shape_match {
    json::raw_string text;                         ///< what stands in the text's place
    std::uint32_t usage_begin = 0, usage_end = 0;  ///< the member `usage` with a comma; both 0: the shape has none
};

/// One event's bytes, as on the wire, with holes: where its text stood and where values without meaning stood.
class event_shape {
public:
    /// False where the event is too long, has no text or more than one, or meant more than that: nothing is learned.
    bool learn(std::string_view event, const shape_notes& notes);
    /// Whether `event` differs in nothing but its holes, all of which are legal JSON; only then all of `out` is written.
    [[nodiscard]] bool matches(std::string_view event, shape_match& out) const;
    [[nodiscard]] std::uint32_t lane() const { return lane_; }

private:
    [[nodiscard]] bool place_usage(std::string_view event, std::string_view usage);
    enum class kind : std::uint8_t { text, string, number };
    struct hole {
        std::uint16_t from = 0, to = 0;
        kind what = kind::text;
    };
    static constexpr std::size_t longest = 640;

    std::uint32_t lane_ = 0;
    std::uint16_t size_ = 0;
    std::uint8_t hole_count_ = 0;
    std::uint16_t usage_behind_ = 0;  ///< so many holes
    std::uint16_t usage_from_ = 0;    ///< bytes behind the last of them
    std::uint16_t usage_size_ = 0;
    std::array<hole, 6> holes_{};
    std::array<char, longest> bytes_{};
};

/// A thread's shapes, for all its streams: those of one provider differ in values without meaning only. A few, the oldest makes room.
class shape_table {
public:
    /// The shape that `seen` names, which is not 0, if it is still there.
    [[nodiscard]] const event_shape* find(shape_name seen) const {
        const entry& e = entries_[seen % entries_.size()];
        return e.name == seen ? &e.shape : nullptr;
    }
    /// The name of the shape that `event` has; 0: it has none that can be learned.
    [[nodiscard]] shape_name learn(endpoint e, std::string_view event, const shape_notes& notes, bool& is_new);

private:
    struct entry {
        shape_name name = 0;
        endpoint where = endpoint::other;
        event_shape shape;
    };
    std::array<entry, 8> entries_{};
    shape_name last_ = first_name();

    static shape_name first_name();
};

[[nodiscard]] shape_table& thread_shapes();

}  // namespace weir::dialect
