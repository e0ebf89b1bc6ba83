// The readers and writers of streams, one of each for a dialect; and what several of them say alike.
#pragma once

#include <memory>
#include <string>

#include "dialect/hub/answer/answer_event.hpp"

namespace weir::dialect::hub {

[[nodiscard]] std::unique_ptr<answer_stream_reader> read_chat_stream();
[[nodiscard]] std::unique_ptr<answer_stream_reader> read_messages_stream();
[[nodiscard]] std::unique_ptr<answer_stream_reader> read_responses_stream();
[[nodiscard]] std::unique_ptr<answer_stream_reader> read_gemini_stream();
[[nodiscard]] std::unique_ptr<answer_stream_writer> write_chat_stream(answer_names names);
[[nodiscard]] std::unique_ptr<answer_stream_writer> write_messages_stream(answer_names names);
[[nodiscard]] std::unique_ptr<answer_stream_writer> write_gemini_stream(answer_names names);
[[nodiscard]] std::unique_ptr<answer_stream_writer> write_responses_stream(answer_names names);
[[nodiscard]] std::unique_ptr<answer_stream_writer> write_completions_stream(answer_names names);

/// What was used, as an object of chat and completions.
void append_usage(std::string& out, const usage::counts& used);

/// What of a Gemini answer's usage was sound or image, where there was any: members, each behind a comma.
void append_modalities(std::string& to, const usage::counts& used);

}  // namespace weir::dialect::hub
