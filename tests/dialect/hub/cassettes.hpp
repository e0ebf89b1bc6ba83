// The recorded conversations of tests/cassettes/ whose endpoints are translated, and what their requests and answers say in no dialect, as text.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dialect/hub/answer/answer_event.hpp"
#include "dialect/hub/envelope.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/hub/spokes.hpp"
#include "dialect/hub/tool_names.hpp"
#include "dialect/hub/writing.hpp"
#include "dialect/read/answer.hpp"

namespace weir::dialect::hub::test {

namespace bj = boost::json;

constexpr spoke all_spokes[] = {spoke::chat, spoke::responses, spoke::messages, spoke::gemini};

struct recording {
    std::string name;  ///< its folder, below tests/cassettes
    spoke of = spoke::chat;
    std::string request, stream, whole;  ///< whole: the answer in one piece, where it has one
    std::string talk;                    ///< the conversation that it is a turn of
    int turn = 1;
};

inline std::string slurp(const std::filesystem::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

inline std::optional<recording> recording_in(const std::filesystem::path& folder) {
    const auto expected = slurp(folder / "expect.txt");
    const auto from = expected.find("path: ");
    if (from == std::string::npos) return std::nullopt;
    const auto endpoint = classify("POST", expected.substr(from + 6, expected.find('\n', from) - from - 6), "", false).id;
    const auto of = spoke_of(endpoint);
    if (of == spoke::completions) return std::nullopt;  // no request becomes one
    if (!of) return std::nullopt;
    recording out{folder.parent_path().filename().string() + "/" + folder.filename().string(),
                  *of,
                  slurp(folder / "request.json"),
                  slurp(folder / "response.sse"),
                  slurp(folder / "unary.json"),
                  "",
                  1};
    if (const auto unary = slurp(folder / "response.json"); !unary.empty()) {
        const auto padded = unary + std::string(64, '\0');
        if (read_unary(endpoint, padded.data(), unary.size()).error) return std::nullopt;
        out.whole = unary;
    }
    out.talk = out.name.substr(0, out.name.find("_turn_"));
    if (out.talk != out.name) out.turn = std::stoi(out.name.substr(out.talk.size() + 6));
    return out;
}

/// In the order of their names, which is the order of turns.
inline std::vector<recording> recordings() {
    std::vector<recording> out;
    for (const auto& dialect : std::filesystem::directory_iterator{std::filesystem::path{WEIR_SOURCE_DIR} / "tests/cassettes"})
        for (const auto& one : std::filesystem::directory_iterator{dialect.path()})
            if (auto made = recording_in(one.path())) out.push_back(*std::move(made));
    std::sort(out.begin(), out.end(), [](const recording& a, const recording& b) { return a.name < b.name; });
    return out;
}

inline std::string same_json(const std::string& text) {
    bj::error_code failed;
    const auto value = bj::parse(text, failed);
    return failed ? "no JSON: " + text : bj::serialize(value);
}

inline std::string plain(const embedded_json& value) { return value.in_string ? raw_text{value.json}.decoded() : same_json(std::string{value.json}); }

/// What only its maker can read, out of its envelope where weir wrapped it.
inline std::string opaque_of(const carrier& what) {
    if (!what.data.said) return {};
    arena kept;
    const auto data = out_of_base64(what.data, kept);
    const auto inside = is_envelope(data) ? unseal(data, kept) : std::nullopt;
    const auto& is = inside ? inside->what : what;
    if (is.data.is(unsigned_thought) || is.data.empty()) return {};
    return std::to_string(static_cast<int>(is.of)) + " " + is.data.decoded();
}

/// Google's word for a call that has no signature.
constexpr std::string_view no_signature = "3 c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

// --- requests ---

/// A request in no dialect. Texts stand in `body`.
struct read_back {
    std::string body;
    json::index where;
    conversation said;
    notes told;

    read_back(spoke of, std::string text) : body(std::move(text)) {
        EXPECT_EQ(where.build(body), json::fault::none) << body;
        EXPECT_TRUE(read_request(of, json::cursor{where}, said, told)) << body;
    }
};

struct written_request {
    std::string body, refused;
};

constexpr std::uint32_t account = 3;

/// As pools of `to` are told; each model can what its dialect has.
inline written_request write_request(conversation& said, spoke to) {
    constexpr std::array writers{&write_chat, &write_responses, &write_messages, &write_gemini};
    target_settings with;
    with.model = "m";
    with.show_reasoning = true;
    with.scope = account;
    constexpr std::array thinks{capabilities::reasoning::effort, capabilities::reasoning::effort, capabilities::reasoning::budget,
                                capabilities::reasoning::level};
    with.can.thinks = thinks[static_cast<std::size_t>(to)];
    with.can.custom_tools = with.can.reasoning_back = with.can.completion_cap = true;
    notes told;
    written_request out;
    fit_names(said, to);
    writers[static_cast<std::size_t>(to)](said, with, out.body, told);
    if (told.refused()) out.refused = told.refused()->field;
    return out;
}

inline written_request translated_request(spoke from, spoke to, const std::string& body) {
    read_back read{from, body};
    return write_request(read.said, to);
}

/// What users, models and tools said, in order: the same in every dialect.
class spoken_text {
public:
    explicit spoken_text(const conversation& of) : of_(of) {
        const auto front = of.turns_in_front();
        for (std::size_t i = 0; i < of.turns.size(); ++i) {
            const auto& turn = of.turns[i];
            const bool user = turn.who == turn::role::user || turn.who == turn::role::results;
            speaker_ = i < front ? "system" : user ? "user" : turn.who == turn::role::assistant ? "assistant" : "later system";
            for (std::uint32_t p = 0; p < turn.count; ++p) add(of.parts[turn.first + p]);
        }
        settle();
    }
    [[nodiscard]] const std::string& text() const { return out_; }

private:
    // Dialects cut texts into parts, or join them, each in its own way.
    void say(const std::string& what) {
        if (what.find_first_not_of(" \n\t") == std::string::npos) return;
        if (last_ != speaker_) settle();
        last_ = speaker_;
        constexpr std::string_view mark = "Error: ";  // of a failed result, where there is no other way to say so
        if (in_result_ && what.starts_with(mark)) return pending_.append(what, mark.size()), void();
        if (speaker_ == "system" && !pending_.empty()) pending_ += "\n\n";
        pending_ += what;
    }
    void settle() {
        if (!pending_.empty()) out_ += last_ + ": " + pending_ + "\n";
        pending_.clear();
    }
    void line(const std::string& what) { settle(), out_ += what + "\n"; }
    void add(const part& p) {
        switch (p.is) {
            case part::kind::text:
            case part::kind::refusal: return say(p.text.decoded());
            case part::kind::image:
            case part::kind::document:
            case part::kind::audio: return line(speaker_ + ": media " + p.source.type.decoded() + " " + p.source.data.decoded());
            case part::kind::call: {
                const auto number = ids_.emplace(p.id.decoded(), ids_.size()).first->second;
                return line("call " + std::to_string(number) + " " + p.name.decoded() + " " +
                            (p.custom ? plain(p.arguments) : same_json(plain(p.arguments))));
            }
            case part::kind::result: {
                const auto call = ids_.find(p.id.decoded());
                line("result " + (call == ids_.end() ? "of nothing" : std::to_string(call->second)));
                in_result_ = true;
                for (std::uint32_t i = 0; i < p.count; ++i) add(of_.inner[p.first + i]);
                in_result_ = false;
                return settle();
            }
            default: return;
        }
    }

    const conversation& of_;
    std::map<std::string, std::size_t> ids_;
    std::string out_, speaker_, last_, pending_;
    bool in_result_ = false;
};

/// That, and everything else that a reader found. Left aside: thoughts without their state, which no provider wants to read again, and what weir
/// asks for in every request (that nothing is kept, that usage and state are told).
inline std::string everything_in(const conversation& of) {
    std::string out = spoken_text{of}.text();
    const auto add = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) out.append(name).append("=").append(value).append("\n");
    };
    const auto number = [](auto value) { return std::to_string(static_cast<long long>(value)); };
    const auto json = [](std::string_view value) { return value.empty() ? std::string{} : same_json(std::string{value}); };
    for (const auto& p : of.parts) {
        if (const auto opaque = opaque_of(p.opaque); opaque != no_signature) add("opaque", opaque);
        if (p.failed) add("failed", "yes");
        if (p.cache.set) add("cached", "yes " + std::string{p.cache.ttl});
    }
    for (const auto& t : of.tools) {
        add("tool", number(t.is) + t.space.decoded() + t.name.decoded() + " " + t.description.decoded() + (t.strict ? number(*t.strict) : ""));
        add("schema", json(t.schema.empty() ? any_object : t.schema));
        add("grammar", t.grammar.decoded() + t.syntax.decoded());
    }
    add("choice", number(of.choice.is) + number(of.choice.mode) + (of.choice.parallel ? number(*of.choice.parallel) : ""));
    for (const auto& each : of.choice.names) add("chosen", each.decoded());
    add("format", number(of.format.is) + of.format.name.decoded() + json(of.format.schema) + (of.format.strict ? number(*of.format.strict) : ""));
    add("thinks", number(of.thinks.is) + " " + number(of.thinks.how));
    for (const auto& each : of.stops.texts) add("stop", each.decoded());
    add("cap", of.cap.tokens ? number(std::max<std::int64_t>(*of.cap.tokens, 16)) : "");  // the least that OpenAI takes
    constexpr auto asked_always = bit(field::store) | bit(field::include) | bit(field::stream_options);
    for (std::size_t i = 0; i < fields; ++i)
        if (of.settings[i].said && (asked_always & bit(static_cast<field>(i))) == 0) add("setting", number(i) + " " + json(of.settings[i].json));
    return out;
}

