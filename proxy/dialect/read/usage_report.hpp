// A provider's usage object as it wrote it, and its translation into parts that add up.
// It does not decide when a report is final (exchange/ does).
#pragma once

#include <cstdint>
#include <string_view>

#include "dialect/endpoint.hpp"
#include "usage/counts.hpp"

namespace weir::dialect {

namespace json {
class cursor;
}

/// The numbers of all dialects under one roof; -1: not reported (or null).
struct usage_report {
    std::int64_t prompt = -1;      ///< prompt_tokens, input_tokens, promptTokenCount
    std::int64_t completion = -1;  ///< completion_tokens, output_tokens, candidatesTokenCount
    std::int64_t total = -1;
    std::int64_t cached = -1;      ///< read from the cache
    std::int64_t cache_miss = -1;  ///< DeepSeek's prompt_cache_miss_tokens
    std::int64_t cache_write = -1;
    std::int64_t cache_write_5m = -1;
    std::int64_t cache_write_1h = -1;
    std::int64_t audio_input = -1;   ///< cached ones included
    std::int64_t cached_audio = -1;  ///< of cached: audio
    std::int64_t audio_output = -1;
    std::int64_t image_output = -1;
    std::int64_t text_output = -1;  ///< images endpoints tell text from image tokens
    std::int64_t reasoning = -1;
    std::int64_t tool_prompt = -1;  ///< Gemini's toolUsePromptTokenCount, outside of prompt
    bool beyond_tokens = false;     ///< more is charged than tokens at their usual price: a tool that the provider ran, a tier of its own
    bool timed = false;             ///< billed by duration: no tokens, and that is final
};

/// Reads the usage object at hand over what `into` holds: fields that the object lacks, or writes as null, stay. False
/// when it is no object, reports nothing, or a number that no request can have (more than 10^12): then nothing of it is taken.
bool read_usage(kind dialect, json::cursor& at, usage_report& into);

/// Whether a service tier, as answers and requests name it, has prices of its own.
[[nodiscard]] bool is_special_tier(std::string_view name);
/// Whether the provider itself runs a tool of that type (`web_search_call`, `web_search_preview`), and charges for it beside the tokens.
[[nodiscard]] bool is_hosted_call(std::string_view type);

/// Every token in one part. Numbers that contradict each other are cut until they fit; nothing gets negative.
[[nodiscard]] usage::counts counts_of(endpoint e, const usage_report& report);

}  // namespace weir::dialect
