#include "exchange/translation/translated_answer.hpp"

#include <array>
#include <utility>

#include "dialect/hub/answer/documents.hpp"
#include "dialect/hub/answer/error_answer.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/read/sse_fields.hpp"
#include "token/estimate.hpp"

namespace weir::exchange {
namespace {

namespace hub = dialect::hub;

}  // namespace

translated_answer::translated_answer(const service& how, record::translation said, hub::answer_names names, bool streams)
    : how_(how), said_(std::move(said)), names_(std::move(names)), streams_(streams) {}

hub::answer_stream_writer& translated_answer::writer() {
    if (!writer_) {
        writer_ = hub::write_stream_of(how_.from, names_);
        writer_->into(&out_);
        writer_->keep_at_most(names_.most_kept);
    }
    return *writer_;
}

hub::skipped_parts translated_answer::skipped() const {
    auto out = skipped_;
    if (reader_) out.add(reader_->skipped());
    if (writer_) out.add(writer_->left_out());
    return out;
}

// A client that is told of sources may rely on them. In a stream it is too late for its head: then the log has it.
void translated_answer::note_lost() {
    constexpr std::array<std::string_view, hub::spokes> names{"message.annotations", "output.content.annotations", "content.citations",
                                                              "candidates.groundingMetadata"};
    if (skipped().of(hub::skipped_parts::kind::citation) == 0) return;
    said_.dropped.append(said_.dropped.empty() ? "" : ", ").append(names[static_cast<std::size_t>(how_.from)]);
}

void translated_answer::take(std::string_view event) {
    if (over_) return;
    if (!reader_) reader_ = hub::read_stream_of(how_.to);
    auto fields = dialect::read_fields(event, joined_);
    if (!fields.has_data) return;
    if (fields.data.data() == joined_.data()) {
        joined_.reserve(joined_.size() + 64);  // it may move
        fields.data = joined_;
    }
    reader_->read(fields.data, writer());
}

void translated_answer::estimate(const usage::counts& used) {
    hub::answer_event e;
    e.is = hub::answer_event::kind::usage;
    e.used = used;
    if (!over_) writer().hear(e);
}

void translated_answer::finish() {
    if (std::exchange(over_, true)) return;
    if (reader_) reader_->end(writer());
    writer().end();
    note_lost();
}

void translated_answer::break_off(const core::error& why) {
    if (std::exchange(over_, true)) return;
    writer().break_off(why);
}

bool translated_answer::take_document(std::string_view json) {
    const auto* where = hub::index_of(json);
    if (where == nullptr) return false;
    const dialect::json::cursor at{*where};
    if (is_embeddings()) return hub::write_embeddings_answer(how_.from, at, form_, out_);
    if (streams_) {
        over_ = true;
        // Nothing has gone out yet: one that says that it failed is told as an error, not as a stream.
        const bool known = hub::read_document(how_.to, at, writer(), skipped_) && !writer().failed();
        writer().end();
        if (!known) out_.clear();
        note_lost();
        return known;
    }
    hub::document_writer document{how_.from, names_};
    if (!hub::read_document(how_.to, at, document, skipped_)) return false;
    if (document.failed()) return false;
    if (const auto size = document.uncounted(); size > 0) {
        hub::answer_event e;
        e.is = hub::answer_event::kind::usage;
        e.used.input = names_.input_estimate;
        e.used.output = token::estimate_tokens(size);
        document.hear(e);
    }
    out_ = document.take();
    skipped_.add(document.left_out());
    note_lost();
    return true;
}

int translated_answer::take_error(const hub::provider_error& what, std::string_view request_id) {
    auto told = hub::tell_error(how_.from, what, request_id);
    streams_ = false;
    out_ = std::move(told.body);
    return told.status;
}

}  // namespace weir::exchange
