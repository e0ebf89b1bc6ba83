#include "dialect/collect/collector.hpp"

#include "dialect/collect/collectors.hpp"
#include "dialect/read/sse_fields.hpp"

namespace weir::dialect {
namespace {

constexpr std::string_view unary_verb = ":generateContent";
constexpr std::string_view stream_verb = ":streamGenerateContent";

// OpenAI's terminator, and the blank data that some send to keep a connection warm.
bool is_no_part(std::string_view data) {
    while (data.ends_with(' ')) data.remove_suffix(1);
    return data.empty() || data == "[DONE]";
}

}  // namespace

bool collector::take(std::string_view event) {
    if (!why_.empty()) return false;
    thread_local std::string joined;
    const sse_fields fields = read_fields(event, joined);
    if (!fields.has_data || is_no_part(fields.data)) return true;
    json::index& where = json::thread_index();
    bool sound = where.build(fields.data) == json::fault::none && json::check_escapes(fields.data);
    if (sound) {
        const json::cursor data{where};
        json::cursor whole = data;
        if (data.peek() != '{') return true;
        sound = whole.skip() && whole.at_end() && read(fields.name, data);
    }
    if (!sound) fail("an event of its stream is not JSON");
    if (room_.over()) fail("its answer is larger than limits.collected (" + std::to_string(room_.all()) + " bytes)");
    return why_.empty();
}

bool collector::write(std::string& out) {
    if (why_.empty()) compose(out);
    return why_.empty();
}

bool can_collect(const target& what, const request_facts& facts) {
    if (facts.stream || what.streams_by_path || facts.only_unary || facts.multipart) return false;
    switch (what.id) {
        case endpoint::chat_completions:
        case endpoint::completions:
        case endpoint::messages: return true;
        case endpoint::responses: return what.suffix == "/responses";  // its relatives below that path do not stream
        case endpoint::gemini_generate: return what.suffix.ends_with(unary_verb);
        default: return false;
    }
}

std::unique_ptr<collector> make_collector(endpoint e, std::size_t limit) {
    switch (e) {
        case endpoint::responses: return collect_openai_responses(limit);
        case endpoint::messages: return collect_anthropic(limit);
        case endpoint::gemini_generate:
        case endpoint::gemini_stream_generate: return collect_gemini(limit);
        default: return collect_openai_chat(limit);
    }
}

void stream_in_path(target& what) {
    if (what.id != endpoint::gemini_generate || !what.suffix.ends_with(unary_verb)) return;
    what.suffix.replace(what.suffix.size() - unary_verb.size(), unary_verb.size(), stream_verb);
}

bool is_answer_format(std::string_view parameter) {
    const std::string_view name = parameter.substr(0, parameter.find('='));
    return name == "alt" || name == "$alt" || name == "%24alt";
}

}  // namespace weir::dialect
