// Every recorded conversation through every pair of dialects: what was said stays said, in whatever slices it comes, and what broke off stays broken.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/hub/answer/documents.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/cassettes.hpp"
#include "dialect/read/sse_fields.hpp"
#include "http/sse_scanner.hpp"

namespace {

using namespace weir;
using namespace weir::dialect;
using namespace weir::dialect::hub;
using namespace weir::dialect::hub::test;

answer_names names() { return {.id = "id1", .model = "m", .created = 7, .include_usage = true, .show_reasoning = true, .scope = account}; }

/// Requests that not every dialect can take, and for what.
const std::map<std::string, std::string> refused{
    {"anthropic/messages_stream_server_tools", "tools"},
    {"gemini/generate_stream_signature", "generationConfig.candidateCount"},
    {"gemini/generate_unary_image", "generationConfig.responseModalities"},
    {"openai/chat_stream_choices_logprobs", "n"},
    {"openai/chat_unary_audio", "modalities"},
};
/// Answers that are none to a request that weir translates: of a function or a tool that it never asks for, of sounds and images alone, as a list, or
/// with the parts that Mistral thinks in, or several.
const std::set<std::string> never_asked_for{
    "openai/chat_stream_function_call",    "openai/chat_stream_parallel_tools", "openai/chat_unary_audio",
    "gemini/generate_unary_image",         "gemini/generate_unary_array",       "openai/chat_stream_mistral_thinking",
    "openai/chat_stream_choices_logprobs", "gemini/generate_stream_signature"};

std::vector<std::string> events_of(std::string_view stream) {
    std::vector<std::string> out;
    http::sse_scanner scanner;
    while (const auto size = scanner.find(stream)) {
        out.emplace_back(stream.substr(0, size));
        stream.remove_prefix(size);
    }
    return out;
}

/// What comes of events that arrive one after the other. Each is gone when the next comes, so nothing may point into it.
class passing {
public:
    passing(spoke from, answer_listener& to) : to_(to), reader_(read_stream_of(from)) {}
    void take(std::string_view event) {
        auto held = std::make_unique<char[]>(event.size() + 64);
        std::copy(event.begin(), event.end(), held.get());
        std::string joined;
        const auto fields = read_fields({held.get(), event.size()}, joined);
        joined.reserve(joined.size() + 64);
        if (fields.has_data) reader_->read(fields.data.data() == nullptr ? std::string_view{} : fields.data, to_);
        std::fill_n(held.get(), event.size(), '#');
    }
    void end() { reader_->end(to_); }

private:
    answer_listener& to_;
    std::unique_ptr<answer_stream_reader> reader_;
};

heard_answer heard(spoke from, const std::vector<std::string>& events) {
    heard_answer out;
    passing way{from, out};
    for (const auto& each : events) way.take(each);
    way.end();
    return out;
}

heard_answer heard_whole(spoke from, const std::string& body) {
    heard_answer out;
    json::index where;
    EXPECT_EQ(where.build(body), json::fault::none) << body;
    EXPECT_TRUE(read_document(from, json::cursor{where}, out)) << body;
    return out;
}

std::string written_whole(spoke from, spoke to, const std::string& body) {
    document_writer out{to, names()};
    json::index where;
    EXPECT_EQ(where.build(body), json::fault::none) << body;
    EXPECT_TRUE(read_document(from, json::cursor{where}, out)) << body;
    return out.take();
}

/// As the server ends it: with the dialect's end where the upstream's came, else with its error.
bool is_whole(spoke from, const std::vector<std::string>& events) {
    stream_reader judge{endpoint_of(from, true)};
    bool failed = false;
    for (const auto& each : events) failed = judge.read(each + std::string(64, '\0')).error || failed;
    return !failed && (judge.terminated() || judge.finished());
}

std::string translated(spoke from, spoke to, const std::vector<std::string>& events, bool whole) {
    std::string out;
    const auto writer = write_stream_of(to, names());
    writer->into(&out);
    passing way{from, *writer};
    for (const auto& each : events) way.take(each);
    if (whole) {
        way.end();
        writer->end();
    } else {
        writer->break_off({core::code::stream_interrupted, "it broke"});
    }
    return out;
}

/// Whether an answer's end, told in `to` and read there, is the one that it was.
bool ends_alike(spoke to, const heard_answer& before, const heard_answer& after) {
    // Claude's clients know a refusal by its end, OpenAI's by its text.
    if (before.declines() || after.declines()) return after.why != finish::unknown;
    if (to != spoke::responses) return reason_of(after.why, to) == reason_of(before.why, to);
    const bool cut = before.why == finish::output_cap || before.why == finish::context_full;
    return (after.why == finish::output_cap) == cut && (after.why == finish::filtered) == (before.why == finish::filtered);
}

/// The turns of a request as they are written, and what else a provider's cache or a bound thought depends on.
struct prefix {
    std::vector<std::string> turns;
    std::string around;

