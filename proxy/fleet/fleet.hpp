// Limits and budgets that hold across every weir that names one store. One thread leases a slice of each limit ahead of its
// use; requests take from what is leased (policy/keys/budget_window.hpp, policy/keys/rate_lease.hpp) and never wait for the store. How
// much is leased is arithmetic in policy/keys/fleet_share.hpp.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/clock.hpp"
#include "fleet/settings.hpp"
#include "fleet/store.hpp"
#include "policy/keys/key_ring.hpp"

namespace weir::fleet {

struct status {
    bool connected = false;
    int weirs = 0;               ///< that asked lately, this one included; 0: never known
    int weirs_to_remember = 0;   ///< the most of the last hour; 0: never known
    std::uint64_t failures = 0;  ///< rounds that failed since the start
    std::string why;             ///< of the last failure
};

class fleet {
public:
    /// `report` is told when the store goes and comes back; any thread.
    fleet(settings how, identity who, std::function<void(std::string_view)> report);
    /// Gives back what is leased and not used, if the store answers soon.
    ~fleet();
    fleet(const fleet&) = delete;
    fleet& operator=(const fleet&) = delete;

    /// The keys whose limits are shared from now on, before the first request that they admit. Any thread.
    void use(std::shared_ptr<const policy::key_ring> keys);
    /// Asks the store for the first time and waits for the answer, at most `within`; then goes on alone.
    void start(std::chrono::milliseconds within);

    /// Whether no other process of this one's ledger is alive; true before it is first said. Call it with false before what another one
    /// spent is added to a budget, with true after all of it was. Any thread.
    void alone_in_family(bool yes) { alone_.store(yes, std::memory_order_release); }

    [[nodiscard]] status now() const;
    [[nodiscard]] const settings& how() const { return how_; }

private:
    using steady = std::chrono::steady_clock;

    struct shared_budget {
        policy::budget_window* of = nullptr;
        std::string name;  ///< in the store, without the window
        usage::nanousd limit = 0;
        usage::nanousd slice = 0;
        // as of the last answer
        bool asked = false;
        std::int64_t window = 0;
        policy::claims known;
        usage::nanousd used = 0;
        usage::nanousd past = 0;     ///< what this process answers for of those that are gone
        usage::nanousd largest = 0;  ///< reserved at once of late
        steady::time_point asked_at{}, used_at{};
        usage::nanousd others_before_loss = 0;  ///< what the others had claimed when the store lost everything …
        steady::time_point lost_until{};        ///< … counts until they have all asked again
    };
    struct shared_rate {
        policy::rate_lease* of = nullptr;
        std::string name;
        std::int64_t limit = 0;
        std::int64_t slice = 0;
        bool asked = false;
        bool wanting = false;   ///< the store had less than was asked for
        std::int64_t left = 0;  ///< after the last answer
        std::string paid_at = "0";
        steady::time_point asked_at{};
    };

    void run();
    void take_over_keys();
    bool ask_all(steady::time_point now);
    bool ask_present(steady::time_point now);
    bool ask_budgets(steady::time_point now, bool last);
    struct question {
        shared_budget* about;
        std::int64_t window;
        usage::nanousd used, elsewhere;
    };
    [[nodiscard]] question look_at(shared_budget& b, std::int64_t window) const;
    [[nodiscard]] usage::nanousd wanted(const question& q) const;
    bool ask_rates(steady::time_point now, bool last);
    [[nodiscard]] static bool due(const question& q, steady::time_point now);
    [[nodiscard]] static std::int64_t wanted(const shared_rate& r);
    [[nodiscard]] static bool due(const shared_rate& r, std::int64_t want, steady::time_point now);
    [[nodiscard]] command claim(const question& q, usage::nanousd wants) const;
    static void learn(const question& q, const reply& said, steady::time_point now);
    [[nodiscard]] int may_share() const { return policy::sharers(weirs_, how_.weirs, who_.weirs_remembered, how_.slice_percent); }
    void note_weirs(steady::time_point now);
    void reached(bool yes, steady::time_point now);
    void go_alone();
    [[nodiscard]] std::string what_happens_now() const;

    settings how_;
    identity who_;
    std::function<void(std::string_view)> report_;
    store store_;
    std::string claim_sha_, take_sha_, present_sha_;
    std::atomic<bool> alone_{true};

    // the thread's own
    std::shared_ptr<const policy::key_ring> keys_;
    std::vector<shared_budget> budgets_;
    std::vector<shared_rate> rates_;
    bool in_touch_ = false;
    bool told_ = false;
    int weirs_ = 0;
    int most_weirs_ = 0;
    steady::time_point most_weirs_at_{};
    steady::time_point present_at_{}, try_again_at_{};
    std::chrono::milliseconds pause_{0};

    mutable std::mutex lock_;
    std::condition_variable wake_;
    std::shared_ptr<const policy::key_ring> next_keys_;
    status shown_;
    bool tried_ = false;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace weir::fleet
