// What a text goes by: addresses with the stretch of text that they are for, in the forms of the dialects.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dialect/hub/answer/answer_event.hpp"
#include "dialect/json/json_index.hpp"

namespace weir::dialect::hub {

/// Where characters begin in a text, for dialects that count bytes.
class text_measure {
public:
    void add(raw_text piece);
    [[nodiscard]] std::uint32_t chars() const { return chars_; }
    [[nodiscard]] std::uint32_t chars_at(std::uint32_t byte) const;
    [[nodiscard]] std::uint32_t bytes_at(std::uint32_t character) const;

private:
    /// Characters of as many bytes each; a text of one script is few of them.
    struct run {
        std::uint32_t chars, bytes;  ///< before it
        std::uint32_t width;
    };
    void add(std::uint32_t width, std::uint32_t times = 1);

    std::vector<run> runs_;
    std::uint32_t chars_ = 0, bytes_ = 0;
};

[[nodiscard]] std::uint32_t chars_in(raw_text text);

/// A citation that is kept until its place comes. Texts are the content of JSON strings.
struct kept_citation {
    explicit kept_citation(const answer_event& said) : url(said.text.json), title(said.name.json), file(said.id.json), from(said.from), to(said.to) {}
    std::string url, title, file;
    std::uint32_t from, to;
};

/// An annotation as chat (in a member of its own) or responses write it: what of it is one here. False: nothing.
[[nodiscard]] bool read_annotation(json::cursor at, answer_event& into);

/// A citation of messages, of which the whole block is the text. Of those that name no address only one that names a file is anything elsewhere.
[[nodiscard]] bool read_citation_of_messages(json::cursor at, answer_event& into);

/// `{"type":"url_citation",..}` with its number in a stream; below zero: none.
void append_for_chat(std::string& to, const kept_citation& of, int index);
/// `start`: of the part that it is in.
void append_for_responses(std::string& to, const kept_citation& of, std::uint32_t start);

/// `groundingMetadata` or `citationMetadata`, told as citations of a block.
void tell_grounding(json::cursor at, const text_measure& text, std::uint32_t block, answer_listener& to);
/// `{"groundingChunks":[..],"groundingSupports":[..]}`
void append_grounding(std::string& to, const std::vector<kept_citation>& all, const text_measure& text);

}  // namespace weir::dialect::hub