    prefix(spoke of, const std::string& body) {
        json::index where;
        EXPECT_EQ(where.build(body), json::fault::none) << body;
        json::cursor at{where};
        at.members([&](std::string_view key, json::cursor& value) {
            if (key == name_of_turns(of))
                value.elements([&](json::cursor& each) { turns.emplace_back(written(each)); });
            else if (key != "stream" && key != "stream_options" && key != "thinking")  // Claude's is off behind calls without thoughts
                around.append(key).append(written(value)).append("\n");
        });
    }
};

bool is_of_user(const bj::value& turn) {
    const auto& of = turn.as_object();
    const auto* role = of.if_contains("role");
    return role != nullptr ? *role == "user" || *role == "tool" : of.at("type") == "function_call_output";
}

/// A client that has what it asked in another client's recording, what it was answered by weir, and the results of its tools.
class client {
public:
    client(spoke of, const recording& first) : of_(of), body_(bj::parse(first.request).as_object()) {}

    [[nodiscard]] std::string request() const { return bj::serialize(body_); }
    /// `next`: the recorded request of this client's dialect that has the results, or the user's next words.
    void go_on(const std::string& answer, const recording& next) {
        const auto said = bj::parse(answer).as_object();
        ids_.clear();
        if (of_ == spoke::chat) take(said.at("choices").at(0).at("message"), "tool_calls", "id");
        if (of_ == spoke::responses)
            for (const auto& item : said.at("output").as_array()) take(item, "", "call_id");
        if (of_ == spoke::messages) take(bj::object{{"role", "assistant"}, {"content", said.at("content")}}, "content", "id");
        if (of_ == spoke::gemini) take(said.at("candidates").at(0).at("content"), "parts", "functionCall");
        const auto recorded = bj::parse(next.request).at(name_of_turns(of_)).as_array();
        auto from = recorded.size();
        while (from > 0 && is_of_user(recorded[from - 1])) --from;
        std::size_t result = 0;
        for (auto i = from; i < recorded.size(); ++i) {
            auto turn = recorded[i];
            name_results(turn, result);
            turns().push_back(turn);
        }
    }

private:
    [[nodiscard]] bj::array& turns() { return body_.at(name_of_turns(of_)).as_array(); }
    void take(const bj::value& turn, std::string_view list, std::string_view id) {
        turns().push_back(turn);
        const auto note = [&](const bj::value& each) {
            const auto* found = each.as_object().if_contains(id);
            if (found == nullptr || (of_ == spoke::messages && each.at("type") != "tool_use")) return;
            ids_.push_back(found->is_string() ? *found : found->at("id"));
        };
        if (list.empty()) return note(turn);
        if (const auto* calls = turn.as_object().if_contains(list))
            for (const auto& each : calls->as_array()) note(each);
    }
    void name_results(bj::value& turn, std::size_t& number) {
        const auto name = [&](bj::object& of, std::string_view field) {
            if (of.contains(field)) of[field] = ids_.at(number++);
        };
        auto& of = turn.as_object();
        name(of, "tool_call_id");
        name(of, "call_id");
        for (const std::string_view list : {"content", "parts"}) {
            if (!of.contains(list) || !of.at(list).is_array()) continue;
            for (auto& each : of.at(list).as_array()) {
                name(each.as_object(), "tool_use_id");
                if (auto* response = each.as_object().if_contains("functionResponse")) name(response->as_object(), "id");
            }
        }
    }

