// Whole answers: read as what they say, and put together out of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "dialect/hub/answer/answer_event.hpp"
#include "dialect/hub/answer/citations.hpp"
#include "dialect/hub/envelope.hpp"
#include "dialect/hub/raw_text.hpp"
#include "dialect/json/json_index.hpp"

namespace weir::dialect::hub {

/// Tells what the answer at hand says. False: it is no answer of this dialect. `skipped`: what nobody here knows is added.
[[nodiscard]] bool read_document(spoke from, json::cursor body, answer_listener& to, skipped_parts& skipped);
[[nodiscard]] bool read_document(spoke from, json::cursor body, answer_listener& to);

/// Puts a whole answer together.
class document_writer : public answer_listener {
public:
    document_writer(spoke to, answer_names names) : to_(to), names_(std::move(names)), seals_(names_.scope) {}

    void hear(const answer_event& what) override;
    /// After the end: the answer in its dialect. Calls whose arguments are cut are left out where its clients would run them.
    [[nodiscard]] std::string take();
    /// It broke off.
    [[nodiscard]] bool failed() const { return failed_; }
    /// Bytes of texts, thoughts and arguments whose tokens nobody has counted; 0: its provider has.
    [[nodiscard]] std::size_t uncounted() const;
    /// After take(): what has no place in its dialect.
    [[nodiscard]] const skipped_parts& left_out() const { return left_out_; }

private:
    struct block {
        std::uint32_t number;
        part::kind of;
        std::string text, id, name;
        carrier::family family = carrier::family::none;
        bool redacted = false;
        std::vector<kept_citation> sources{};
        std::string sealed{};  ///< what only its maker can read; after take() began, in its envelope
    };
    [[nodiscard]] block* find(std::uint32_t number);
    void seal_all();
    void chat(json_writer& out);
    void details_of_chat(json_writer& out) const;
    void messages(json_writer& out);
    void responses(json_writer& out);
    void gemini(json_writer& out);
    void completions(json_writer& out);
    void usage_of_chat(json_writer& out) const;
    void call_of_chat(json_writer& out, const block& of) const;
    void annotations_of_chat(json_writer& out);
    void grounding_of_gemini(json_writer& out);
    void part_of_gemini(json_writer& out, const block& of);
    void item_of_responses(json_writer& out, const block& of, std::size_t& number, std::uint32_t& chars) const;
    void thought_of_responses(json_writer& out, const block& of, std::size_t& number) const;
    void block_of_messages(json_writer& out, const block& of);

    spoke to_;
    answer_names names_;
    sealer seals_;
    std::vector<block> blocks_;
    usage::counts used_;
    finish why_ = finish::unknown;
    std::string stop_;
    bool failed_ = false;
    skipped_parts left_out_;
};

}  // namespace weir::dialect::hub
