// Every conversation broken at every step: by one upstream or by both, by the client, by an operator. Whatever breaks, the request ends in bounded
// time, the client gets one answer whole, an error, or something that cannot be taken for a whole answer, nothing of one upstream's answer stands in
// another's, what was sent whole is charged, and no place stays taken.
#include <gtest/gtest.h>

#include <string>

#include "exchange/scripted.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;
using scripted::fault;
using scripted::outcome;
using scripted::play;
using scripted::saying;
using scripted::script;

constexpr fault faults[] = {fault::fail, fault::hang, fault::hang_up, fault::cancel, fault::stop};

std::string_view name_of(fault f) {
    switch (f) {
        case fault::none: return "none";
        case fault::fail: return "fail";
        case fault::hang: return "hang";
        case fault::hang_up: return "hang up";
        case fault::cancel: return "cancel";
        case fault::stop: return "stop";
    }
    return "";
}

script broken(std::string_view word, bool streams, fault what, int at) {
    auto out = saying(word, streams);
    out.what = what;
    out.faulty = at;
    return out;
}

// Dialling, sending, each read.
int steps_of(bool streams) { return 2 + static_cast<int>(saying("x", streams).pieces.size()); }

bool says(const outcome& got, std::string_view word) { return got.body.find(word) != std::string::npos; }

void expect_sound(const outcome& got, const std::string& story) {
    ASSERT_TRUE(got.ended) << story << ": it hangs";
    EXPECT_EQ(got.in_flight, 0) << story << ": a place at an upstream stays taken";
    EXPECT_TRUE(got.may_ask_again) << story << ": the key's place stays taken";
    EXPECT_FALSE(says(got, "from-a") && says(got, "from-b")) << story << ": two answers in one: " << got.body;
    if (got.complete && got.status == 200) {
        EXPECT_TRUE(says(got, "from-a") || says(got, "from-b")) << story << ": complete, and of nobody: " << got.body;
    }
    if (got.complete && got.status == 200) {
        EXPECT_GT(got.spent, 0) << story << ": an answer for nothing";
    }
    const int whole = got.heard[0] + got.heard[1];
    if (whole > 0) {
        EXPECT_GT(got.spent, 0) << story << ": what was sent whole is charged";
    }
    if (whole == 0) {
        EXPECT_EQ(got.spent, 0) << story << ": nobody got the request";
    }
}

bool by_the_client(fault f) { return f == fault::cancel || f == fault::stop; }

// Who leaves is not served on, and who is stopped has two seconds for last words. Whatever went wrong before, it is told so.
void expect_soon_over(const outcome& got, fault what, const std::string& story) {
    if (!by_the_client(what) || got.complete || got.took_after == core::duration{0}) return;
    EXPECT_LT(got.took_after, 2500ms) << story;
    EXPECT_EQ(got.told, what == fault::cancel ? "client_closed" : "ended_by_operator") << story;
}

}  // namespace

TEST(EveryStep, OfAConversationThatGoesWellGivesTheWholeAnswer) {
    for (const bool streams : {false, true})
        for (const std::string model : {"plain", "hedged"}) {
            const auto got = play(model, streams, {saying("from-a", streams), saying("from-b", streams)});
            expect_sound(got, model);
            EXPECT_EQ(got.status, 200);
            EXPECT_TRUE(got.complete) << got.body;
            EXPECT_EQ(got.asked[0] + got.asked[1], 1);
            EXPECT_EQ(got.steps[0] + got.steps[1], steps_of(streams)) << "what the tests below break is every step that there is";
        }
}

