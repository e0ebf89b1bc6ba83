#include "exchange/answer/answer_head.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "dialect/endpoint_traits.hpp"
#include "exchange/charge.hpp"
#include "exchange/sent_request.hpp"
#include "exchange/translation/pass.hpp"
#include "http/head_writer.hpp"
#include "policy/cors.hpp"
#include "policy/upstreams/rate_resets.hpp"

namespace weir::exchange {
namespace {

using http::field_id;

bool is_type(std::string_view content_type, std::string_view wanted) {
    return content_type.size() >= wanted.size() && http::iequals(content_type.substr(0, wanted.size()), wanted);
}

// A model's name may be the client's own, with anything in it.
bool may_stand_in_field(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
}

answer_form form_of(std::string_view type) {
    if (is_type(type, "application/json")) return answer_form::json;
    if (is_type(type, "text/event-stream")) return answer_form::events;
    return is_type(type, "text/") ? answer_form::text : answer_form::bytes;
}

/// What is said in the fields that do not simply cross.
struct said {
    std::string_view type, coding;
    bool dated = false;
    std::optional<policy::rate_resets> resets;
};

// False: the field ends here.
bool crosses(const http::field& f, answer& in, said& s, pause_told& pause, bool collects, bool own_cors) {
    switch (f.id) {
        case field_id::content_length:
        case field_id::x_request_id:
        case field_id::via: return false;
        case field_id::content_type: s.type = f.value; return !collects;  // else written once it is known what goes out
        case field_id::content_encoding:
            in.how.coding = s.coding.empty() ? http::coding_of(f.value) : http::content_coding::other;
            s.coding = f.value;
            return !collects;  // likewise
        case field_id::date: s.dated = true; return true;
        case field_id::retry_after: pause.retry_after = f.value; return true;
        case field_id::other:
            if (f.name.size() > 7 && http::iequals(f.name.substr(0, 7), "x-weir-")) return false;
            if (own_cors && policy::is_cors_answer_field(f.name)) return false;  // two answers about origins are none
            if (http::iequals(f.name, "alt-svc")) return false;                  // it names the upstream's own ports, not ours
            if (http::iequals(f.name, "retry-after-ms")) pause.retry_after_ms = f.value;
            if (s.resets) s.resets->see(f.name, f.value);
            return true;
        default: return !http::is_hop_by_hop(f.id);
    }
}

// How the answer is read, and whether it costs something. A poll brings what was charged when it was made.
void choose_reading(const request& of, answer& in, bool collects) {
    const bool fine = in.status >= 200 && in.status < 300;
    const bool is_read = fine && of.what.understood && in.has_body;
    const bool plain = in.how.coding == http::content_coding::identity;
    if (is_read && in.how.form == answer_form::events && (plain || (collects && in.how.coding != http::content_coding::other)))
        in.how.read = reading::events;
    else if (is_read && in.how.form == answer_form::json)
        in.how.read = reading::json;
    const auto& traits = dialect::traits_of(of.what.target.id);
    if (fine && of.what.posted() && traits.read == dialect::reading::unread && !dialect::repeats_usage(of.what.target))
        in.how.due = charged::if_reported;
    else if (is_read && of.what.posted() && traits.bill != dialect::without_usage::nothing)
        in.how.due = charged::as_counted;
}

void begin_stream(request& of, answer& in) {
    const auto with = answered(of, in);
    in.meters.cost.price = price_of(of, in.at);
    in.meters.between_tokens = of.at.metrics.pools().inter_token(in.at.pool->conf->name, of.told.record.model_label);
    in.meters.counted = std::make_unique<meter>(in.at.model, counted_body(with), of.what.habits, of.at.prompts, counted_media(with));
}

}  // namespace

void read_answer_head(request& of, answer& in, const outgoing& what, const http::response_head& head, pause_told& pause) {
    const bool collects = what.collects();
    const bool names = http::names_fields(head.connection);
    const bool foreign = in.translated != nullptr;
    said s;
    in.status = head.status;
    in.has_body = in.from->has_body();
    in.how.has_terminator = what.has_terminator();
    in.how.hides_usage = what.hides_usage();
    if (head.status == 429) s.resets.emplace();
    http::head_writer out{in.lines};
    // Of a translated one it is written when it is known what goes out.
    if (!in.translated) out.status_line(head.status, head.reason);
    for (const auto& f : head.fields) {
        if (!crosses(f, in, s, pause, collects, of.conf().cors.has_value())) continue;
        if (foreign && !crosses_dialects(f.name)) continue;
        if (http::is_hop_by_hop(f.id) || (names && http::named_by_connection(head.connection, f.name))) continue;
        out.copy(f);
    }
    out.flush();
    if (s.resets && pause.retry_after.empty() && pause.retry_after_ms.empty())
        if (const auto until = s.resets->pause(core::wall_clock::now())) pause.retry_after_ms = std::to_string(until->count());
    if (!s.dated) out.add("date", of.at.date.at(core::wall_clock::now()));
    in.how.form = form_of(s.type);
    choose_reading(of, in, collects);
    if (in.is_stream()) begin_stream(of, in);
    if (in.translated) return;
    if (collects && !in.is_stream() && !s.coding.empty()) out.add("content-encoding", s.coding);
    if (collects && !s.type.empty()) out.add("content-type", in.is_stream() ? std::string_view{"application/json"} : s.type);
}

void write_own_fields(request& of, answer& in, bool decided) {
    auto& lines = in.lines;
    const auto& record = of.told.record;
    const auto add = [&lines](std::string_view name, std::string_view value) { lines.append(name).append(": ").append(value).append("\r\n"); };
    lines += of.what.cors_fields.view();
    add("x-request-id", record.request_id);
    add("x-weir-upstream", record.upstream);
    char digits[12];
    const auto n = static_cast<std::size_t>(std::snprintf(digits, sizeof digits, "%d", of.told.attempts()));
    add("x-weir-attempts", {digits, n});
    if (decided && (record.has_usage || record.cost > 0) && record.priced && !record.stream) add("x-weir-cost-usd", usage::usd_string(record.cost));
    const auto& pool = *in.at.pool->conf;
    if (record.translated != nullptr) {
        const auto& [label, dropped, changed] = *record.translated;
        if (!label.empty()) add("x-weir-translated", label);
        // The answer has the name that the client asked for.
        if (!label.empty() && may_stand_in_field(in.at.model)) add("x-weir-upstream-model", in.at.model);
        if (!dropped.empty()) add("x-weir-dropped", dropped);
        if (!changed.empty()) add("x-weir-changed", changed);
    }
    if (!of.what.target.hint.empty())
        add("x-weir-hint", of.what.target.hint);
    else if ((in.status == 404 || in.status == 405) && !in.translated && is_foreign(pool, of.what.target))
        add("x-weir-hint", foreign_hint(pool, of.what.target));
    if (in.status >= 400) add("x-should-retry", "false");
}

}  // namespace weir::exchange
