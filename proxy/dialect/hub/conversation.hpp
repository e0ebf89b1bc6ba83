// A request in no dialect: what every reader makes and every writer takes. Texts point into the body that was read, or into the arena.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "dialect/hub/fields.hpp"
#include "dialect/hub/raw_text.hpp"

namespace weir::dialect::hub {

/// Marks what stands before it as worth caching, for so long; empty: as long as the provider likes.
struct cache_mark {
    bool set = false;
    std::string_view ttl;
};

/// An image, a document, a sound: its bytes in base64, or where they are.
struct media {
    enum class from : std::uint8_t {
        base64,
        url,
        file,   ///< an id that means something to one provider alone
        plain,  ///< a text, as a document
    };
    from is = from::base64;
    raw_text type;  ///< such as image/png; of base64 where it is said
    raw_text data;  ///< base64, URL, id or text
};

/// Something opaque that only the family of models that made it can read.
struct carrier {
    enum class family : std::uint8_t { none, anthropic, openai, gemini, chat };
    family of = family::none;
    raw_text data;
    std::uint32_t scope = 0;  ///< whose account it belongs to; 0: nobody said
    bool redacted = false;    ///< Anthropic's: it is all that there is of the thought, and no signature
};

struct part {
    enum class kind : std::uint8_t {
        text,
        refusal,
        image,
        document,
        audio,
        video,
        reasoning,
        call,
        result,
        search_result,
        hosted,  ///< of a tool that runs at the provider: its call or its result
    };
    kind is = kind::text;
    raw_text text;  ///< said, refused, thought; of search results and hosted tools what can be read of it
    media source;
    raw_text name;   ///< of a call: the tool; of a document: its title
    raw_text id;     ///< of a call, and of a result the call that it is for
    raw_text space;  ///< of a call: the namespace of the tool, which `name` begins with
    embedded_json arguments;
    bool custom = false;  ///< a call with free text for its input
    bool failed = false;  ///< a result that is an error
    bool redacted = false;
    carrier opaque;
    cache_mark cache;
    std::uint32_t first = 0, count = 0;  ///< of a result: its parts among conversation::inner
    std::string_view written;            ///< the whole value, where it may have to go as it is
};

struct turn {
    enum class role : std::uint8_t {
        system,
        developer,
        user,
        assistant,
        results,  ///< of calls of the turn before: parts of kind result alone
    };
    role who = role::user;
    std::uint32_t first = 0, count = 0;  ///< among conversation::parts
    raw_text name;
};

struct tool {
    enum class kind : std::uint8_t {
        function,
        custom,      ///< free text for its input
        web_search,  ///< the one hosted tool that every dialect has in some form
        hosted,
    };
    kind is = kind::function;
    raw_text name, description;
    raw_text space;                               ///< a namespace that it is of: `name` begins with it and "__"
    raw_text grammar, syntax;                     ///< that the free text of a custom one keeps to
    std::string_view schema;                      ///< JSON; empty: none
    std::string_view allowed, blocked, location;  ///< of a web search: lists of sites, and where it searches from; JSON
    std::optional<bool> strict;
    bool deferred = false;
    cache_mark cache;
    std::string_view written;
};

struct tool_choice {
    enum class kind : std::uint8_t { unsaid, automatic, none, any, one, subset };
    kind is = kind::unsaid;
    kind mode = kind::automatic;  ///< of a subset: automatic or any
    std::vector<raw_text> names;
    std::optional<bool> parallel;
};

struct answer_format {
    enum class kind : std::uint8_t { unsaid, text, json, schema };
    kind is = kind::unsaid;
    raw_text name, description;
    std::string_view schema;
    std::optional<bool> strict;
};

struct thinking {
    enum class mode : std::uint8_t {
        unsaid,
        off,
        between_tools,
        adaptive,  ///< as the model likes, or as the effort says
        budget,
    };
    enum class effort : std::uint8_t { unsaid, none, minimal, low, medium, high, xhigh, max };
    mode is = mode::unsaid;
    effort how = effort::unsaid;
    std::int64_t tokens = 0;  ///< of a budget
    bool shown = false;       ///< the client wants to see it
};

/// The value of a setting as it is written, and the name that it was found under.
struct said_value {
    std::string_view json;
    bool said = false;
};

/// How many tokens an answer may have, and what the client calls that.
struct output_cap {
    std::optional<std::int64_t> tokens;
    std::string_view name;
};

/// Texts at which an answer ends, and what the client calls them.
struct stop_texts {
    std::vector<raw_text> texts;
    std::string_view name;
};

struct conversation {
    spoke from = spoke::chat;
    raw_text model;
    bool stream = false;
    output_cap cap;
    std::vector<turn> turns;
    std::vector<part> parts, inner;
    std::vector<tool> tools;
    tool_choice choice;
    answer_format format;
    thinking thinks;
    stop_texts stops;
    std::array<said_value, fields> settings{};
    std::vector<std::string_view> unknown;  ///< names of members that the dialect does not have, as far as is known here
    arena kept;

    [[nodiscard]] const said_value& setting(field f) const { return settings[static_cast<std::size_t>(f)]; }
    [[nodiscard]] said_value& setting(field f) { return settings[static_cast<std::size_t>(f)]; }
    /// System turns before everything else.
    [[nodiscard]] std::size_t turns_in_front() const {
        std::size_t count = 0;
        while (count < turns.size() && (turns[count].who == turn::role::system || turns[count].who == turn::role::developer)) ++count;
        return count;
    }
    /// Ready for the next request; memory is kept.
    void clear();

    turn& begin_turn(turn::role who) {
        turns.push_back({who, static_cast<std::uint32_t>(parts.size()), 0, {}});
        return turns.back();
    }
    /// In the last turn.
    part& add(part::kind is) {
        ++turns.back().count;
        auto& made = parts.emplace_back();
        made.is = is;
        return made;
    }
};

}  // namespace weir::dialect::hub
