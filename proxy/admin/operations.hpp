// What operators do to a running gateway, and the live view of it: open requests, recent errors, traffic, spend of today. It asks the
// workers by posting to their event loops, so that no worker ever waits for who looks. Runs on the admin thread.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/status_view.hpp"
#include "exchange/open_request.hpp"
#include "ledger/spend.hpp"
#include "pools/snapshot.hpp"
#include "telemetry/metrics.hpp"

namespace weir::worker {
class worker;
}

namespace weir::admin {

class operations {
public:
    struct settings {
        std::vector<worker::worker*> workers;
        std::function<std::shared_ptr<const pools::snapshot>()> current;
        std::function<process_facts()> facts;
        telemetry::metrics* metrics = nullptr;
        std::string ledger;  ///< path; empty: none is kept
    };
    explicit operations(settings of) : of_(std::move(of)) {}

    /// False: no request with this id is open.
    bool end_request(const std::string& request_id);
    /// Drains an upstream, lets it back in, or gives it another weight (0 to 1000; -1: the conf's own). Holds until it is told otherwise,
    /// also over reloads and takeovers, or weir ends. Returns what is wrong; empty: done.
    [[nodiscard]] std::string set_drained(const std::string& pool, const std::string& upstream, bool drained);
    [[nodiscard]] std::string set_weight(const std::string& pool, const std::string& upstream, int weight);
    static constexpr std::string_view handing_over = "a new process is about to take over: say it again in a moment";
    /// What was said of upstreams, for the process that takes over; from now on nothing of it can be changed here, until keep_on().
    [[nodiscard]] std::string hand_over();
    void keep_on();
    /// What the process said that this one takes over from. Before workers are told.
    void take_over(std::string_view said);
    /// After workers were given another snapshot. Any thread.
    void tell_workers();
    /// By pool and upstream, where it differs from the conf. Any thread.
    [[nodiscard]] std::map<std::pair<std::string, std::string>, int> weights() const;
    [[nodiscard]] bool drained(const std::string& pool, const std::string& upstream) const;

    [[nodiscard]] std::string status();    ///< the body of /api/status
    [[nodiscard]] std::string live();      ///< the body of /api/live, and each event of /api/events
    [[nodiscard]] std::string requests();  ///< the body of /api/requests
    [[nodiscard]] std::string keys();      ///< the body of /api/keys
    /// The ledger's sums, as `weir spend` shows them. With a result that has an error there is no ledger or the query is wrong.
    [[nodiscard]] ledger::spend_result spend(const ledger::spend_query& what) const;

private:
    struct told {
        bool drained = false;
        int weight = -1;
    };
    struct sample {
        core::time_point at;
        std::int64_t requests = 0;
        std::vector<std::int64_t> first_token;
    };
    template <class Result>
    std::vector<Result> ask_workers(const std::function<std::vector<Result>(worker::worker&)>& question);
    [[nodiscard]] std::string tell(const std::string& pool, const std::string& upstream, const std::function<void(told&)>& change);
    void take_sample(core::time_point now);
    const ledger::spend_result& spend_of_today();

    settings of_;
    mutable std::mutex lock_;  ///< admin and control thread only
    std::map<std::pair<std::string, std::string>, told> told_;
    bool handed_over_ = false;
    std::deque<sample> history_;
    ledger::spend_result today_;
    core::time_point today_read_{};
};

}  // namespace weir::admin
