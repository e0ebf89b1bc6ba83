// The files beside a conf: prices, and what models accept.
#include "config/reference/tables.hpp"

namespace weir::config::tables {
namespace {

constexpr key input{.name = "input", .is = shape::decimal, .meaning = "Tokens of the prompt.", .example = "2.50", .absent = "0"};
constexpr key cached_input{.name = "cached_input",
                           .is = shape::decimal,
                           .meaning = "Those of the prompt that were read from a cache.",
                           .example = "0.25",
                           .absent = "input"};
constexpr key cache_write{.name = "cache_write",
                          .is = shape::decimal,
                          .meaning = "Those of the prompt that were written to a cache.",
                          .example = "3.75",
                          .absent = "input"};
constexpr key cache_write_1h{
    .name = "cache_write_1h", .is = shape::decimal, .meaning = "Those written for an hour.", .example = "6.00", .absent = "cache_write"};
constexpr key output{.name = "output", .is = shape::decimal, .meaning = "Tokens of the answer.", .example = "10.00", .absent = "0"};
constexpr key reasoning{
    .name = "reasoning", .is = shape::decimal, .meaning = "Those of the answer that are thoughts.", .example = "10.00", .absent = "output"};
constexpr key audio_input{
    .name = "audio_input", .is = shape::decimal, .meaning = "Those of the prompt that are sound.", .example = "40.00", .absent = "input"};
constexpr key audio_output{
    .name = "audio_output", .is = shape::decimal, .meaning = "Those of the answer that are sound.", .example = "80.00", .absent = "output"};
constexpr key image_output{
    .name = "image_output", .is = shape::decimal, .meaning = "Those of the answer that are pictures.", .example = "40.00", .absent = "output"};

constexpr key tier_keys[] = {
    {.name = "above",
     .is = shape::integer,
     .meaning = "Prompts longer than this many tokens are charged at this tier as a whole.",
     .example = "200000",
     .low = 1,
     .high = 1'000'000'000'000,
     .required = true},
    input,
    cached_input,
    cache_write,
    cache_write_1h,
    output,
    reasoning,
    audio_input,
    audio_output,
    image_output,
};

constexpr key price_keys[] = {
    input,
    cached_input,
    cache_write,
    cache_write_1h,
    output,
    reasoning,
    audio_input,
    audio_output,
    image_output,
    {.name = "per_request", .is = shape::decimal, .meaning = "For each request, in USD.", .example = "0.04", .absent = "0"},
    {.name = "tiers", .is = shape::section, .meaning = "Other rates for long prompts.", .absent = "none", .in = arrangement::list, .below = &tier},
};

constexpr key price_file_keys[] = {
    {.name = "models",
     .is = shape::section,
     .meaning = "Prices by the names of models, or patterns; the most specific one counts.",
     .absent = "none",
     .in = arrangement::map,
     .below = &price},
    {.name = "upstreams",
     .is = shape::any,
     .meaning = "Prices of single upstreams, by their names: in each the same as in `models`.",
     .example = "{aggregator-eu: {gpt-4o: {input: 1.20, output: 4.80}}}",
     .absent = "none"},
    {.name = "catalogue",
     .is = shape::flag,
     .meaning = "The file prices more than is served here: its names are no list of models.",
     .fallback = "off",
     .example = "on"},
};

constexpr std::string_view next_pattern = "what the next pattern that fits says";

constexpr key model_keys[] = {
    {.name = "reasoning",
     .is = shape::word,
     .meaning =
         "How it is told to think: not at all, by a number of tokens, by itself (adaptive, always), by a level (Gemini), by an effort (OpenAI).",
     .example = "adaptive",
     .absent = next_pattern,
     .words = "none|budget|adaptive|always|level|effort"},
    {.name = "off",
     .is = shape::word,
     .meaning = "What turns thinking off.",
     .example = "disabled",
     .absent = next_pattern,
     .words = "disabled|between_tools|no"},
    {.name = "efforts",
     .is = shape::word,
     .meaning = "Efforts that it takes; others become the next one above.",
     .example = "[low, medium, high]",
     .absent = next_pattern,
     .words = "none|minimal|low|medium|high|xhigh|max",
     .in = arrangement::list},
    {.name = "sampling", .is = shape::flag, .meaning = "It takes temperature, top_p and top_k.", .example = "off", .absent = next_pattern},
    {.name = "forced_tool", .is = shape::flag, .meaning = "It can be told to use a tool.", .example = "off", .absent = next_pattern},
    {.name = "inline_system",
     .is = shape::flag,
     .meaning = "It takes system messages later in a conversation.",
     .example = "on",
     .absent = next_pattern},
    {.name = "developer_role",
     .is = shape::flag,
     .meaning = "It takes the role developer, and several system messages.",
     .example = "on",
     .absent = next_pattern},
    {.name = "custom_tools", .is = shape::flag, .meaning = "It takes tools with free text (type custom).", .example = "on", .absent = next_pattern},
    {.name = "binds", .is = shape::flag, .meaning = "Its thoughts are bound to what stands before them.", .example = "on", .absent = next_pattern},
    {.name = "reasoning_back",
     .is = shape::flag,
     .meaning = "It wants its reasoning_content back beside tool calls.",
     .example = "on",
     .absent = next_pattern},
    {.name = "prefill",
     .is = shape::flag,
     .meaning = "It continues a conversation that ends with its own words.",
     .example = "off",
     .absent = next_pattern},
    {.name = "structured_output",
     .is = shape::flag,
     .meaning = "Its answers can be held to a JSON Schema.",
     .example = "off",
     .absent = next_pattern},
    {.name = "stop", .is = shape::flag, .meaning = "At chat completions it takes stop.", .example = "off", .absent = next_pattern},
    {.name = "prefer",
     .is = shape::word,
     .meaning = "Which endpoint serves translated requests where a pool has both.",
     .example = "responses",
     .absent = next_pattern,
     .words = "responses|chat"},
    {.name = "output_cap",
     .is = shape::word,
     .meaning = "What chat completions call its output cap.",
     .example = "max_completion_tokens",
     .absent = next_pattern,
     .words = "max_completion_tokens|max_tokens"},
    {.name = "max_output",
     .is = shape::integer,
     .meaning = "The most tokens of one answer.",
     .example = "128000",
     .absent = next_pattern,
     .low = 1,
     .high = 100'000'000},
};

constexpr key models_file_keys[] = {
    {.name = "models",
     .is = shape::section,
     .meaning = "What models accept, by their names, or patterns.",
     .absent = "nothing is said",
     .in = arrangement::map,
     .below = &model},
};

}  // namespace

constinit const key_table tier{"a tier", "Other rates for long prompts.", tier_keys};
constinit const key_table price{"a price", "USD per million tokens.", price_keys};
constinit const key_table price_file{"a price file", "What tokens cost.", price_file_keys};
constinit const key_table model{"a model", "What a model accepts.", model_keys};
constinit const key_table models_file{"a file of models", "What models accept.", models_file_keys};

}  // namespace weir::config::tables