/// What only its provider can read of a request's turns, in order, and what a model of chat wants back of its thoughts.
inline std::string states_in(const conversation& of) {
    std::string out;
    for (const auto& p : of.parts) {
        if (const auto opaque = opaque_of(p.opaque); !opaque.empty() && opaque != no_signature) out += opaque + "\n";
        if (p.opaque.of == carrier::family::chat && !p.text.blank()) out += "thought " + p.text.decoded() + "\n";
    }
    return out;
}

// --- answers ---

/// An answer in no dialect.
class heard_answer : public answer_listener {
public:
    struct block {
        std::uint32_t number;
        part::kind of;
        std::string text, id, name, opaque;
    };
    void hear(const answer_event& what) override {
        EXPECT_TRUE(error.empty()) << "something behind an error";
        switch (what.is) {
            case answer_event::kind::open:
                blocks.push_back({what.block, what.of, "", what.id.decoded(), what.name.decoded(), opaque_of(what.opaque)});
                return;
            case answer_event::kind::text:
            case answer_event::kind::arguments:
                if (auto* at = find(what.block)) at->text += what.text.json;
                return;
            case answer_event::kind::signature:
                if (auto* at = find(what.block)) at->opaque = opaque_of(what.opaque);
                return;
            case answer_event::kind::finish:
                why = what.why;
                stop = what.text.decoded();
                return;
            case answer_event::kind::usage: used = what.used; return;
            case answer_event::kind::error: error = "error " + what.text.decoded(); return;
            default: return;
        }
    }