    spoke of_;
    bj::object body_;
    std::vector<bj::value> ids_;
};

/// The turns of one conversation in one dialect.
std::vector<recording> turns_of(const std::vector<recording>& all, spoke of, std::string_view talk) {
    std::vector<recording> out;
    for (const auto& each : all)
        if (each.of == of && each.talk != each.name && each.talk.ends_with(std::string{"_"}.append(talk))) out.push_back(each);
    return out;
}

}  // namespace

TEST(HubCassettes, AreThere) {
    const auto all = recordings();
    for (const auto of : all_spokes)
        for (const std::string_view talk : {"text", "tools", "thinking", "image", "structured", "refused", "cut", "error"})
            EXPECT_TRUE(std::any_of(all.begin(), all.end(),
                                    [&](const recording& each) { return each.of == of && each.talk.ends_with(std::string{"_"}.append(talk)); }))
                << name_of(of) << " " << talk;
}

TEST(HubCassettes, RequestsReadAndWrittenAnewSayTheSame) {
    for (const auto& each : recordings()) {
        if (refused.contains(each.name)) continue;
        SCOPED_TRACE(each.name);
        read_back first{each.of, each.request};
        const auto before = everything_in(first.said);
        const auto body = write_request(first.said, each.of).body;
        const read_back second{each.of, body};
        EXPECT_EQ(everything_in(second.said), before) << body;
    }
}

TEST(HubCassettes, RequestsSayTheSameInEveryDialect) {
    for (const auto& each : recordings())
        for (const auto to : all_spokes) {
            if (to == each.of) continue;
            SCOPED_TRACE(each.name + " at " + std::string{name_of(to)});
            read_back read{each.of, each.request};
            const auto before = spoken_text{read.said}.text();
            const auto got = write_request(read.said, to);
            const auto known = refused.find(each.name);
            if (!got.refused.empty()) {
                EXPECT_EQ(got.refused, known == refused.end() ? "" : known->second);
                continue;
            }
            const read_back again{to, got.body};
            EXPECT_EQ(spoken_text{again.said}.text(), before) << got.body;
            EXPECT_EQ(again.said.tools.size(), read.said.tools.size());
            EXPECT_TRUE(read.said.cap.tokens.value_or(0) <= 16 || again.said.cap.tokens == read.said.cap.tokens) << got.body;
            EXPECT_EQ(again.said.stream, to != spoke::gemini && read.said.stream);
        }
}

TEST(HubCassettes, AnswersReadAndWrittenAnewSayTheSame) {
    for (const auto& each : recordings()) {
        if (never_asked_for.contains(each.name)) continue;
        SCOPED_TRACE(each.name);
        if (!each.whole.empty() && each.of != spoke::gemini) {
            const auto before = heard_whole(each.of, each.whole);
            EXPECT_EQ(heard_whole(each.of, written_whole(each.of, each.of, each.whole)).everything(), before.everything());
        }
        const auto events = events_of(each.stream);
        // What only Gemini can read of a call or a text has a place in everybody's stream but Gemini's own, which is never translated to itself.
        if (events.empty() || !is_whole(each.of, events) || each.of == spoke::gemini) continue;
        const auto before = heard(each.of, events);
        const auto stream = translated(each.of, each.of, events, true);
        const auto after = heard(each.of, events_of(stream));
        EXPECT_EQ(after.everything(), before.everything()) << stream;
        EXPECT_EQ(after.used.prompt(), before.used.prompt());
        EXPECT_EQ(after.used.completion(), before.used.completion());
    }
}

