#include "dialect/hub/fields.hpp"

#include <algorithm>

namespace weir::dialect::hub {
namespace {

using enum field;
using enum lost;

constexpr std::string_view not_kept = "it is not kept by this gateway: send the whole input";
constexpr std::string_view elsewhere = "only its own provider has it";

constexpr std::array<field_row, fields> table{{
    {temperature, {"temperature", "temperature", "temperature", "generationConfig.temperature", "temperature"}, told, {}},
    {top_p, {"top_p", "top_p", "top_p", "generationConfig.topP", "top_p"}, told, {}},
    {top_k, {"", "", "top_k", "generationConfig.topK"}, told, {}},
    {frequency_penalty, {"frequency_penalty", "", "", "generationConfig.frequencyPenalty", "frequency_penalty"}, told, {}},
    {presence_penalty, {"presence_penalty", "", "", "generationConfig.presencePenalty", "presence_penalty"}, told, {}},
    {seed, {"seed", "", "", "generationConfig.seed", "seed"}, told, {}},
    {choices, {"n", "", "", "generationConfig.candidateCount", "n"}, refused, "it gives one answer"},
    {logprobs, {"logprobs", "", "", "generationConfig.responseLogprobs", "logprobs"}, told, {}},
    {top_logprobs, {"top_logprobs", "top_logprobs", "", "generationConfig.logprobs"}, told, {}},
    {logit_bias, {"logit_bias", "", "", "", "logit_bias"}, told, {}},
    {prediction, {"prediction", "", "", ""}, told, {}},
    {moderation, {"moderation", "moderation", "", ""}, told, {}},
    {audio, {"audio", "", "", ""}, told, {}},
    {modalities, {"modalities", "", "", "generationConfig.responseModalities"}, refused, "it answers with text alone"},
    {service_tier, {"service_tier", "service_tier", "service_tier", "serviceTier"}, told, {}},
    {speed, {"", "", "speed", ""}, told, {}},
    {store, {"store", "store", "", "store"}, unseen, {}},
    {user, {"user", "user", "", "", "user"}, unseen, {}},
    {safety_identifier, {"safety_identifier", "safety_identifier", "", ""}, unseen, {}},
    {metadata, {"metadata", "metadata", "metadata", "labels"}, unseen, {}},
    {user_profile, {"", "", "user_profile_id", ""}, told, {}},
    {inference_geo, {"", "", "inference_geo", ""}, told, {}},
    {prompt_cache_key, {"prompt_cache_key", "prompt_cache_key", "", ""}, unseen, {}},
    {prompt_cache_options, {"prompt_cache_options", "prompt_cache_options", "", ""}, unseen, {}},
    {prompt_cache_retention, {"prompt_cache_retention", "prompt_cache_retention", "", ""}, unseen, {}},
    {verbosity, {"verbosity", "text.verbosity", "", ""}, unseen, {}},
    {truncation, {"", "truncation", "", ""}, told, {}},
    {context_management, {"", "context_management", "context_management", ""}, told, {}},
    {max_tool_calls, {"", "max_tool_calls", "", ""}, unseen, {}},
    {include, {"", "include", "", ""}, unseen, {}},
    {stream_options, {"stream_options", "stream_options", "", "", "stream_options"}, unseen, {}},
    {background, {"", "background", "", ""}, refused, elsewhere},
    {background_options, {"", "background_options", "", ""}, unseen, {}},
    {previous_response, {"", "previous_response_id", "", ""}, refused, not_kept},
    {conversation, {"", "conversation", "", ""}, refused, elsewhere},
    {prompt, {"", "prompt", "", ""}, refused, elsewhere},
    {thread, {"", "", "thread", ""}, refused, elsewhere},
    {cached_content, {"", "", "", "cachedContent"}, refused, elsewhere},
    {safety_settings, {"", "", "", "safetySettings"}, unseen, {}},
    {labels, {"", "", "", "labels"}, unseen, {}},
    {access_programs, {"", "access_programs", "", ""}, unseen, {}},
    {diagnostics, {"", "comparison_response_id", "diagnostics", ""}, unseen, {}},
}};

constexpr bool in_order() {
    for (std::size_t i = 0; i < fields; ++i)
        if (table[i].id != static_cast<field>(i)) return false;
    return true;
}
static_assert(in_order(), "a row for each field, in the order of the enumeration");

}  // namespace

std::span<const field_row, fields> field_table() { return table; }
const field_row& row_of(field f) { return table[static_cast<std::size_t>(f)]; }

field field_named(std::string_view path, spoke in) {
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const field_row& row) { return row.names[static_cast<std::size_t>(in)] == path; });
    return found == table.end() || path.empty() ? count_ : found->id;
}

}  // namespace weir::dialect::hub
