// An answer of one dialect as it becomes one of another: event by event, or whole. It reads no source and decides nothing.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "dialect/hub/answer/answer_event.hpp"
#include "dialect/hub/answer/error_answer.hpp"
#include "exchange/translation/translated_request.hpp"

namespace weir::exchange {

class translated_answer {
public:
    /// `streams`: the client asked for a stream.
    translated_answer(const translated_request& of, dialect::hub::answer_names names, bool streams)
        : translated_answer(of.how(), of.said(), std::move(names), streams) {
        form_ = of.form();
    }
    /// Of an answer whose request is not at hand.
    translated_answer(const service& how, record::translation said, dialect::hub::answer_names names, bool streams);

    [[nodiscard]] const record::translation& said() const { return said_; }
    [[nodiscard]] bool streams() const { return streams_; }
    [[nodiscard]] std::string_view content_type() const { return streams_ && !names_.as_array ? "text/event-stream" : "application/json"; }

    /// One event of the upstream's stream, whole, followed by 64 readable bytes.
    void take(std::string_view event);
    /// What was used where its provider does not say so: clients count on a number.
    void estimate(const usage::counts& used);
    /// The upstream has said all of it: the client's dialect's own end follows. Once.
    void finish();
    /// The stream is cut here: the client's dialect's error event, where it has one.
    void break_off(const core::error& why);
    /// Events for the client that have not gone on.
    [[nodiscard]] std::string_view passing() const { return out_; }
    void passed() { out_.clear(); }
    /// Likewise, and they stand until this is called again.
    [[nodiscard]] std::string_view hand_out() {
        going_.swap(out_);
        out_.clear();
        return going_;
    }

    /// With what the conf itself had changed before it was translated.
    void begin_with(record::translation said) { said_ = std::move(said); }
    /// Of embeddings: what they cost where their provider does not say it, in tokens of input.
    void estimate_input(std::int64_t tokens) { form_.estimated_input = tokens; }
    /// The dialect that the upstream answers in.
    [[nodiscard]] dialect::hub::spoke speaks() const { return how_.to; }
    [[nodiscard]] bool is_embeddings() const { return how_.about == service::matter::embeddings; }
    /// A whole answer, followed by 64 readable bytes: afterwards passing() has the client's. False: it is none of that dialect.
    [[nodiscard]] bool take_document(std::string_view json);
    /// Of the upstream's own error answer: what the client gets instead, and its status.
    [[nodiscard]] int take_error(const dialect::hub::provider_error& what, std::string_view request_id);

    /// More had to be kept than may be, or it was told that what comes cannot be said on: the stream is to be cut.
    [[nodiscard]] bool is_full() const { return writer_ && (writer_->is_full() || writer_->failed()); }
    /// What the upstream said and nobody here knows, or the client's dialect has no place for.
    [[nodiscard]] dialect::hub::skipped_parts skipped() const;

private:
    [[nodiscard]] dialect::hub::answer_stream_writer& writer();
    void note_lost();

    service how_;
    record::translation said_;
    dialect::hub::answer_names names_;
    std::unique_ptr<dialect::hub::answer_stream_reader> reader_;
    std::unique_ptr<dialect::hub::answer_stream_writer> writer_;
    std::string out_, going_, joined_;
    bool streams_;
    bool over_ = false;
    dialect::hub::skipped_parts skipped_;  ///< of a document
    dialect::hub::embeddings_form form_;
};

}  // namespace weir::exchange