TEST(HubCassettes, AnswersSayTheSameInEveryDialect) {
    for (const auto& each : recordings())
        for (const auto to : all_spokes) {
            if (to == each.of || never_asked_for.contains(each.name)) continue;
            SCOPED_TRACE(each.name + " for " + std::string{name_of(to)});
            const auto compare = [&](const heard_answer& before, const heard_answer& after, const std::string& shown) {
                EXPECT_EQ(after.spoken(), before.spoken()) << shown;
                EXPECT_EQ(after.thought(), before.thought()) << shown;
                EXPECT_TRUE(ends_alike(to, before, after)) << shown;
                EXPECT_EQ(after.used.prompt(), before.used.prompt()) << shown;
                EXPECT_EQ(after.used.cached_input, before.used.cached_input) << shown;
                EXPECT_EQ(after.used.completion(), before.used.completion()) << shown;
                EXPECT_EQ(after.used.reasoning, before.used.reasoning) << shown;
            };
            if (!each.whole.empty()) {
                const auto body = written_whole(each.of, to, each.whole);
                compare(heard_whole(each.of, each.whole), heard_whole(to, body), body);
            }
            const auto events = events_of(each.stream);
            if (events.empty() || !is_whole(each.of, events)) continue;
            const auto stream = translated(each.of, to, events, true);
            compare(heard(each.of, events), heard(to, events_of(stream)), stream);
        }
}

// The answer in one piece says what the stream says.
TEST(HubCassettes, StreamsSayWhatWholeAnswersSay) {
    for (const auto& each : recordings()) {
        const auto events = events_of(each.stream);
        if (each.whole.empty() || events.empty() || never_asked_for.contains(each.name)) continue;
        if (each.name == "anthropic/messages_stream_redacted_cut") continue;  // what is left of its call was mended when it was put together
        SCOPED_TRACE(each.name);
        const auto stream = heard(each.of, events), whole = heard_whole(each.of, each.whole);
        EXPECT_EQ(stream.everything(), whole.everything());
        EXPECT_EQ(stream.used, whole.used);
    }
}

// Wherever the network cuts, the same events are found, and the same is made of them.
TEST(HubCassettes, StreamsAreTheSameInEverySlicing) {
    for (const auto& each : recordings()) {
        if (each.stream.empty()) continue;
        SCOPED_TRACE(each.name);
        const auto events = events_of(each.stream);
        const bool whole = is_whole(each.of, events);
        std::map<spoke, std::string> expected;
        for (const auto to : all_spokes) expected[to] = translated(each.of, to, events, whole);
        const auto check = [&](const std::vector<std::size_t>& cuts, spoke to) {
            std::string out;
            const auto writer = write_stream_of(to, names());
            writer->into(&out);
            passing way{each.of, *writer};
            http::sse_scanner scanner;
            std::string window;
            std::size_t from = 0;
            for (const auto cut : cuts) {
                window.append(each.stream, from, cut - from);
                from = cut;
                while (const auto size = scanner.find(window)) {
                    way.take(window.substr(0, size));
                    window.erase(0, size);
                }
            }
            whole ? (way.end(), writer->end()) : writer->break_off({core::code::stream_interrupted, "it broke"});
            return out == expected[to];
        };
        std::vector<std::size_t> bytes(each.stream.size());
        std::iota(bytes.begin(), bytes.end(), 1);
        for (const auto to : all_spokes) EXPECT_TRUE(check(bytes, to)) << name_of(to) << " byte by byte";
        // Each cut for one dialect in turn: what is found does not depend on it.
        for (std::size_t cut = 1; cut < each.stream.size(); ++cut)
            ASSERT_TRUE(check({cut, each.stream.size()}, all_spokes[cut % std::size(all_spokes)])) << cut;
    }
}