TEST(EveryStep, ThatOneUpstreamBreaksIsAnsweredByTheOtherUntilTheClientHasBytes) {
    for (const bool streams : {false, true})
        for (const fault what : faults)
            for (int at = 0; at < steps_of(streams); ++at) {
                const auto story =
                    std::string{streams ? "stream" : "document"} + ", " + std::string{name_of(what)} + " at step " + std::to_string(at);
                const auto got = play("plain", streams, {broken("from-a", streams, what, at), broken("from-b", streams, what, at)});
                expect_sound(got, "both: " + story);
                expect_soon_over(got, what, "both: " + story);
                const auto saved = play("plain", streams, {broken("from-a", streams, what, at), saying("from-b", streams)});
                expect_sound(saved, story);
                expect_soon_over(saved, what, story);
                if (by_the_client(what)) continue;
                // Of a stream the first token is the second event; a document is held to its end.
                const bool before_any_byte = !streams || at <= 4;
                if (before_any_byte && saved.asked[0] > 0) {
                    EXPECT_TRUE(saved.complete && saved.status == 200) << story << ": " << saved.status << " " << saved.body;
                }
                if (!before_any_byte && saved.asked[0] > 0 && saved.asked[1] > 0) ADD_FAILURE() << story << ": asked elsewhere behind the first byte";
            }
}

TEST(EveryStep, OfTwoAttemptsAtOnceCanBreakInEitherOfThem) {
    for (const bool streams : {false, true})
        for (const fault what : faults)
            for (const auto slow : {0ms, 700ms, 1500ms})
                for (int at = 0; at < steps_of(streams); ++at) {
                    const auto story = std::string{streams ? "stream" : "document"} + ", first slow by " + std::to_string(slow.count()) + " ms, " +
                                       std::string{name_of(what)} + " at step " + std::to_string(at);
                    auto first = saying("from-a", streams), second = saying("from-b", streams);
                    first.before_head = slow;
                    auto first_breaks = first, second_breaks = second;
                    first_breaks.what = second_breaks.what = what;
                    first_breaks.faulty = second_breaks.faulty = at;
                    const std::vector<std::pair<std::string, std::vector<script>>> cases{
                        {"first: ", {first_breaks, second}}, {"second: ", {first, second_breaks}}, {"both: ", {first_breaks, second_breaks}}};
                    for (const auto& [which, upstreams] : cases) {
                        const auto got = play("hedged", streams, upstreams);
                        expect_sound(got, which + story);
                        expect_soon_over(got, what, which + story);
                    }
                }
}

TEST(EveryStep, OfASecondAttemptThatIsQuickerIsNotWaitedForByTheFirst) {
    for (const bool streams : {false, true}) {
        auto first = saying("from-a", streams);
        first.before_head = 2500ms;
        const auto got = play("hedged", streams, {first, saying("from-b", streams)});
        expect_sound(got, "slow first");
        EXPECT_TRUE(got.complete);
        EXPECT_TRUE(says(got, "from-b")) << got.body;
        EXPECT_EQ(got.asked, (std::vector<int>{1, 1}));
    }
}

TEST(EveryStep, OfASlowClientThatTakesTheEndLateStillDeliversIt) {
    auto upstream = saying("from-a", true);
    upstream.pieces.push_back("");  // the end of the transfer comes behind the stream's own
    for (const auto slow : {500ms, 1500ms, 9000ms}) {
        const auto got = play("plain", true, {upstream, saying("from-b", true)}, slow);
        expect_sound(got, "slow");
        EXPECT_TRUE(got.body.ends_with("data: [DONE]\n\n")) << slow.count() << ": " << got.body;
        EXPECT_FALSE(got.cut) << slow.count();
    }
}

TEST(EveryStep, OfAnErrorDocumentInA200IsPassedOnWhereNobodyHasABetterAnswer) {
    auto sorry = saying("from-a", false);
    sorry.pieces = {sorry.pieces.front(), R"({"error":{"message":"no credits left","code":"server_error"}})"};
    const auto got = play("plain", false, {sorry, sorry});
    ASSERT_TRUE(got.ended);
    EXPECT_EQ(got.status, 200);
    EXPECT_NE(got.body.find("no credits left"), std::string::npos) << got.body;
    EXPECT_EQ(got.asked, (std::vector<int>{1, 1}));
    const auto saved = play("plain", false, {sorry, saying("from-b", false)});
    EXPECT_TRUE(says(saved, "from-b")) << saved.body;
}
