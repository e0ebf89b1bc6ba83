// What holds of an endpoint as such, one row each. It does not know paths (endpoint_table.hpp) nor how bodies are read (request.cpp).
#pragma once

#include <array>
#include <string_view>

#include "dialect/endpoint.hpp"
#include "dialect/request.hpp"

namespace weir::dialect {

/// What a second try of a request does that its upstream may have carried out already.
enum class on_repeat : std::uint8_t {
    nothing,  ///< another answer: it may be asked again whenever nobody has seen one
    makes,    ///< a second thing that costs money: it is asked again only when nothing was done
};

/// Whether weir can hold a key's models, budgets and limits there.
enum class reading : std::uint8_t {
    whole,   ///< model and usage are read
    unread,  ///< bytes pass as they are; a usage that an answer reports is charged
};

/// What a good answer to a POST is charged by where it says no usage itself.
enum class without_usage : std::uint8_t {
    nothing,          ///< it costs nothing, as counting and lists; a usage that it says all the same is charged
    prompt_and_text,  ///< what was read and what was written: both can be counted
    prompt,           ///< what was read
    audio_and_text,   ///< the length of what was heard, and what was written down
    amount_unknown,   ///< images, seconds, searches: only a price for each request knows
};

/// What ends a stream of its answers.
enum class stream_end : std::uint8_t {
    none,
    own,  ///< a word of its own, so that a clean close without it is a cut
};

/// A second request of the same while the first is under way.
enum class beside : std::uint8_t {
    harmless,  ///< it makes text, numbers or a verdict, and nothing that stays at the provider as a job or a file
    costly,
};

struct endpoint_traits {
    endpoint id;
    std::string_view label;  ///< of metrics and logs
    std::string_view word;   ///< of `endpoints:` of keys
    kind dialect;            ///< of its answers
    reading read;
    on_repeat repeat;  ///< of a method that is not GET, HEAD or OPTIONS
    without_usage bill;
    stream_end end;
    beside twice;  ///< of a unary request
};

// In the order of the enumeration.
inline constexpr std::array endpoint_traits_table{
    endpoint_traits{endpoint::chat_completions, "/v1/chat/completions", "chat", kind::openai, reading::whole, on_repeat::nothing,
                    without_usage::prompt_and_text, stream_end::own, beside::harmless},
    endpoint_traits{endpoint::completions, "/v1/completions", "completions", kind::openai, reading::whole, on_repeat::nothing,
                    without_usage::prompt_and_text, stream_end::own, beside::harmless},
    endpoint_traits{endpoint::responses, "/v1/responses", "responses", kind::openai, reading::whole, on_repeat::nothing,
                    without_usage::prompt_and_text, stream_end::own, beside::harmless},
    endpoint_traits{endpoint::responses_input_tokens, "/v1/responses/input_tokens", "count_tokens", kind::openai, reading::whole, on_repeat::nothing,
                    without_usage::nothing, stream_end::none, beside::harmless},
    endpoint_traits{endpoint::embeddings, "/v1/embeddings", "embeddings", kind::openai, reading::whole, on_repeat::nothing, without_usage::prompt,
                    stream_end::none, beside::harmless},
    endpoint_traits{endpoint::moderations, "/v1/moderations", "moderations", kind::openai, reading::whole, on_repeat::nothing, without_usage::prompt,
                    stream_end::none, beside::harmless},
    endpoint_traits{endpoint::rerank, "/v1/rerank", "rerank", kind::openai, reading::whole, on_repeat::nothing, without_usage::amount_unknown,
                    stream_end::none, beside::harmless},
    endpoint_traits{endpoint::images_generations, "/v1/images/generations", "images", kind::openai, reading::whole, on_repeat::makes,
                    without_usage::amount_unknown, stream_end::none, beside::costly},
    endpoint_traits{endpoint::images_edits, "/v1/images/edits", "images", kind::openai, reading::whole, on_repeat::makes,
                    without_usage::amount_unknown, stream_end::none, beside::costly},
    endpoint_traits{endpoint::images_variations, "/v1/images/variations", "images", kind::openai, reading::whole, on_repeat::makes,
                    without_usage::amount_unknown, stream_end::none, beside::costly},
    endpoint_traits{endpoint::audio_transcriptions, "/v1/audio/transcriptions", "audio", kind::openai, reading::whole, on_repeat::nothing,
                    without_usage::audio_and_text, stream_end::none, beside::costly},
    endpoint_traits{endpoint::audio_translations, "/v1/audio/translations", "audio", kind::openai, reading::whole, on_repeat::nothing,
                    without_usage::audio_and_text, stream_end::none, beside::costly},
    endpoint_traits{endpoint::audio_speech, "/v1/audio/speech", "audio", kind::openai, reading::whole, on_repeat::nothing,
                    without_usage::amount_unknown, stream_end::none, beside::costly},
    endpoint_traits{endpoint::videos, "/v1/videos", "video", kind::openai, reading::whole, on_repeat::makes, without_usage::amount_unknown,
                    stream_end::none, beside::costly},
    endpoint_traits{endpoint::realtime, "/v1/realtime", "realtime", kind::openai, reading::whole, on_repeat::nothing, without_usage::nothing,
                    stream_end::none, beside::costly},
    endpoint_traits{endpoint::files, "/v1/files", "files", kind::openai, reading::unread, on_repeat::makes, without_usage::nothing, stream_end::none,
                    beside::costly},
    endpoint_traits{endpoint::batches, "/v1/batches", "batches", kind::openai, reading::unread, on_repeat::makes, without_usage::nothing,
                    stream_end::none, beside::costly},
    endpoint_traits{endpoint::fine_tuning, "/v1/fine_tuning", "fine_tuning", kind::openai, reading::unread, on_repeat::makes, without_usage::nothing,
                    stream_end::none, beside::costly},
    endpoint_traits{endpoint::uploads, "/v1/uploads", "uploads", kind::openai, reading::unread, on_repeat::makes, without_usage::nothing,
                    stream_end::none, beside::costly},
    endpoint_traits{endpoint::messages, "/v1/messages", "messages", kind::anthropic, reading::whole, on_repeat::nothing,
                    without_usage::prompt_and_text, stream_end::own, beside::harmless},
    endpoint_traits{endpoint::messages_count_tokens, "/v1/messages/count_tokens", "count_tokens", kind::anthropic, reading::whole, on_repeat::nothing,
                    without_usage::nothing, stream_end::none, beside::harmless},
    endpoint_traits{endpoint::gemini_generate, "/v1beta/models/{model}:generateContent", "gemini", kind::gemini, reading::whole, on_repeat::nothing,
                    without_usage::prompt_and_text, stream_end::none, beside::harmless},
    endpoint_traits{endpoint::gemini_stream_generate, "/v1beta/models/{model}:streamGenerateContent", "gemini", kind::gemini, reading::whole,
                    on_repeat::nothing, without_usage::prompt_and_text, stream_end::own, beside::costly},
    endpoint_traits{endpoint::gemini_count_tokens, "/v1beta/models/{model}:countTokens", "count_tokens", kind::gemini, reading::whole,
                    on_repeat::nothing, without_usage::nothing, stream_end::none, beside::harmless},
    endpoint_traits{endpoint::gemini_embed, "/v1beta/models/{model}:embedContent", "embeddings", kind::gemini, reading::whole, on_repeat::nothing,
                    without_usage::prompt, stream_end::none, beside::harmless},
    endpoint_traits{endpoint::models, "/v1/models", "models", kind::openai, reading::unread, on_repeat::makes, without_usage::nothing,
                    stream_end::none, beside::costly},
    endpoint_traits{endpoint::llms_txt, "/llms.txt", "models", kind::openai, reading::unread, on_repeat::nothing, without_usage::nothing,
                    stream_end::none, beside::costly},
    endpoint_traits{endpoint::other, "other", "other", kind::openai, reading::unread, on_repeat::makes, without_usage::nothing, stream_end::none,
                    beside::costly},
};

[[nodiscard]] constexpr const endpoint_traits& traits_of(endpoint e) { return endpoint_traits_table[static_cast<std::size_t>(e)]; }

/// Whether a second try of this request, which is no GET, HEAD or OPTIONS, might make a second thing. A response that runs in the background and
/// a deferred completion are jobs; so is whatever weir does not know.
[[nodiscard]] inline bool makes_something(const target& what, const request_facts& facts) {
    return traits_of(what.id).repeat == on_repeat::makes || (what.id == endpoint::responses && facts.only_unary) || facts.deferred;
}

/// Whether a unary request may be sent to two upstreams at once. A response that runs in the background is a job.
[[nodiscard]] inline bool may_run_twice(const target& what, const request_facts& facts) {
    if (what.id == endpoint::responses && (what.suffix != "/responses" || facts.only_unary)) return false;
    return traits_of(what.id).twice == beside::harmless;
}

/// Whether a stream tells its usage when the request asks for it (`stream_options.include_usage`), and not otherwise.
[[nodiscard]] constexpr bool reports_usage_when_asked(endpoint e) { return e == endpoint::chat_completions || e == endpoint::completions; }

/// Whether its answers have output that is counted in tokens: of embeddings and moderations only the prompt is.
[[nodiscard]] constexpr bool writes_tokens(endpoint e) {
    const auto bill = traits_of(e).bill;
    return bill != without_usage::prompt && bill != without_usage::nothing;
}

/// Answers below these repeat a usage that was charged when it was made.
[[nodiscard]] inline bool repeats_usage(const target& what) {
    return what.id == endpoint::other && (what.suffix.starts_with("/responses/") || what.suffix.starts_with("/chat/completions/"));
}

/// Where a form (multipart/form-data) is read whole: model, `n`, `stream`. Elsewhere its limits would go by unseen.
[[nodiscard]] constexpr bool takes_forms(endpoint e) {
    const auto word = traits_of(e).word;
    return word == "images" || word == "audio" || word == "video";
}

[[nodiscard]] constexpr bool rows_stand_in_order() {
    for (std::size_t i = 0; i < endpoint_traits_table.size(); ++i)
        if (endpoint_traits_table[i].id != static_cast<endpoint>(i)) return false;
    return endpoint_traits_table.size() == static_cast<std::size_t>(endpoint::other) + 1;
}
static_assert(rows_stand_in_order());

}  // namespace weir::dialect
