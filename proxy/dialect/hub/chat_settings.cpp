#include "dialect/hub/chat_settings.hpp"

#include <string>

#include "dialect/hub/efforts.hpp"

namespace weir::dialect::hub {

void chat_options::limit() {
    const auto most = output_limit(of_, to_, told_);
    if (most) out_.member(to_.can.completion_cap ? "max_completion_tokens" : "max_tokens", std::to_string(*most));
}

void chat_tools::tools() {
    sent_ = tools_for(of_, to_, {.searches = false, .subsets = to_.can.developer_role}, told_);
    if (sent_.empty()) return;
    out_.open_member("tools", '[');
    for (const auto* t : sent_) one_tool(*t);
    out_.close(']');
}

void chat_tools::one_tool(const tool& t) {
    const bool custom = stays_custom(t, to_);
    out_.open('{');
    out_.plain_member("type", custom ? "custom" : "function");
    out_.open_member(custom ? "custom" : "function", '{');
    out_.text_member("name", t.name);
    const auto description = custom ? std::string{t.description.json} : description_of(t);
    if (!description.empty()) out_.text_member("description", raw_text{description});
    if (custom && t.grammar.said) {
        out_.open_member("format", '{');
        out_.plain_member("type", "grammar");
        out_.open_member("grammar", '{');
        out_.text_member("definition", t.grammar);
        out_.text_member("syntax", t.syntax);
        out_.close('}');
        out_.close('}');
    } else if (!custom) {
        const object_terms terms{.members = to_.can.developer_role, .flat = to_.can.developer_role};
        out_.member("parameters", t.is == tool::kind::custom ? std::string{text_input} : parameters_of(t, terms, words_.tools, told_));
        if (t.strict) out_.member("strict", strict_for_openai(of_, t.strict, t.schema, words_.tools, told_) ? "true" : "false");
    }
    out_.close('}');
    out_.close('}');
}

void chat_tools::choice() {
    using kind = tool_choice::kind;
    const auto c = choice_for(of_, sent_, told_);
    if (c.is == kind::subset && to_.can.developer_role) {
        out_.open_member("tool_choice", '{');
        out_.plain_member("type", "allowed_tools");
        out_.open_member("allowed_tools", '{');
        out_.plain_member("mode", c.mode == kind::any ? "required" : "auto");
        out_.open_member("tools", '[');
        for (const auto& name : c.names) named_tool(name);
        out_.close(']');
        out_.close('}');
        out_.close('}');
    } else if (c.is == kind::one) {
        out_.key("tool_choice");
        named_tool(c.names.front());
    } else if (c.is != kind::unsaid) {
        const auto is = c.is == kind::subset ? c.mode : c.is;
        out_.plain_member("tool_choice", is == kind::none ? "none" : is == kind::any ? "required" : "auto");
    }
    if (c.parallel) out_.member("parallel_tool_calls", *c.parallel ? "true" : "false");
}

void chat_tools::named_tool(raw_text name) {
    const auto of = std::find_if(sent_.begin(), sent_.end(), [&](const tool* t) { return t->name.json == name.json; });
    const std::string_view type = of != sent_.end() && stays_custom(**of, to_) ? "custom" : "function";
    out_.open('{');
    out_.plain_member("type", type);
    out_.open_member(type, '{');
    out_.text_member("name", name);
    out_.close('}');
    out_.close('}');
}

void chat_options::format() {
    using kind = answer_format::kind;
    const auto& f = of_.format;
    if (f.is == kind::unsaid || f.is == kind::text) return;
    out_.open_member("response_format", '{');
    out_.plain_member("type", f.is == kind::json ? "json_object" : "json_schema");
    if (f.is == kind::schema) {
        out_.open_member("json_schema", '{');
        write_openai_schema(out_, of_, told_);
        out_.close('}');
    }
    out_.close('}');
}

void chat_options::effort(bool calls_functions) {
    const auto want = wanted(of_.thinks);
    if (to_.can.thinks != capabilities::reasoning::effort) {
        if (want != thinking::effort::none && want != thinking::effort::unsaid) told_.drop(words_.effort, "the model takes no effort");
        return;
    }
    // Such models call functions here only where they do not think; elsewhere they do both.
    const bool gives_up = to_.can.prefers_responses && has_effort(to_.can, thinking::effort::none) && calls_functions;
    if (to_.can.prefers_responses && calls_functions && !gives_up) told_.refuse(words_.tools, "the model calls functions in responses alone");
    if (want == thinking::effort::unsaid && !gives_up) return;
    auto has = gives_up ? thinking::effort::none : nearest(want, to_.can);
    // OpenAI's own models take the highest in responses alone.
    if (to_.can.developer_role && has == thinking::effort::max)
        has = has_effort(to_.can, thinking::effort::xhigh) ? thinking::effort::xhigh : thinking::effort::high;
    if (has != want) told_.change(words_.effort, "the model has other efforts");
    out_.plain_member("reasoning_effort", word_of(has));
}

void chat_options::stops() {
    constexpr std::size_t most = 4;
    if (stops_of(of_) == 0) return;
    if (!to_.can.stops) return told_.drop(words_.stop, "the model stops at no sequence");
    if (stops_of(of_) > most) told_.refuse(words_.stop, "it takes four");
    out_.open_member("stop", '[');
    for (const auto& each : of_.stops.texts)
        if (!each.empty()) out_.text(each);
    out_.close(']');
}

}  // namespace weir::dialect::hub
