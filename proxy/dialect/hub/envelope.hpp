// What a model thought, in a form that only its maker can read, on its way through clients of other dialects: `weir1.FAMILY.PAYLOAD`. A client sends
// it back with the next turn, and it goes to where it came from, or is left out. It holds no secret, and its maker checks it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dialect/hub/conversation.hpp"

namespace weir::dialect::hub {

struct envelope {
    enum class holds : std::uint8_t {
        thought,   ///< belongs to a thought whose text the client sees
        redacted,  ///< a thought that nobody sees
        of_call,   ///< belongs to the call behind it
        of_text,   ///< belongs to the text before it
    };
    carrier what;
    holds is = holds::thought;
    std::uint32_t text_before = 0, calls_before = 0;  ///< where it stood in its turn: bytes of text, calls
    std::uint64_t thought = 0;                        ///< of the thought's text; one that was altered is not given back
};

/// What stands in place of a signature where there is none.
inline constexpr std::string_view unsigned_thought = "weir1.none";

[[nodiscard]] bool is_envelope(raw_text what);
/// ASCII without quotes or backslashes.
[[nodiscard]] std::string seal(const envelope& what);
/// None: it is no envelope, or is broken. What is in it is kept in `in`.
[[nodiscard]] std::optional<envelope> unseal(raw_text from, arena& in);

/// Gemini's field holds base64 and nothing else.
[[nodiscard]] std::string as_base64(std::string_view what);
/// An envelope in base64, of whatever alphabet, as itself; anything else stays.
[[nodiscard]] raw_text out_of_base64(raw_text what, arena& in);

/// FNV-1a (64 bits) of what a JSON string means, piece by piece.
class text_hash {
public:
    void add(raw_text piece);
    [[nodiscard]] std::uint64_t value() const { return value_; }

private:
    static constexpr std::uint64_t offset_basis = 0xcbf29ce484222325U;
    std::uint64_t value_ = offset_basis;
};

/// What only its maker can read of a block that is being said.
struct held_carrier {
    carrier::family of = carrier::family::none;
    bool redacted = false;
    std::string data;

    void take(const carrier& what) {
        of = what.of;
        redacted = what.redacted;
        data = what.data.json;
    }
    [[nodiscard]] carrier view() const { return {of, raw_text{std::string_view{data}}, 0, redacted}; }
    [[nodiscard]] bool empty() const { return data.empty(); }
};

/// Seals what one answer holds, in the order in which it is said.
class sealer {
public:
    /// `scope`: whose account the answer is of.
    explicit sealer(std::uint32_t scope) : scope_(scope) {}

    void heard_text(raw_text piece);
    void heard_thought(raw_text piece) { thought_.add(piece), any_thought_ = any_thought_ || !piece.empty(); }
    void heard_call() { ++calls_; }
    /// Of the thought that was heard since the last one.
    [[nodiscard]] std::string of_thought(const carrier& what);
    [[nodiscard]] std::string of_call(const carrier& what) { return made(what, envelope::holds::of_call); }
    [[nodiscard]] std::string of_text(const carrier& what) { return made(what, envelope::holds::of_text); }

private:
    [[nodiscard]] std::string made(const carrier& what, envelope::holds is);

    std::uint32_t scope_, text_ = 0, calls_ = 0;
    text_hash thought_;
    bool any_thought_ = false;
};

/// Opens the envelopes of a request: thoughts stand where they stood, what belongs to a call or a text is with it. A thought whose text was altered,
/// or whose envelope is broken, belongs to nobody any more.
void open_envelopes(conversation& of);

/// Whose account: a name of the conf's as a number.
[[nodiscard]] std::uint32_t scope_named(std::string_view name);

/// Anthropic's signature without the text that it signs means nothing, not even to its maker.
[[nodiscard]] inline bool is_void(const carrier& what, bool text_is_hidden) { return text_is_hidden && what.of == carrier::family::anthropic; }

/// Whether it may go to the family and account that is asked.
[[nodiscard]] inline bool is_for(const carrier& what, carrier::family family, std::uint32_t scope) {
    return what.of == family && what.data.said && (what.scope == 0 || what.scope == scope);
}

}  // namespace weir::dialect::hub
