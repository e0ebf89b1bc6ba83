// Requests to /v1/messages: what they say besides turns and tools.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "dialect/hub/efforts.hpp"
#include "dialect/hub/envelope.hpp"
#include "dialect/hub/schema.hpp"
#include "dialect/hub/writing.hpp"

namespace weir::dialect::hub {
namespace {

using reasoning = capabilities::reasoning;

constexpr std::int64_t least_budget = 1024;
constexpr std::size_t longest_user = 64;

}  // namespace

messages_settings::messages_settings(const conversation& of, const target_settings& to, notes& told)
    : of_(of), to_(to), told_(told), words_(words_of(of.from)), how_(decide()) {}

std::int64_t messages_settings::most() const {
    const auto asked = of_.cap.tokens ? *of_.cap.tokens : to_.max_output.value_or(to_.can.max_output);
    return std::max<std::int64_t>(std::min(asked, to_.can.max_output), 1);
}

void messages_settings::limit(json_writer& out) const {
    if (!of_.cap.tokens) told_.add("max_tokens");
    if (of_.cap.tokens.value_or(0) > to_.can.max_output) told_.change(of_.cap.name, "the model gives fewer tokens");
    out.member("max_tokens", std::to_string(most()));
}

messages_settings::how messages_settings::decide() {
    const auto want = wanted(of_.thinks);
    const bool off = want == thinking::effort::none;
    const bool says = want != thinking::effort::unsaid || of_.thinks.is != thinking::mode::unsaid;
    switch (to_.can.thinks) {
        case reasoning::adaptive:
            if (off && to_.can.off != capabilities::off_by::nothing) return how::off;
            return says || to_.can.binds ? how::adaptive : how::unsaid;
        case reasoning::always: return says || to_.can.binds ? how::adaptive : how::unsaid;
        case reasoning::budget: return says && !off ? budget() : how::unsaid;
        default:
            if (says && !off) told_.drop(words_.effort, "the model does not think");
            return how::unsaid;
    }
}

// It stays below the output cap, which the client may have set.
messages_settings::how messages_settings::budget() {
    const auto want = wanted(of_.thinks);
    const auto asked = of_.thinks.is == thinking::mode::budget ? of_.thinks.tokens
                                                               : budget_of(want == thinking::effort::unsaid ? thinking::effort::medium : want, to_);
    const auto room = most() - least_budget;
    if (room < least_budget) {
        told_.drop(words_.effort, "the output cap leaves no room to think");
        return how::unsaid;
    }
    if (last_call_lacks_thought()) {
        told_.drop(words_.effort, "what was thought before the last call did not come back");
        return how::unsaid;
    }
    if (asked > room) told_.change(words_.effort, "it stays below the output cap");
    tokens_ = std::clamp(asked, least_budget, room);
    return how::budget;
}

// A turn with calls then has to begin with what was thought.
bool messages_settings::last_call_lacks_thought() const {
    const auto last = std::find_if(of_.turns.rbegin(), of_.turns.rend(), [](const turn& t) { return t.who == turn::role::assistant; });
    if (last == of_.turns.rend()) return false;
    const auto begin = of_.parts.begin() + last->first, end = begin + last->count;
    const bool calls = std::any_of(begin, end, [](const part& p) { return p.is == part::kind::call; });
    return calls && std::none_of(begin, end, [this](const part& p) {
               return p.is == part::kind::reasoning && is_for(p.opaque, carrier::family::anthropic, to_.scope);
           });
}

void messages_settings::rest(json_writer& out) const {
    format(out);
    thoughts(out);
    sampling(out);
    stops(out);
    end_user(out);
    const auto tier = tier_for(of_, spoke::messages, told_);
    if (!tier.empty()) out.plain_member(tier == "fast" ? "speed" : "service_tier", tier);
    write_settings(out, of_, spoke::messages, {}, told_,
                   bit(field::temperature) | bit(field::top_p) | bit(field::top_k) | bit(field::metadata) | bit(field::service_tier) |
                       bit(field::speed) | bit(field::context_management) | bit(field::diagnostics));
    if (of_.from != spoke::messages && of_.setting(field::context_management).said) told_.drop(name_of(field::context_management, of_.from));
}

// Its format and its effort stand in one object.
void messages_settings::format(json_writer& out) const {
    if (of_.format.is == answer_format::kind::json) told_.change(words_.format, "it has no free JSON mode: it is told to");
    const bool schema = of_.format.is == answer_format::kind::schema;
    const auto effort_said = effort();
    if (!schema && effort_said == thinking::effort::unsaid) return;
    out.open_member("output_config", '{');
    if (effort_said != thinking::effort::unsaid) out.plain_member("effort", word_of(effort_said));
    if (schema) {
        const auto made = schema_for_messages(of_.format.schema.empty() ? any_object : of_.format.schema);
        if (!to_.can.structured_output) told_.refuse(words_.format, "the model has no such thing");
        if (!made.refused.empty()) told_.refuse(words_.format, made.refused);
        if (made.changed) told_.change(words_.format, "not all of JSON Schema is compiled there");
        out.open_member("format", '{');
        out.plain_member("type", "json_schema");
        out.member("schema", made.refused.empty() ? std::string_view{made.text} : any_object);
        out.close('}');
    }
    out.close('}');
}

// What of an effort this model takes as one.
thinking::effort messages_settings::effort() const {
    using enum thinking::effort;
    const auto want = wanted(of_.thinks);
    const bool takes = to_.can.thinks == reasoning::adaptive || to_.can.thinks == reasoning::always;
    if (!takes || want == unsaid || how_ == how::off) return unsaid;
    const auto has = nearest(std::max(want, low), to_.can);
    if (has != want) told_.change(words_.effort, "the model has other efforts");
    return has;
}

void messages_settings::thoughts(json_writer& out) const {
    if (how_ == how::unsaid) return;
    out.open_member("thinking", '{');
    if (how_ == how::budget) {
        out.plain_member("type", "enabled");
        out.member("budget_tokens", std::to_string(tokens_));
    } else if (how_ == how::off) {
        out.plain_member("type", to_.can.off == capabilities::off_by::between_tools ? "between_tools" : "disabled");
    } else {
        out.plain_member("type", "adaptive");
        if (of_.from != spoke::messages) out.plain_member("display", "summarized");
        // Nobody here remembers which conversation its thoughts were made in: what no longer fits goes, and the request does not fail of it.
        if (to_.can.binds) {
            out.member("block_binding", R"({"prefix_mismatch_behavior":"drop_block"})");
            told_.add("thinking");
        }
    }
    out.close('}');
}

void messages_settings::sampling(json_writer& out) const {
    const bool thinks = how_ == how::adaptive || how_ == how::budget;
    for (const auto f : {field::temperature, field::top_p, field::top_k}) {
        const auto& said = of_.setting(f);
        if (!said.said) continue;
        const auto name = name_of(f, of_.from);
        const auto value = std::strtod(std::string{said.json}.c_str(), nullptr);
        if (!to_.can.sampling && value == 1 && f != field::top_k) {
            continue;  // it samples like that anyway
        } else if (!to_.can.sampling) {
            told_.drop(name, "the model takes no sampling");
        } else if (thinks && !(f == field::temperature && value == 1)) {
            told_.drop(name, "a model that thinks takes no sampling");
        } else if (f == field::top_p && to_.can.thinks != reasoning::none && of_.setting(field::temperature).said) {
            if (value != 1) told_.drop(name, "the model takes one of temperature and top_p");
        } else if (f == field::temperature && value > 1) {
            out.member("temperature", "1");
            told_.change(name, "it is at most 1");
        } else {
            out.member(name_of(f, spoke::messages), said.json);
        }
    }
}

void messages_settings::stops(json_writer& out) const {
    bool any = false;
    for (const auto& each : of_.stops.texts) {
        if (each.blank()) {
            if (!each.empty()) told_.drop(words_.stop, "it is not only white space");
            continue;
        }
        if (!std::exchange(any, true)) out.open_member("stop_sequences", '[');
        out.text(each);
    }
    if (any) out.close(']');
}

void messages_settings::end_user(json_writer& out) const {
    const auto& by = of_.setting(field::safety_identifier).said ? of_.setting(field::safety_identifier) : of_.setting(field::user);
    if (by.json.size() < 3 || by.json.front() != '"') return;
    const auto id = by.json.substr(1, by.json.size() - 2);
    out.open_member("metadata", '{');
    if (id.size() > longest_user)
        out.plain_member("user_id", short_hash(id));
    else
        out.text_member("user_id", raw_text{id});
    out.close('}');
}

}  // namespace weir::dialect::hub
