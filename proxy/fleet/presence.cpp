#include "fleet/presence.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "fleet/scripts.hpp"

namespace weir::fleet {
namespace {

using namespace std::chrono_literals;

constexpr auto interval = 1s;
constexpr std::chrono::milliseconds counts_for = 30s;  // without having asked again
constexpr auto remembered_for = 1h;                    // they leave one after another when all are stopped

constexpr auto key = "weir:present";

}  // namespace

presence::presence(const settings& how, const identity& who)
    : family_(who.family),
      said_(how.weirs),
      remembered_(who.weirs_remembered),
      slice_percent_(how.slice_percent),
      script_(store::sha1_of(present_script)) {}

bool presence::ask(store& at, asking what, core::time_point now) {
    if (what == asking::due && now - asked_at_ < interval) return true;
    std::vector<reply> said;
    if (!at.ask({{"EVALSHA", script_, "1", key, family_, std::to_string(counts_for.count())}}, said, answer_limit(what))) return false;
    asked_at_ = now;
    note(static_cast<int>(std::clamp<std::int64_t>(said[0].number, 1, 1'000'000)), now);
    return true;
}

void presence::leave(store& at) const {
    std::vector<reply> ignored;
    (void)at.ask({{"ZREM", key, family_}}, ignored, answer_limit(asking::last));
}

void presence::note(int weirs, core::time_point now) {
    weirs_ = weirs;
    if (weirs_ < most_ && now - most_at_ < remembered_for) return;
    most_ = weirs_;
    most_at_ = now;
}

int presence::sharers() const { return policy::sharers(weirs_, said_, remembered_, slice_percent_); }

}  // namespace weir::fleet
