// When a held stream is passed on, and when nothing can become of it: every combination that can occur has one answer.
#include "exchange/attempt/commitment.hpp"

#include <gtest/gtest.h>

#include "exchange/attempt/patience.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;
using exchange::commitment;
using exchange::commitment_to;
using exchange::held_stream;
using exchange::patience;
using record::failure;

held_stream ordinary() {
    held_stream out;
    out.has_terminator = true;
    return out;
}

}  // namespace

TEST(Commitment, WaitsForTheFirstToken) {
    auto held = ordinary();
    EXPECT_EQ(commitment_to(held, 0), commitment::wait);
    held.bytes = 1000;
    EXPECT_EQ(commitment_to(held, 0), commitment::wait) << "a preamble is no answer";
    held.has_content = true;
    EXPECT_EQ(commitment_to(held, 0), commitment::pass_on);
}

TEST(Commitment, HoldsBackSoManyTokensWhileAnotherUpstreamCouldStillAnswer) {
    auto held = ordinary();
    held.has_content = true;
    held.tokens = 7;
    EXPECT_EQ(commitment_to(held, 8), commitment::wait);
    held.tokens = 8;
    EXPECT_EQ(commitment_to(held, 8), commitment::pass_on);
    held.tokens = 1;
    held.is_over = true;
    EXPECT_EQ(commitment_to(held, 8), commitment::pass_on) << "there will be no more";
    held.is_over = false;
    held.has_terminator = false;
    EXPECT_EQ(commitment_to(held, 8), commitment::pass_on) << "where a cut cannot be told from an end, holding helps nobody";
}

TEST(Commitment, PassesOnALongPreambleAndWhatEndsTheBudget) {
    auto held = ordinary();
    held.bytes = 8 * net::slab_size;
    EXPECT_EQ(commitment_to(held, 0), commitment::pass_on);
    held.bytes = 1;
    held.is_cut = true;
    EXPECT_EQ(commitment_to(held, 0), commitment::pass_on);
}

TEST(Commitment, AsksElsewhereForWhatCannotBecomeAnAnswer) {
    auto held = ordinary();
    held.has_error = true;
    EXPECT_EQ(commitment_to(held, 0), commitment::error_inside);
    held.broken = true;
    EXPECT_EQ(commitment_to(held, 0), commitment::error_inside) << "what the upstream says counts for more than how it said it";
    held = ordinary();
    held.broken = true;
    EXPECT_EQ(commitment_to(held, 0), commitment::failed);
    held.has_content = true;
    EXPECT_EQ(commitment_to(held, 0), commitment::failed) << "nobody has seen it";
    held = ordinary();
    held.ended = true;
    EXPECT_EQ(commitment_to(held, 0), commitment::too_short);
    held.has_terminator = false;
    EXPECT_EQ(commitment_to(held, 0), commitment::pass_on) << "an empty stream may be all there is";
}

TEST(Commitment, PassesOnAnErrorBehindTheFirstTokenHoweverItsBytesWereCut) {
    auto held = ordinary();
    held.has_content = held.has_error = true;
    EXPECT_EQ(commitment_to(held, 0), commitment::pass_on);
    held.tokens = 1;
    EXPECT_EQ(commitment_to(held, 8), commitment::error_inside) << "but not within what is held back";
}

TEST(Patience, NamesThePhaseThatTookTooLong) {
    net::timeouts limits;
    limits.first_byte = 2s;
    limits.first_token = 5s;
    limits.idle = 3s;
    const core::time_point start{100s};
    const auto total = start + 60s;
    struct row {
        patience::phase in;
        core::duration limit;
        failure missed;
    };
    for (const auto& [in, limit, missed] :
         {row{patience::phase::sending, 3s, failure::timeout_idle}, row{patience::phase::head, 2s, failure::timeout_first_byte},
          row{patience::phase::first_token, 5s, failure::timeout_first_token}, row{patience::phase::rest, 3s, failure::timeout_idle}}) {
        patience waits{limits};
        waits.in(in, start);
        EXPECT_EQ(waits.deadline(total), start + limit);
        EXPECT_EQ(waits.missed(start + limit, total), missed);
        EXPECT_EQ(waits.missed(total, total), failure::timeout_total);
        EXPECT_EQ(waits.deadline(start + 1s), start + 1s) << "the whole request ends earlier";
        waits.in(in, start + 1s);
        EXPECT_EQ(waits.deadline(total), start + 1s + limit) << "something moved";
    }
}

TEST(Patience, WithoutALimitWaitsForTheWholeRequestsEnd) {
    net::timeouts limits;
    limits.idle = 0s;
    patience waits{limits};
    waits.in(patience::phase::rest, core::time_point{});
    EXPECT_EQ(waits.deadline(core::time_point{60s}), core::time_point{60s});
    EXPECT_EQ(waits.deadline(core::never), core::never);
}