// What turn N sends is the beginning of what turn N+1 sends: else no cache holds, and bound thoughts are lost.
TEST(HubCassettes, ATurnIsTheBeginningOfTheNext) {
    const auto all = recordings();
    std::size_t pairs = 0;
    for (std::size_t i = 1; i < all.size(); ++i) {
        if (all[i].talk != all[i - 1].talk) continue;
        ASSERT_EQ(all[i].turn, all[i - 1].turn + 1) << all[i].name;
        ++pairs;
        for (const auto to : all_spokes) {
            SCOPED_TRACE(all[i].name + " at " + std::string{name_of(to)});
            const prefix before{to, translated_request(all[i].of, to, all[i - 1].request).body};
            const prefix after{to, translated_request(all[i].of, to, all[i].request).body};
            EXPECT_EQ(after.around, before.around);
            ASSERT_GT(after.turns.size(), before.turns.size());
            for (std::size_t k = 0; k < before.turns.size(); ++k) EXPECT_EQ(after.turns[k], before.turns[k]);
        }
    }
    EXPECT_GE(pairs, 16U);
}

// A stream that ends anywhere before its end, or that says an error, is no answer in any dialect, by weir's own reading of each.
TEST(HubCassettes, WhatBreaksOffNeverLooksComplete) {
    std::size_t broken = 0;
    for (const auto& each : recordings()) {
        const auto events = events_of(each.stream);
        if (events.empty()) continue;
        broken += is_whole(each.of, events) ? 0 : 1;
        for (std::size_t count = 0; count <= events.size(); ++count) {
            const std::vector<std::string> some(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(count));
            if (is_whole(each.of, some)) break;
            for (const auto to : all_spokes) {
                const auto stream = translated(each.of, to, some, false);
                const auto told = events_of(stream);
                EXPECT_FALSE(is_whole(to, told)) << each.name << " after " << count << " for " << name_of(to) << "\n" << stream;
                // Where there is an error event, it is the last, and there is one.
                if (to == spoke::gemini) continue;
                stream_reader judge{endpoint_of(to, true)};
                std::size_t errors = 0;
                for (const auto& event : told) errors += judge.read(event + std::string(64, '\0')).error ? 1 : 0;
                EXPECT_EQ(errors, 1U) << each.name << " after " << count << " for " << name_of(to) << "\n" << stream;
            }
        }
    }
    EXPECT_GE(broken, 8U);
}

// Through clients of every other dialect a provider gets, turn by turn, what was recorded with its own client: the words, the calls, and its own
// state.
TEST(HubCassettes, ConversationsComeBackToTheirProviderThroughEveryClient) {
    const auto all = recordings();
    for (const std::string_view talk : {"text", "tools", "thinking"})
        for (const auto from : all_spokes)
            for (const auto at : all_spokes) {
                if (from == at) continue;
                SCOPED_TRACE(std::string{talk} + " of " + std::string{name_of(from)} + " at " + std::string{name_of(at)});
                const auto asks = turns_of(all, from, talk), recorded = turns_of(all, at, talk);
                ASSERT_GE(recorded.size(), 2U);
                ASSERT_EQ(asks.size(), recorded.size());
                client who{from, asks[0]};
                std::vector<std::string> before;
                for (std::size_t i = 0; i < recorded.size(); ++i) {
                    if (i > 0) who.go_on(written_whole(at, from, recorded[i - 1].whole), asks[i]);
                    const auto sent = translated_request(from, at, who.request());
                    EXPECT_EQ(sent.refused, "");
                    const read_back got{at, sent.body}, wanted{at, recorded[i].request};
                    EXPECT_EQ(spoken_text{got.said}.text(), spoken_text{wanted.said}.text()) << sent.body;
                    EXPECT_EQ(states_in(got.said), states_in(wanted.said)) << sent.body;
                    const auto turns = prefix{at, sent.body}.turns;
                    ASSERT_GT(turns.size(), before.size());
                    for (std::size_t k = 0; k < before.size(); ++k) EXPECT_EQ(turns[k], before[k]);
                    before = turns;
                }
            }
}
