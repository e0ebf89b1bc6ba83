// Asks providers what became of background responses, until they are over: the one kind of object whose usage nobody else comes to ask for.
// What they cost it tells and does not charge (late_charger.hpp does). Its threads begin when there is something to ask for.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "dialect/read/object_reader.hpp"
#include "exchange/objects/latest_snapshot.hpp"
#include "exchange/objects/timed_queue.hpp"
#include "ledger/object_index.hpp"
#include "wire/one_call.hpp"

namespace weir::exchange {

class background_asker {
public:
    static constexpr std::size_t most_asked = 10'000;

    /// Hears what a provider said of an object's usage, on a thread of the asker. `over`: more will not come.
    using listener = std::function<void(const ledger::object_ref& of, std::vector<dialect::model_usage> usages, bool over)>;

    /// `current` outlives this.
    background_asker(const latest_snapshot& current, listener tell) : current_(current), tell_(std::move(tell)) {}
    ~background_asker() { stop(); }
    background_asker(const background_asker&) = delete;
    background_asker& operator=(const background_asker&) = delete;

    /// Whether it is an object that is asked for.
    [[nodiscard]] static bool asks_for(const ledger::made_object& what);

    // ---- any thread; none of these waits
    /// Again and again (policy::pause_before_asking) until it is over, has not been there three times, or is older than policy::asked_for_at_most.
    /// Nothing where it is asked for already, or `most_asked` are.
    void ask_for(ledger::object_ref of) { schedule({.of = std::move(of)}); }
    /// Once, before everything else; `done` is called on a thread of the asker when that is over, whatever was said. False: it was stopped.
    [[nodiscard]] bool ask_first(ledger::object_ref of, std::function<void()> done);
    /// Somebody else asks from now on: what waits is forgotten, and nothing more is asked for but by ask_first().
    void leave();

    /// Ends the calls that run. When it returns nobody is told anything any more.
    void stop();

private:
    struct asking {
        ledger::object_ref of;
        int times = 0, missed = 0;
        std::function<void()> once = {};  ///< asked out of turn, and this one is to be told
    };

    void schedule(asking one);
    void begin_threads();
    void run(std::size_t which);
    void ask(asking one, wire::call_canceller& by);
    [[nodiscard]] bool ask_provider(asking& one, const pools::snapshot& s, wire::call_canceller& by) const;
    [[nodiscard]] bool answered(const asking& one, const wire::call_answer& said) const;

    const latest_snapshot& current_;
    const listener tell_;
    timed_queue<asking> to_ask_;
    std::mutex lock_;                           ///< the members below
    std::set<std::string, std::less<>> asked_;  ///< ids in to_ask_ or being asked
    bool left_ = false;
    std::vector<std::thread> threads_;
    std::array<wire::call_canceller, 2> cancel_;  ///< one for each thread
};

}  // namespace weir::exchange
