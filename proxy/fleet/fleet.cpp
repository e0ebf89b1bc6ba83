#include "fleet/fleet.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

#include "fleet/scripts.hpp"

namespace weir::fleet {
namespace {

using namespace std::chrono_literals;

constexpr auto round_interval = 50ms;
constexpr auto answer_limit = 500ms;  // for one round trip, connecting included
constexpr auto last_answer_limit = 300ms;
constexpr auto longest_pause = 1s;    // between two attempts to reach the store
constexpr auto busy_refresh = 250ms;  // of limits that are in use
constexpr auto recent_refresh = 1s;
constexpr auto idle_refresh = 5s;
constexpr auto stays_recent = 30s;
constexpr auto loss_lasts = 10s;  // two idle refreshes: by then every weir has said its claims again
constexpr auto present_interval = 1s;
constexpr auto present_for = 30s;
constexpr auto weirs_remembered_for = 1h;  // they leave one after another when all are stopped
constexpr std::size_t asked_at_once = 256;
constexpr auto kept_after_window = 24h;

// A key has one budget of each length, so its name and the length name a budget.
std::string store_key(std::string_view kind, const std::string& key) { return "weir:" + std::string{kind} + ":" + key; }

std::string text_of(std::int64_t n) { return std::to_string(n); }

}  // namespace

fleet::fleet(settings how, identity who, std::function<void(std::string_view)> report)
    : how_(std::move(how)),
      who_(std::move(who)),
      report_(std::move(report)),
      store_(how_.store, {std::string{claim_script}, std::string{take_script}, std::string{present_script}}),
      claim_sha_(store::sha1_of(claim_script)),
      take_sha_(store::sha1_of(take_script)),
      present_sha_(store::sha1_of(present_script)) {}

fleet::~fleet() {
    {
        const std::lock_guard lock(lock_);
        stop_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void fleet::use(std::shared_ptr<const policy::key_ring> keys) {
    // Until the store has been asked: one slice that nobody has granted.
    const auto wall = core::wall_clock::now();
    if (keys)
        for (const auto& key : keys->keys()) {
            for (std::size_t i = 0; i < key.budgets(); ++i) {
                auto& of = key.window(i);
                const auto limit = key.settings().budgets[i].amount;
                const auto slice = policy::slice_of(limit, how_.slice_percent);
                of.begin_with(slice);
                const auto window = of.calendar().window_at(wall);
                if (of.ceiling(window, limit + 1) > limit) of.lend(window, of.spent(window) + slice, limit);
            }
            const auto& s = key.settings();
            if (key.request_lease().alone()) key.request_lease().lend(0, policy::slice_of(s.requests_per_minute, how_.slice_percent), 0);
            if (key.token_lease().alone()) key.token_lease().lend(0, policy::slice_of(s.tokens_per_minute, how_.slice_percent), 0);
        }
    {
        const std::lock_guard lock(lock_);
        next_keys_ = std::move(keys);
    }
    wake_.notify_all();
}

void fleet::start(std::chrono::milliseconds within) {
    thread_ = std::thread([this] { run(); });
    std::unique_lock lock(lock_);
    wake_.wait_for(lock, within, [this] { return tried_; });
}

status fleet::now() const {
    const std::lock_guard lock(lock_);
    return shown_;
}

void fleet::run() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals belong to the main thread
    std::unique_lock lock(lock_);
    for (;;) {
        lock.unlock();
        take_over_keys();
        const auto now = steady::now();
        if (now >= try_again_at_) reached(ask_all(now), now);
        lock.lock();
        if (!std::exchange(tried_, true)) wake_.notify_all();
        wake_.wait_for(lock, round_interval, [this] { return stop_; });
        if (stop_) break;
    }
    lock.unlock();
    if (!in_touch_) return;
    std::vector<reply> ignored;
    if (ask_budgets(steady::now(), true) && ask_rates(steady::now(), true))
        // Another process of the ledger goes on under this name, if there is one.
        if (alone_.load(std::memory_order_acquire)) (void)store_.ask({{"ZREM", "weir:present", who_.family}}, ignored, last_answer_limit);
}

void fleet::take_over_keys() {
    std::shared_ptr<const policy::key_ring> next;
    {
        const std::lock_guard lock(lock_);
        next = std::exchange(next_keys_, nullptr);
    }
    if (!next) return;
    std::map<std::string, shared_budget> budgets;
    std::map<std::string, shared_rate> rates;
    for (auto& b : budgets_) budgets[b.name] = b;
    for (auto& r : rates_) rates[r.name] = r;
    budgets_.clear();
    rates_.clear();
    for (const auto& key : next->keys()) {
        for (std::size_t i = 0; i < key.budgets(); ++i) {
            auto& window = key.window(i);
            const auto name = store_key("spent", key.name()) + ":" + text_of(window.calendar().every().count());
            shared_budget b = budgets[name];
            b.asked = b.asked && b.of == &window;
            b.of = &window;
            b.name = name;
            b.limit = key.settings().budgets[i].amount;
            b.slice = policy::slice_of(b.limit, how_.slice_percent);
            budgets_.push_back(std::move(b));
        }
        const auto add_rate = [&](std::string_view kind, policy::rate_lease& of, std::int64_t limit) {
            if (limit <= 0) return;
            const auto name = store_key(kind, key.name());
            shared_rate r = rates[name];
            r.of = &of;
            r.name = name;
            r.limit = limit;
            r.slice = policy::slice_of(limit, how_.slice_percent);
            rates_.push_back(std::move(r));
        };
        add_rate("requests", key.request_lease(), key.settings().requests_per_minute);
        add_rate("tokens", key.token_lease(), key.settings().tokens_per_minute);
    }
    keys_ = std::move(next);
    if (told_) go_alone();
}

bool fleet::ask_all(steady::time_point now) { return ask_present(now) && ask_budgets(now, false) && ask_rates(now, false); }

bool fleet::ask_present(steady::time_point now) {
    if (in_touch_ && now - present_at_ < present_interval) return true;
    std::vector<reply> said;
    const auto silence = std::chrono::duration_cast<std::chrono::milliseconds>(present_for).count();
    if (!store_.ask({{"EVALSHA", present_sha_, "1", "weir:present", who_.family, text_of(silence)}}, said, answer_limit)) return false;
    weirs_ = static_cast<int>(std::clamp<std::int64_t>(said[0].number, 1, 1'000'000));
    present_at_ = now;
    note_weirs(now);
    return true;
}

void fleet::note_weirs(steady::time_point now) {
    if (weirs_ < most_weirs_ && now - most_weirs_at_ < weirs_remembered_for) return;
    most_weirs_ = weirs_;
    most_weirs_at_ = now;
}

fleet::question fleet::look_at(shared_budget& b, std::int64_t window) const {
    // In this order: what is added between the two counts as this process's own, and is corrected by the next question.
    const auto elsewhere = b.of->elsewhere(window);
    question q{&b, window, b.of->spent(window), elsewhere};
    if (b.window != window) b.past = 0;
    if (alone_.load(std::memory_order_acquire)) b.past = elsewhere;
    b.largest = std::max(b.of->demand().take_largest(), b.largest);
    return q;
}

usage::nanousd fleet::wanted(const question& q) const {
    const auto& b = *q.about;
    const auto since = b.asked && b.window == q.window ? q.used - b.used : q.used - q.elsewhere;
    return q.used + policy::lease_ahead(since, b.slice, b.largest) + b.of->demand().awaited();
}

bool fleet::due(const question& q, steady::time_point now) {
    const auto& b = *q.about;
    if (!b.asked || b.window != q.window || b.of->demand().awaited() > 0) return true;
    const auto since = now - b.asked_at;
    if (q.used != b.used) return since >= busy_refresh || std::abs(q.used - b.used) >= std::max<usage::nanousd>(b.slice / 4, 1);
    return since >= (now - b.used_at < stays_recent ? recent_refresh : idle_refresh);
}

command fleet::claim(const question& q, usage::nanousd wants) const {
    const auto& b = *q.about;
    std::string forget_at = "0";
    if (const auto end = b.of->calendar().ends(q.window); end != core::wall_time::max())
        forget_at = text_of(std::chrono::duration_cast<std::chrono::milliseconds>((end + kept_after_window).time_since_epoch()).count());
    // What was spent elsewhere is claimed by who spent it, or was left to this process by who is gone.
    return {"EVALSHA",
            claim_sha_,
            "1",
            b.name + ":" + text_of(q.window),
            who_.family,
            who_.member,
            text_of(policy::not_below_zero(q.used - q.elsewhere)),
            text_of(policy::not_below_zero(wants - q.elsewhere)),
            text_of(b.limit),
            std::move(forget_at),
            text_of(b.past),
            alone_.load(std::memory_order_acquire) && b.past == q.elsewhere ? "1" : "0"};
}

void fleet::learn(const question& q, const reply& said, steady::time_point now) {
    auto& b = *q.about;
    auto known = policy::seen_from_here({said.number_at(0), said.number_at(1)}, said.number_at(3), q.elsewhere);
    const bool same = b.asked && b.window == q.window;
    const bool lost = same && said.parts.size() > 2 && said.parts[2].text.empty();
    if (lost) {
        b.others_before_loss = b.known.others;
        b.lost_until = now + loss_lasts;
    }
    if (same && now < b.lost_until) known.others = std::max(known.others, b.others_before_loss);
    if (!same || q.used != b.used) b.used_at = now;
    b.asked = true;
    b.window = q.window;
    b.known = known;
    b.used = q.used;
    b.largest /= 2;
    b.asked_at = now;
    const auto share = policy::share_in_touch(known, b.limit, b.slice);
    b.of->begin_with(b.slice);
    b.of->demand().may_grow(true);
    b.of->lend(q.window, share.lease, share.free);
}

bool fleet::ask_budgets(steady::time_point now, bool last) {
    const auto wall = core::wall_clock::now();
    std::size_t at = 0;
    while (at < budgets_.size()) {
        std::vector<question> asked;
        std::vector<command> commands;
        for (; at < budgets_.size() && commands.size() < asked_at_once; ++at) {
            const auto q = look_at(budgets_[at], budgets_[at].of->calendar().window_at(wall));
            if (!last && in_touch_ && !due(q, now)) continue;
            asked.push_back(q);
            commands.push_back(claim(q, last ? q.used : wanted(q)));
        }
        std::vector<reply> said;
        if (commands.empty()) continue;
        if (!store_.ask(commands, said, last ? last_answer_limit : answer_limit)) return false;
        if (!last)
            for (std::size_t i = 0; i < asked.size(); ++i) learn(asked[i], said[i], now);
    }
    return true;
}

std::int64_t fleet::wanted(const shared_rate& r) {
    const auto left = r.of->left();
    const auto ahead = std::min(policy::lease_ahead(r.left - left, r.slice), r.limit);
    return ahead - left;
}

bool fleet::due(const shared_rate& r, std::int64_t want, steady::time_point now) {
    if (!r.asked || r.wanting || want > r.slice / 2) return true;
    const auto since = now - r.asked_at;
    return since >= (r.of->left() != r.left ? recent_refresh : idle_refresh);
}

bool fleet::ask_rates(steady::time_point now, bool last) {
    std::size_t at = 0;
    while (at < rates_.size()) {
        std::vector<shared_rate*> asked;
        std::vector<std::int64_t> wants;
        std::vector<command> commands;
        for (; at < rates_.size() && commands.size() < asked_at_once; ++at) {
            auto& r = rates_[at];
            if (r.of->alone()) {
                r.of->forget();
                r.asked = false;
                r.left = 0;
            }
            const auto want = last ? -std::max<std::int64_t>(r.of->left(), 0) : wanted(r);
            if (!last && in_touch_ && !due(r, want, now)) continue;
            // Given back before the store knows, so that it is not taken here meanwhile. If the answer is lost, so is the lease.
            if (want < 0) r.of->give_back(want);
            const auto must = want < 0 ? want : std::max<std::int64_t>(-r.of->left(), 0);
            asked.push_back(&r);
            wants.push_back(want);
            commands.push_back({"EVALSHA", take_sha_, "1", r.name, text_of(want), text_of(must), text_of(r.limit), r.paid_at});
        }
        std::vector<reply> said;
        if (commands.empty()) continue;
        if (!store_.ask(commands, said, last ? last_answer_limit : answer_limit)) return false;
        for (std::size_t i = 0; i < asked.size(); ++i) {
            auto& r = *asked[i];
            const auto got = said[i].number_at(0);
            const auto fleet_left = std::max<std::int64_t>(said[i].number_at(1), 0);
            if (said[i].parts.size() > 2) r.paid_at = said[i].parts[2].text;
            r.of->lend(wants[i] < 0 ? 0 : got, fleet_left > 0 ? std::min(r.slice, fleet_left) : 0, fleet_left);
            r.asked = true;
            r.wanting = got < wants[i];
            r.left = r.of->left();
            r.asked_at = now;
        }
    }
    return true;
}

// Everything goes on; what changes is how far each may go by itself.
void fleet::reached(bool yes, steady::time_point now) {
    const bool was = std::exchange(in_touch_, yes);
    if (yes) {
        pause_ = 0ms;
        if (std::exchange(told_, false)) report_("the store of shared limits is back: " + how_.store.shown);
    } else {
        pause_ = std::min<std::chrono::milliseconds>(std::max<std::chrono::milliseconds>(pause_ * 2, 100ms), longest_pause);
        try_again_at_ = now + pause_;
        if (was || !told_) go_alone();
        if (!std::exchange(told_, true)) report_("the store of shared limits cannot be reached: " + store_.why() + "; " + what_happens_now());
    }
    const std::lock_guard lock(lock_);
    shown_.connected = yes;
    shown_.weirs = weirs_;
    shown_.weirs_to_remember = most_weirs_;
    if (!yes) {
        ++shown_.failures;
        shown_.why = store_.why();
    }
}

std::string fleet::what_happens_now() const {
    if (how_.on_failure == policy::on_store_failure::refuse) return "what is leased is used up, then requests are refused (shared.on_failure)";
    if (weirs_ > 0 || how_.weirs > 0 || who_.weirs_remembered > 0)
        return "this weir goes on with its own share of each limit, one of " + text_of(may_share());
    return "nothing says how many weirs share the limits, so this one goes on with the smallest share that `slice` allows, " +
           text_of(how_.slice_percent) + "% of each: say how many there may be (state.shared.weirs)";
}

void fleet::go_alone() {
    const auto wall = core::wall_clock::now();
    for (auto& b : budgets_) {
        const auto window = b.of->calendar().window_at(wall);
        const auto known = b.asked && b.window == window ? b.known : policy::claims{};
        const auto share = policy::share_cut_off(known, b.limit, b.slice, may_share(), how_.on_failure);
        b.of->demand().may_grow(false);
        b.of->begin_with(policy::share_cut_off({}, b.limit, b.slice, may_share(), how_.on_failure).lease);
        b.of->lend(window, share.lease, share.free);
    }
    for (auto& r : rates_) {
        if (how_.on_failure == policy::on_store_failure::local)
            r.of->go_alone(may_share());
        else
            r.of->use_up();
        r.asked = false;
    }
}

}  // namespace weir::fleet
