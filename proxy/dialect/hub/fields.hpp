// Settings of a request that are one value each, under a name of its own in each dialect: one table for what is called what, and what becomes of a
// setting that a dialect does not have.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir::dialect::hub {

/// The four dialects' main endpoints, and the one that OpenAI had before chat: clients speak it still.
enum class spoke : std::uint8_t { chat, responses, messages, gemini, completions };
inline constexpr std::size_t spokes = 5;
/// The first ones are what a request can become; the rest is translated from, and never into.
inline constexpr std::size_t upstream_spokes = 4;

/// What becomes of something that has no place on the other side.
enum class lost : std::uint8_t {
    unseen,   ///< no client can notice: nothing is said
    told,     ///< left out, and said in x-weir-dropped and the log; refused where the pool is strict
    refused,  ///< the upstream cannot serve this request
};

enum class field : std::uint8_t {
    temperature,
    top_p,
    top_k,
    frequency_penalty,
    presence_penalty,
    seed,
    choices,
    logprobs,
    top_logprobs,
    logit_bias,
    prediction,
    moderation,
    audio,
    modalities,
    service_tier,
    speed,
    store,
    user,
    safety_identifier,
    metadata,
    user_profile,
    inference_geo,
    prompt_cache_key,
    prompt_cache_options,
    prompt_cache_retention,
    verbosity,
    truncation,
    context_management,
    max_tool_calls,
    include,
    stream_options,
    background,
    background_options,
    previous_response,
    conversation,
    prompt,
    thread,
    cached_content,
    safety_settings,
    labels,
    access_programs,
    diagnostics,
    count_
};
inline constexpr std::size_t fields = static_cast<std::size_t>(field::count_);

struct field_row {
    field id;
    std::array<std::string_view, spokes> names;  ///< a path with dots; empty: the dialect has no such thing
    lost when_missing;
    std::string_view why;  ///< of a refusal
};

/// In the order of `field`.
[[nodiscard]] std::span<const field_row, fields> field_table();
[[nodiscard]] const field_row& row_of(field f);
[[nodiscard]] inline std::string_view name_of(field f, spoke in) { return row_of(f).names[static_cast<std::size_t>(in)]; }

/// The field of this name in a dialect, a whole path; count_: none of these.
[[nodiscard]] field field_named(std::string_view path, spoke in);

}  // namespace weir::dialect::hub
