#include "exchange/translation/pass.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "dialect/hub/reading.hpp"
#include "exchange/meter/prompt_count.hpp"
#include "exchange/own/hidden_credential.hpp"
#include "exchange/translation/kept_responses.hpp"
#include "http/head_writer.hpp"

namespace weir::exchange {
namespace {

namespace hub = dialect::hub;
using hub::spoke;

void write_head(answer& in) {
    std::string lines;
    http::head_writer out{lines};
    out.status_line(in.status, http::reason_of(in.status));
    if (!in.is_stream() || in.translated->streams()) out.add("content-type", in.translated->content_type());
    lines += in.lines;
    in.lines = std::move(lines);
}

// What the fields for the client say of it, in seconds.
std::int64_t pause_of(std::string_view lines) {
    constexpr std::string_view name = "retry-after:";
    std::int64_t out = 0;
    while (!lines.empty()) {
        auto line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        if (line.size() <= name.size() || !http::iequals(line.substr(0, name.size()), name)) continue;
        line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ', name.size())));
        (void)std::from_chars(line.data(), line.data() + line.size(), out);
    }
    return out;
}

// Gemini says it in the body alone, others in a field.
std::int64_t note_pause(answer& in) {
    auto pause = pause_of(in.lines);
    if (pause > 0) return pause;
    const auto* where = hub::index_of(in.reader.window().view());
    if (where != nullptr) pause = hub::pause_in(dialect::json::cursor{*where});
    if (pause > 0) in.lines.append("retry-after: ").append(std::to_string(pause)).append("\r\n");
    return pause;
}

void translate_error(request& of, answer& in) {
    auto& window = in.reader.window();
    hide_credential(in.at.to, window.data(), window.size());
    const auto facts = dialect::read_unary(in.speaks, window.data(), window.size());
    // An error in a 200 is one all the same.
    in.status = in.translated->take_error({std::max(in.status, in.status < 400 ? 500 : 400), facts.error_code, facts.error_message, note_pause(in)},
                                          of.told.record.request_id);
    of.told.record.status = in.status;
    if (!in.ended()) in.release();
}

}  // namespace

std::string minted_id(spoke of, core::fast_random& random) {
    constexpr std::array<std::string_view, hub::spokes> prefixes{"chatcmpl-", "resp_", "msg_", "r", "cmpl-"};
    char digits[33];
    const auto n = std::snprintf(digits, sizeof digits, "%016llx%08llx", static_cast<unsigned long long>(random()),
                                 static_cast<unsigned long long>(random() >> 32));
    return std::string{prefixes[static_cast<std::size_t>(of)]}.append(digits, static_cast<std::size_t>(n));
}

std::unique_ptr<translated_answer> translate_answer(request& of, const translated_request& what, std::string_view model) {
    hub::answer_names names;
    names.id = minted_id(what.how().from, of.at.random);
    names.model = of.what.facts.model;
    names.created = std::chrono::duration_cast<std::chrono::seconds>(core::wall_clock::now().time_since_epoch()).count();
    names.include_usage = of.what.facts.asks_usage;
    names.show_reasoning = what.shows_reasoning();
    names.scope = what.scope();
    names.tools = what.tools();
    names.settings = what.answered_settings();
    static const policy::model_habits usual;
    names.input_estimate = (of.what.habits ? *of.what.habits : usual).input_tokens(of.body.size(), of.what.facts.media_bytes);
    names.most_kept = of.conf().limits.collected;
    names.request_id = of.told.record.request_id;
    if (of.at.responses != nullptr) name_turn(of, names);
    names.as_array = of.what.target.streams_by_path && of.client.head().query.find("alt=sse") == std::string_view::npos;
    auto out = std::make_unique<translated_answer>(what, std::move(names), of.told.record.stream);
    if (out->is_embeddings()) out->estimate_input(count_prompt(token::encoding_for(model).enc, of.body.bytes()).tokens);
    return out;
}

std::optional<std::chrono::milliseconds> beats_of(const request& of, const answer& in) {
    constexpr std::chrono::milliseconds usual{15'000};  // Claude Code warns after 20 s of silence
    const auto wanted = in.at.pool->conf->heartbeat;
    if (!in.translated) return wanted;
    if (of.what.target.dialect == dialect::kind::gemini) return std::nullopt;  // its SDKs take a comment for an event
    return of.what.target.dialect == dialect::kind::anthropic ? wanted.value_or(usual) : wanted;
}

bool translate_document(answer& in) {
    const bool readable = in.how.read != reading::events && in.how.coding == http::content_coding::identity && in.status < 300 && in.ended();
    return readable && in.translated->take_document(in.reader.window().view());
}

void translate_whole(request& of, answer& in) {
    auto& record = of.told.record;
    const auto& said = in.translated->said();
    record.translated = &said;
    if (in.status >= 400 || (!in.is_stream() && in.translated->passing().empty())) translate_error(of, in);
    write_head(in);
    if (of.at.responses != nullptr && in.status < 300) hold_items(of);
    if (in.is_stream()) return;
    if (of.at.responses != nullptr && in.status < 300) keep_response(of, in.translated->passing());
    in.reader.replace(in.translated->passing());
    in.translated->passed();
    in.has_body = true;
}

bool crosses_dialects(std::string_view name) {
    constexpr std::array<std::string_view, 4> all{"date", "retry-after", "retry-after-ms", "x-should-retry"};
    return std::any_of(all.begin(), all.end(), [&](std::string_view each) { return http::iequals(each, name); });
}

}  // namespace weir::exchange
