// What the four writers of requests share, and the writers themselves. The same conversation is written to the same bytes for ever, and one more turn
// leaves what stands before it as it was: providers' caches and bound thoughts depend on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/hub/capabilities.hpp"
#include "dialect/hub/conversation.hpp"
#include "dialect/hub/notes.hpp"

namespace weir::dialect::hub {

/// How the client's dialect calls a part of a request, for notes.
struct client_words {
    std::string_view turns, tools, choice, system, stop, format, effort;
};
[[nodiscard]] const client_words& words_of(spoke from);

/// Settings that have a name in `to` are written under it (those below `prefix` without it), the others noted; `skip` are seen to elsewhere.
void write_settings(json_writer& out, const conversation& of, spoke to, std::string_view prefix, notes& told, std::uint64_t skip);
[[nodiscard]] constexpr std::uint64_t bit(field f) { return std::uint64_t{1} << static_cast<unsigned>(f); }
static_assert(fields <= 64);

/// What a system turn says, as one text.
[[nodiscard]] std::string joined_system(const conversation& of, const turn& from);

/// A system text in the middle of a conversation, where there is no role for it: a user's, marked as not the user's own. The wording is part of every
/// such prefix: it stays as it is.
[[nodiscard]] std::string as_tagged_user(const conversation& of, const turn& from);

/// What writes a part of a request has at hand.
class request_part {
public:
    request_part(const conversation& of, const target_settings& to, json_writer& out, notes& told)
        : of_(of), to_(to), out_(out), told_(told), words_(words_of(of.from)) {}

protected:
    const conversation& of_;
    const target_settings& to_;
    json_writer& out_;
    notes& told_;
    const client_words& words_;
};

/// What a dialect can be told of tools.
struct tool_terms {
    bool searches;  ///< it has a web search of its own
    bool subsets;   ///< it can be told which of them may be called
};
/// The tools that are sent, in the client's order: what runs at another provider is left out or refused.
[[nodiscard]] std::vector<const tool*> tools_for(const conversation& of, const target_settings& to, tool_terms terms, notes& told);

/// How one of the tools that are sent is chosen: never where there is none, never one that is not sent.
[[nodiscard]] tool_choice choice_for(const conversation& of, const std::vector<const tool*>& sent, notes& told);

/// What is said of a tool; of a custom one, where there are functions alone, its grammar too.
[[nodiscard]] std::string description_of(const tool& t);

/// Where a web search is from, with the type that responses and messages want to see there.
[[nodiscard]] std::string with_type(std::string_view location);

/// How a provider takes the schema of what a tool takes. All of them take that of an object alone.
struct object_terms {
    bool members;  ///< they are named, if only that there are none
    bool flat;     ///< it is one object, not a choice between several
};
/// The schema of a function's parameters. What has to be said otherwise is noted under `path`.
[[nodiscard]] std::string parameters_of(const tool& t, object_terms terms, std::string_view path, notes& told);

/// How many texts there are at which an answer ends.
[[nodiscard]] std::size_t stops_of(const conversation& of);

/// Free text for its input there too; else it is wrapped, as a function's.
[[nodiscard]] inline bool stays_custom(const tool& t, const target_settings& to) { return t.is == tool::kind::custom && to.can.custom_tools; }
[[nodiscard]] inline bool stays_custom(const part& call, const target_settings& to) { return call.custom && to.can.custom_tools; }

[[nodiscard]] constexpr bool is_media(const part& p) {
    return p.is == part::kind::image || p.is == part::kind::document || p.is == part::kind::audio || p.is == part::kind::video;
}

/// As its bytes begin, else as it is called: providers compare the two.
[[nodiscard]] raw_text type_of(const media& m);

/// How chat calls the format of a sound; empty: it takes no such.
[[nodiscard]] std::string_view sound_format(const media& of);

/// Free text as the arguments of a function that stands for a custom tool.
void append_text_input(std::string& out, const embedded_json& text);

/// How fast and how dear, in the words of `to`; empty: as usual, or it cannot be said there.
[[nodiscard]] std::string_view tier_for(const conversation& of, spoke to, notes& told);

/// For OpenAI's dialects: sampling that its models refuse is noted. The settings to leave out.
[[nodiscard]] std::uint64_t refused_sampling(const conversation& of, const target_settings& to, notes& told);

/// The most tokens that are asked for, no more than the model is known to give.
[[nodiscard]] std::optional<std::int64_t> output_limit(const conversation& of, const target_settings& to, notes& told);

/// Whether a client's strict schema is one for OpenAI; otherwise it is sent as a loose one.
[[nodiscard]] bool strict_for_openai(const conversation& of, std::optional<bool> strict, std::string_view schema, std::string_view path, notes& told);

/// Members of the format that OpenAI's dialects call a JSON schema.
void write_openai_schema(json_writer& out, const conversation& of, notes& told);

/// What a messages request says besides its turns and its tools.
class messages_settings {
public:
    messages_settings(const conversation& of, const target_settings& to, notes& told);

    /// No tool can be forced.
    [[nodiscard]] bool leaves_choice() const { return !to_.can.forced_tool || how_ == how::budget; }
    void limit(json_writer& out) const;
    void rest(json_writer& out) const;

private:
    enum class how : std::uint8_t { unsaid, off, adaptive, budget };
    [[nodiscard]] how decide();
    [[nodiscard]] how budget();
    [[nodiscard]] bool last_call_lacks_thought() const;
    [[nodiscard]] std::int64_t most() const;
    [[nodiscard]] thinking::effort effort() const;
    void format(json_writer& out) const;
    void thoughts(json_writer& out) const;
    void sampling(json_writer& out) const;
    void stops(json_writer& out) const;
    void end_user(json_writer& out) const;

    const conversation& of_;
    const target_settings& to_;
    notes& told_;
    const client_words& words_;
    std::int64_t tokens_ = 0;  ///< to think with
    how how_;
};

/// A schema that means any object.
inline constexpr std::string_view any_object = R"({"type":"object","properties":{}})";
/// Of a tool with free text for its input, where there are functions alone.
inline constexpr std::string_view text_input = R"({"type":"object","properties":{"input":{"type":"string"}},"required":["input"]})";

/// What to set aside for a request that is written anew: it is about as long as the one that it is made of, and is then copied once.
[[nodiscard]] constexpr std::size_t size_hint(std::size_t of_body) { return of_body + of_body / 16 + 512; }

void write_messages(const conversation& of, const target_settings& to, std::string& out, notes& told);
void write_gemini(const conversation& of, const target_settings& to, std::string& out, notes& told);
void write_chat(const conversation& of, const target_settings& to, std::string& out, notes& told);
void write_responses(const conversation& of, const target_settings& to, std::string& out, notes& told);

}  // namespace weir::dialect::hub
