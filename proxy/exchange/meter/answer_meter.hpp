// What an answer that is no stream of plain events has used, known at whatever end it comes to: its own report where one was seen, else weir's
// count of request and answer. It sees the bytes as they pass, with their content coding, and changes none of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dialect/read/answer.hpp"
#include "dialect/read/text_finder.hpp"
#include "dialect/read/usage_finder.hpp"
#include "exchange/meter/meter.hpp"
#include "http/content_decoder.hpp"
#include "http/sse_scanner.hpp"
#include "policy/model_habits.hpp"

namespace weir::exchange {

/// How the bytes of an answer are to be read.
enum class answer_form : std::uint8_t {
    json,
    events,  ///< behind a content coding: plain ones are read where they are relayed
    text,    ///< a transcript
    bytes,   ///< speech, protocol buffers: only their number is known
};

/// The request that is answered, while its body is still there.
struct answered_request {
    dialect::endpoint endpoint;
    dialect::body_form form;
    std::string_view model;  ///< as the upstream knows it
    std::string_view body;   ///< empty: it went by unread
    std::size_t body_size;
    std::size_t media_bytes;             ///< of these that are no text
    const policy::model_habits* habits;  ///< null: nothing was learned
};

/// What of the body can be counted: of multipart most is no text.
[[nodiscard]] std::string_view counted_body(const answered_request& of);

/// Of these, what is no text.
[[nodiscard]] std::size_t counted_media(const answered_request& of);
/// Bytes of the file that a transcript is made of.
[[nodiscard]] std::size_t sound_of(const answered_request& of);

struct bill {
    usage::counts usage;
    enum class source : std::uint8_t { nobody, report, estimate } from = source::nobody;
    bool beyond_tokens = false;  ///< as usage_report has it
};

class answer_meter {
public:
    answer_meter(const answered_request& of, answer_form form, http::content_coding coding, kept_prompts& kept);
    answer_meter(const answer_meter&) = delete;
    answer_meter& operator=(const answer_meter&) = delete;

    /// Payload, without the framing of the transfer.
    void feed(std::string_view payload);
    /// What is due should the answer end here.
    [[nodiscard]] bill so_far() const;

    /// The model that a JSON answer names, as far as it has come.
    [[nodiscard]] const std::string& served_model() const { return usage_.served_model(); }

    /// The same for a JSON answer that is here whole, followed by 64 readable bytes. `served`: the model that it names.
    [[nodiscard]] static bill of_whole(const answered_request& of, const char* body, std::size_t size, std::string& served);

private:
    void read(std::string_view plain);
    void read_events(std::string_view plain);
    [[nodiscard]] std::int64_t written() const;

    /// Counts the first tokens; of more text only the length, and the rest at their rate.
    struct sampler final : dialect::text_sink {
        explicit sampler(meter& by) : counter(by) {}
        void text(std::uint32_t lane, std::string_view piece) override;
        meter& counter;
        std::uint64_t seen = 0, counted = 0;
    };

    dialect::endpoint endpoint_;
    answer_form form_;
    std::size_t sound_size_;   ///< bytes of what was heard
    bool unreadable_ = false;  ///< its coding cannot be undone
    std::uint64_t size_ = 0;   ///< bytes that could not be read
    std::unique_ptr<http::content_decoder> decoder_;
    meter counter_;
    sampler texts_{counter_};
    dialect::usage_finder usage_;
    dialect::text_finder finder_;
    http::sse_scanner sse_;
    dialect::stream_reader events_;
    std::string pending_;  ///< an event that is not complete
};

}  // namespace weir::exchange