    /// What was said and called, in order, and whether ids tell calls apart.
    [[nodiscard]] std::string spoken() const {
        std::string out, text;
        std::vector<std::string> ids;
        const auto settle = [&] {
            if (!text.empty()) out += "text: " + raw_text{text}.decoded() + "\n";
            text.clear();
        };
        for (const auto& each : blocks) {
            if (each.text == no_reason) continue;
            if (each.of == part::kind::text || each.of == part::kind::refusal) text += each.text;
            if (cut_call(each)) continue;
            if (each.of != part::kind::call) continue;
            settle();
            ids.push_back(each.id);
            out += "call " + each.name + " " + same_json(raw_text{each.text}.decoded()) + "\n";
        }
        settle();
        std::sort(ids.begin(), ids.end());
        EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
        EXPECT_TRUE(ids.empty() || !ids.front().empty());
        return out;
    }
    [[nodiscard]] bool declines() const {
        return std::any_of(blocks.begin(), blocks.end(), [](const block& each) { return each.of == part::kind::refusal; });
    }
    [[nodiscard]] std::string thought() const {
        std::string out;
        for (const auto& each : blocks)
            if (each.of == part::kind::reasoning && !each.text.empty()) out += raw_text{each.text}.decoded() + "\n";
        return out;
    }
    /// Everything, in order. Ids are new ones where they may come again.
    [[nodiscard]] std::string everything() const {
        std::string out;
        for (const auto& each : blocks) {
            const bool call = each.of == part::kind::call, repeats = may_repeat(each.id) || each.id.starts_with("call_");
            if ((!call && each.text.empty() && each.opaque.empty()) || each.text == no_reason) continue;
            const auto text = raw_text{each.text}.decoded();
            out += call ? "call " : each.of == part::kind::reasoning ? "thought " : "text ";
            out += (repeats ? "" : each.id) + " " + each.name + " " + (call ? same_json(text) : text) + " [" + each.opaque + "]\n";
        }
        return out + stop + " " + error + "\n";
    }
    [[nodiscard]] std::size_t calls() const {
        return static_cast<std::size_t>(std::count_if(blocks.begin(), blocks.end(), [](const block& each) { return each.of == part::kind::call; }));
    }

    /// What weir says of a refusal where its provider says no more.
    static constexpr std::string_view no_reason = "The model refused to answer.";
    std::vector<block> blocks;
    finish why = finish::unknown;
    std::string stop, error;
    usage::counts used;

private:
    // Nobody may run it: it is left out where clients would.
    [[nodiscard]] bool cut_call(const block& each) const {
        bj::error_code failed;
        (void)bj::parse(raw_text{each.text}.decoded(), failed);
        return each.of == part::kind::call && why == finish::output_cap && failed;
    }
    [[nodiscard]] block* find(std::uint32_t number) {
        for (auto& each : blocks)
            if (each.number == number) return &each;
        ADD_FAILURE() << "block " << number << " was never opened";
        return nullptr;
    }
};

}  // namespace weir::dialect::hub::test
