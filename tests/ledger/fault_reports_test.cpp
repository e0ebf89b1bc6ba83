// A fault that stands is told once, and again when it comes back.
#include "ledger/fault_reports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace weir;
using testing::ElementsAre;
using kind = ledger::fault_reports::kind;

TEST(FaultReports, TellsAFaultThatStandsOnce) {
    std::vector<std::string> told;
    ledger::fault_reports faults{[&](std::string_view what) { told.emplace_back(what); }};
    for (int i = 0; i < 3; ++i) {
        faults.complain(kind::move, "disk full");
        faults.complain(kind::room, "no room");
        faults.complain(kind::late, "cannot charge");
    }
    EXPECT_THAT(told, ElementsAre("disk full", "no room", "cannot charge")) << "each kind is told once, whatever else stands";
    faults.is_over(kind::late);
    faults.complain(kind::late, "cannot charge again");
    faults.complain(kind::move, "disk full");
    EXPECT_THAT(told, ElementsAre("disk full", "no room", "cannot charge", "cannot charge again"));
}

TEST(FaultReports, SaysThatItFailsBeforeAnybodyIsTold) {
    ledger::fault_reports* at = nullptr;
    bool failed_then = false;
    ledger::fault_reports faults{[&](std::string_view) { failed_then = at->failing(); }};
    at = &faults;
    faults.report("lost something");
    EXPECT_FALSE(faults.failing()) << "what is only told does not stand";
    faults.complain(kind::move, "disk full");
    EXPECT_TRUE(failed_then);
    faults.set_failing(false);
    EXPECT_FALSE(faults.failing());
}

TEST(FaultReports, NeedsNobodyWhoListens) {
    ledger::fault_reports faults{{}};
    faults.complain(kind::move, "disk full");
    EXPECT_TRUE(faults.failing());
}
