#include "dialect/read/usage_report.hpp"

#include <algorithm>
#include <array>

#include "dialect/json/json_index.hpp"

namespace weir::dialect {
namespace {

using field = std::int64_t usage_report::*;

struct named {
    std::string_view name;
    field where;
};

constexpr std::array openai_fields{
    named{"prompt_tokens", &usage_report::prompt},
    named{"input_tokens", &usage_report::prompt},
    named{"completion_tokens", &usage_report::completion},
    named{"output_tokens", &usage_report::completion},
    named{"total_tokens", &usage_report::total},
    named{"prompt_cache_hit_tokens", &usage_report::cached},
    named{"prompt_cache_miss_tokens", &usage_report::cache_miss},
    named{"cached_tokens", &usage_report::cached},  // Moonshot writes it beside the sums
};
constexpr std::array openai_input_details{
    named{"cached_tokens", &usage_report::cached},
    named{"cache_write_tokens", &usage_report::cache_write},
    named{"cache_creation_tokens", &usage_report::cache_write},
    named{"audio_tokens", &usage_report::audio_input},
};
constexpr std::array openai_cached_details{
    named{"audio_tokens", &usage_report::cached_audio},
};
constexpr std::array openai_output_details{
    named{"reasoning_tokens", &usage_report::reasoning},
    named{"audio_tokens", &usage_report::audio_output},
    named{"image_tokens", &usage_report::image_output},
    named{"text_tokens", &usage_report::text_output},
};
constexpr std::array anthropic_fields{
    named{"input_tokens", &usage_report::prompt},
    named{"output_tokens", &usage_report::completion},
    named{"cache_read_input_tokens", &usage_report::cached},
    named{"cache_creation_input_tokens", &usage_report::cache_write},
};
constexpr std::array anthropic_cache_fields{
    named{"ephemeral_5m_input_tokens", &usage_report::cache_write_5m},
    named{"ephemeral_1h_input_tokens", &usage_report::cache_write_1h},
};
constexpr std::array anthropic_output_details{
    named{"thinking_tokens", &usage_report::reasoning},
};
constexpr std::array gemini_fields{
    named{"promptTokenCount", &usage_report::prompt},
    named{"candidatesTokenCount", &usage_report::completion},
    named{"responseTokenCount", &usage_report::completion},
    named{"totalTokenCount", &usage_report::total},
    named{"cachedContentTokenCount", &usage_report::cached},
    named{"thoughtsTokenCount", &usage_report::reasoning},
    named{"toolUsePromptTokenCount", &usage_report::tool_prompt},
};

// No request has more. A provider that reports it is out of its mind, and the number would spend every budget.
constexpr std::int64_t most_tokens = 1'000'000'000'000;

bool read_tokens(json::cursor& at, std::int64_t& out) {
    std::int64_t number = 0;
    if (!at.integer(number)) return false;
    out = std::clamp<std::int64_t>(number, 0, most_tokens + 1);
    return true;
}

bool believable(const usage_report& r) {
    const auto all = {r.prompt,      r.completion,   r.total,        r.cached,       r.cache_miss,  r.cache_write, r.cache_write_5m, r.cache_write_1h,
                      r.audio_input, r.cached_audio, r.audio_output, r.image_output, r.text_output, r.reasoning,   r.tool_prompt};
    return std::all_of(all.begin(), all.end(), [](std::int64_t n) { return n <= most_tokens; });
}

template <std::size_t N>
bool take(const std::array<named, N>& fields, std::string_view key, json::cursor& at, usage_report& into) {
    for (const named& one : fields)
        if (key == one.name) return read_tokens(at, into.*one.where);
    return false;
}

template <std::size_t N>
bool take_all(const std::array<named, N>& fields, json::cursor& at, usage_report& into) {
    bool any = false;
    at.members([&](std::string_view key, json::cursor& value) { any |= take(fields, key, value, into); });
    return any;
}

bool read_openai_input_details(json::cursor& at, usage_report& into) {
    bool any = false;
    at.members([&](std::string_view key, json::cursor& value) {
        any |= key == "cached_tokens_details" ? take_all(openai_cached_details, value, into) : take(openai_input_details, key, value, into);
    });
    return any;
}

// Counts of what the provider's own tools did: {"web_search_requests": 2}, or a bare number.
void read_tool_uses(json::cursor& value, usage_report& into) {
    std::int64_t number = 0;
    if (value.peek() != '{') {
        into.beyond_tokens |= value.integer(number) && number > 0;
        return;
    }
    value.members([&](std::string_view, json::cursor& at) {
        std::int64_t uses = 0;
        into.beyond_tokens |= at.integer(uses) && uses > 0;
    });
}

void read_tier(json::cursor& value, usage_report& into) {
    json::raw_string name;
    into.beyond_tokens |= value.string(name) && is_special_tier(name.text);
}

bool read_openai(std::string_view key, json::cursor& value, usage_report& into) {
    if (key == "prompt_tokens_details" || key == "input_tokens_details" || key == "input_token_details")
        return read_openai_input_details(value, into);
    if (key == "completion_tokens_details" || key == "output_tokens_details" || key == "output_token_details")
        return take_all(openai_output_details, value, into);
    json::raw_string text;
    if (key == "type" && value.string(text)) return into.timed = text.text == "duration";
    if (key == "server_tool_use" || key == "num_sources_used" || key == "num_server_side_tools_used") {
        read_tool_uses(value, into);
        return false;
    }
    return take(openai_fields, key, value, into);
}

bool read_anthropic(std::string_view key, json::cursor& value, usage_report& into) {
    if (key == "cache_creation") return take_all(anthropic_cache_fields, value, into);
    if (key == "output_tokens_details") return take_all(anthropic_output_details, value, into);
    if (key == "server_tool_use") read_tool_uses(value, into);
    if (key == "service_tier") read_tier(value, into);
    return take(anthropic_fields, key, value, into);
}

// [{"modality": "AUDIO", "tokenCount": 12}, ...]
std::int64_t tokens_of_modality(json::cursor value, std::string_view wanted) {
    std::int64_t sum = -1;
    value.elements([&](json::cursor& entry) {
        bool matches = false;
        std::int64_t tokens = 0;
        entry.members([&](std::string_view key, json::cursor& at) {
            json::raw_string text;
            if (key == "modality" && at.string(text)) matches = text.text == wanted;
            if (key == "tokenCount") read_tokens(at, tokens);
        });
        if (matches) sum = std::max<std::int64_t>(sum, 0) + tokens;
    });
    return sum;
}

bool read_gemini(std::string_view key, json::cursor& value, usage_report& into) {
    if (key == "promptTokensDetails") {
        into.audio_input = tokens_of_modality(value, "AUDIO");
        return into.audio_input >= 0;
    }
    if (key == "candidatesTokensDetails" || key == "responseTokensDetails") {
        into.audio_output = tokens_of_modality(value, "AUDIO");
        into.image_output = tokens_of_modality(value, "IMAGE");
        return into.audio_output >= 0 || into.image_output >= 0;
    }
    if (key == "trafficType" || key == "serviceTier") read_tier(value, into);
    return take(gemini_fields, key, value, into);
}

std::int64_t known(std::int64_t value) { return std::max<std::int64_t>(value, 0); }

// Takes a part out of what is left of a sum.
std::int64_t part_of(std::int64_t& rest, std::int64_t wanted) {
    const std::int64_t part = std::min(known(wanted), rest);
    rest -= part;
    return part;
}

bool is_image_endpoint(endpoint e) { return e == endpoint::images_generations || e == endpoint::images_edits || e == endpoint::images_variations; }

usage::counts openai_counts(endpoint e, const usage_report& r) {
    std::int64_t prompt = known(r.prompt), completion = known(r.completion);
    if (r.prompt < 0 && r.cache_miss >= 0) prompt = known(r.cached) + r.cache_miss;
    if (r.prompt < 0 && r.cache_miss < 0)
        prompt = std::max<std::int64_t>(known(r.total) - completion, 0);  // some embedding servers send the total only
    usage::counts out;
    out.cached_input = part_of(prompt, r.cached);
    out.cache_write = part_of(prompt, r.cache_write);
    out.audio_input = part_of(prompt, known(r.audio_input) - known(r.cached_audio));
    out.input = prompt;
    // xAI reports reasoning beside completion_tokens, everyone else inside: only the total tells.
    if (known(r.reasoning) > 0 && r.total >= 0 && r.prompt >= 0 && r.total - r.prompt == completion + r.reasoning) completion += r.reasoning;
    out.reasoning = part_of(completion, r.reasoning);
    out.audio_output = part_of(completion, r.audio_output);
    const bool only_images = is_image_endpoint(e) && r.image_output < 0 && r.text_output < 0;
    out.image_output = part_of(completion, only_images ? completion : r.image_output);
    out.output = completion;
    return out;
}

usage::counts anthropic_counts(const usage_report& r) {
    usage::counts out;
    out.input = known(r.prompt);
    out.cached_input = known(r.cached);
    out.cache_write = std::max(known(r.cache_write), known(r.cache_write_5m) + known(r.cache_write_1h));
    out.cache_write_1h = std::min(known(r.cache_write_1h), out.cache_write);
    std::int64_t completion = known(r.completion);
    out.reasoning = part_of(completion, r.reasoning);
    out.output = completion;
    return out;
}

usage::counts gemini_counts(const usage_report& r) {
    usage::counts out;
    std::int64_t prompt = known(r.prompt), completion = known(r.completion);
    out.cached_input = part_of(prompt, r.cached);
    out.audio_input = part_of(prompt, r.audio_input);
    out.input = prompt + known(r.tool_prompt);
    out.reasoning = known(r.reasoning);
    out.audio_output = part_of(completion, r.audio_output);
    out.image_output = part_of(completion, r.image_output);
    out.output = completion;
    return out;
}

}  // namespace

bool read_usage(kind dialect, json::cursor& at, usage_report& into) {
    usage_report fresh = into;
    bool any = false;
    const bool whole = at.members([&](std::string_view key, json::cursor& value) {
        switch (dialect) {
            case kind::openai: any |= read_openai(key, value, fresh); break;
            case kind::anthropic: any |= read_anthropic(key, value, fresh); break;
            case kind::gemini: any |= read_gemini(key, value, fresh); break;
        }
    });
    if (!whole || !any || !believable(fresh)) return false;
    into = fresh;
    return true;
}

bool is_special_tier(std::string_view name) {
    constexpr std::array usual = {"",        "auto", "default", "standard", "standard_only", "on_demand", "ON_DEMAND", "TRAFFIC_TYPE_UNSPECIFIED",
                                  "STANDARD"};
    return std::none_of(usual.begin(), usual.end(), [&](std::string_view one) { return one == name; });
}

bool is_hosted_call(std::string_view type) {
    constexpr std::array hosted = {"web_search_call", "file_search_call", "code_interpreter_call", "image_generation_call"};
    return std::any_of(hosted.begin(), hosted.end(), [&](std::string_view one) { return one == type; });
}

usage::counts counts_of(endpoint e, const usage_report& report) {
    switch (dialect_of(e)) {
        case kind::openai: return openai_counts(e, report);
        case kind::anthropic: return anthropic_counts(report);
        case kind::gemini: return gemini_counts(report);
    }
    return {};
}

}  // namespace weir::dialect
