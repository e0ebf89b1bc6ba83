#include "app/gateway.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <limits>
#include <stdexcept>
#include <utility>

#include "app/admin_side.hpp"
#include "app/books.hpp"
#include "app/bound_sockets.hpp"
#include "app/crew.hpp"
#include "app/exporters.hpp"
#include "app/housekeeper.hpp"
#include "app/in_force.hpp"
#include "exchange/objects/object_keeper.hpp"
#include "net/descriptors.hpp"
#include "probe/health_checker.hpp"
#include "probe/model_scout.hpp"
#include "telemetry/event_log.hpp"

namespace weir::app {
namespace {

// A connection through the gateway takes two descriptors. Returns how many there may be.
int raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<int>::max();
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, std::numeric_limits<int>::max()));
}

void count_descriptors(exchange::process_counts& counts, int wanted) {
    counts.descriptors = raise_descriptor_limit();
    net::connections_below = counts.descriptors - net::kept_from_connections(counts.descriptors);
    if (counts.descriptors >= wanted) return;
    telemetry::log(telemetry::level::warn, "limits.connections is " + std::to_string(wanted) + ", but this process may open " +
                                               std::to_string(counts.descriptors) + " files: clients get at most " +
                                               std::to_string(counts.connections_that_fit()) +
                                               " connections; raise its limit of open files (LimitNOFILE=)");
}

std::string shared_of(const config::conf& c) {
    if (!c.state.shared) return {};
    const auto& s = *c.state.shared;
    return s.store.shown + " " + s.store.user + " " + s.store.password.reveal() + " " + std::to_string(s.slice_percent) + " " +
           std::to_string(static_cast<int>(s.on_failure)) + " " + std::to_string(s.weirs);
}

bool needs_restart(const config::conf& now, const config::conf& before) {
    return now.admin_address != before.admin_address || now.workers != before.workers || now.state.ledger != before.state.ledger ||
           shared_of(now) != shared_of(before) || now.responses_store != before.responses_store || now.log.access != before.log.access;
}

enum class life : std::uint8_t { made, serving, handed_over, stopped };

}  // namespace

// In the order in which they may need each other: what stands below goes first.
struct gateway::parts {
    parts(std::shared_ptr<const config::conf> c, net::inherited_sockets given)
        : now(std::move(c)), log(now.conf().log.access), sockets(std::move(given)) {}

    void equip_workers();
    void keep_objects();
    void keep_house();
    void publish(const std::shared_ptr<const pools::snapshot>& s);

    in_force now;
    net::resolver names;
    telemetry::metrics metrics;
    telemetry::access_log log;
    exchange::process_counts counts;
    bound_sockets sockets;
    books kept{now};
    exporters outlets;
    probe::model_scout scout;
    crew workers;
    std::unique_ptr<exchange::object_keeper> objects;  ///< rings workers
    std::unique_ptr<probe::health_checker> health;
    admin_side admin{{now, metrics, counts, kept, workers}};
    housekeeper house;
    std::atomic<life> at{life::made};
};

void gateway::parts::publish(const std::shared_ptr<const pools::snapshot>& s) {
    now.put(s, sockets.addresses(), sockets.certificates(*s->conf));
    outlets.use(s);
    workers.use(s);
    admin.desk().tell_workers();
    health->use(s);
    objects->use(s);
}

// What their requests work with.
void gateway::parts::equip_workers() {
    for (auto* w : workers.all()) {
        auto& home = w->lends();
        outlets.equip(home);
        home.objects = objects.get();
        home.scout = &scout;
        home.responses = kept.responses();
        if (auto* ledger = kept.ledger()) home.ledger = {&ledger->worker_journal(w->index()), &ledger->failing()};
    }
}

void gateway::parts::keep_objects() {
    exchange::object_keeper::settings how;
    if (auto* ledger = kept.ledger()) how.books = &ledger->objects();
    how.shares_books = [this, predecessor = sockets.given().predecessor()] {
        return at == life::handed_over || (predecessor != 0 && ::kill(static_cast<pid_t>(predecessor), 0) == 0);
    };
    how.tell = [to = workers.all().front()](exchange::late_spend what) {
        to->post([to, what = std::move(what)] { to->lends().metrics.spend().late(what.key, what.model_label, what.pool, what.usage, what.cost); });
    };
    objects = std::make_unique<exchange::object_keeper>(std::move(how));
}

// Everything that is done now and then beside the requests.
void gateway::parts::keep_house() {
    house.every(std::chrono::hours{1}, [this] { objects->expire(core::wall_clock::now()); });
    house.every(std::chrono::seconds{2}, [this] { admin.audit(); });
    kept.keep_house(house);
    house.start();
}

gateway::gateway(std::shared_ptr<const config::conf> conf, net::inherited_sockets given)
    : parts_(std::make_unique<parts>(std::move(conf), std::move(given))) {}

gateway::~gateway() {
    drain_and_stop([] { return true; });
}

void gateway::start() {
    auto& p = *parts_;
    const auto conf = p.now.shared_conf();
    std::signal(SIGPIPE, SIG_IGN);
    count_descriptors(p.counts, conf->limits.connections);
    if (!p.log.error().empty()) throw std::runtime_error(p.log.error());
    p.kept.open(p.sockets.given().predecessor() != 0);
    p.workers.make(*conf, p.metrics, p.log, p.counts);
    p.keep_objects();
    p.equip_workers();
    (void)p.sockets.use(p.sockets.make(*conf, p.workers.size()));
    const auto first = pools::make_snapshot(conf, p.names, nullptr);
    p.kept.follow(first->keys, nullptr);
    p.kept.recall_habits(*first);
    p.kept.join_fleet(first->keys);
    p.now.put(first, p.sockets.addresses(), p.sockets.certificates(*first->conf));
    p.admin.make_desk(p.sockets.given().note());
    p.metrics.add_source([&p](auto& families) { p.log.collect(families); });
    p.metrics.add_source([&p](auto& families) { p.outlets.collect(families); });
    if (const auto* store = p.kept.responses())
        p.metrics.add_source([store](auto& families) {
            families.push_back(telemetry::make_family("weir_responses_store_errors_total"));
            telemetry::add_value(families.back(), {}, static_cast<double>(store->errors()));
        });
    p.admin.open(p.sockets.open_admin(conf->admin_address));
    p.sockets.close_unwanted();
    p.health = std::make_unique<probe::health_checker>();
    p.counts.doubt = [health = p.health.get()] { health->look_at_doubts(); };
    p.publish(first);
    p.workers.listen(p.sockets.listeners());
    p.workers.start();
    p.admin.start();
    p.keep_house();
    p.at = life::serving;
}

void gateway::reload(std::shared_ptr<const config::conf> conf) {
    auto& p = *parts_;
    const auto before = p.now.snapshot();
    // Everything that can fail comes first; what follows cannot be half done.
    const auto next = pools::make_snapshot(conf, p.names, before.get());
    if (needs_restart(*conf, p.now.conf()))
        telemetry::log(telemetry::level::warn,
                       "changes of admin.address, workers, state.ledger, state.shared, responses_store and log.access take effect at the next start");
    auto listeners = p.sockets.make(*conf, p.workers.size());
    p.kept.follow(next->keys, before->keys);
    const auto served_before = p.sockets.use(std::move(listeners));
    p.publish(next);
    p.workers.listen(p.sockets.listeners());
    p.sockets.stop_unserved(served_before);
    p.admin.api().use_token(conf->admin_token);
    p.workers.await();
    p.now.last_reload_ok = true;
}

void gateway::reload_failed() { parts_->now.last_reload_ok = false; }

void gateway::reopen_logs() {
    if (const auto why = parts_->log.reopen(); !why.empty()) telemetry::log(telemetry::level::error, why);
}

std::vector<std::string> gateway::addresses() const { return parts_->sockets.addresses(); }

std::string gateway::admin_address() const { return parts_->admin.address(); }

std::vector<net::handed_socket> gateway::sockets() const { return parts_->sockets.to_hand_over(); }

std::string gateway::begin_hand_over() {
    flush_ledger();
    return parts_->admin.desk().hand_over();
}

void gateway::keep_on() { parts_->admin.desk().keep_on(); }

void gateway::hand_over() {
    auto& p = *parts_;
    p.at = life::handed_over;
    p.objects->leave_asking_to_successor();
    p.sockets.share();
    p.admin.retire();
}

void gateway::flush_ledger() { parts_->kept.flush(); }

bool gateway::workers_turn() { return parts_->workers.has_turned(); }

void gateway::drain_and_stop(const std::function<bool()>& give_up) {
    auto& p = *parts_;
    if (p.at == life::made || p.at == life::stopped) return;
    p.counts.draining = true;
    p.workers.stop_accepting();
    // Sessions still hold their listener: without this the kernel would go on to take connections that nobody will serve.
    p.sockets.stop_listeners();
    p.workers.drain(core::after(core::clock::now(), p.now.conf().limits.drain_timeout), give_up, p.counts.connections);
    p.health->stop();
    p.admin.stop();
    p.sockets.close_admin();
    p.workers.stop_and_join();
    p.objects->stop();
    p.outlets.stop();
    p.kept.leave_fleet();
    p.house.stop();
    p.kept.close_responses();
    p.kept.keep_habits();
    p.log.flush();
    p.at = life::stopped;
}

}  // namespace weir::app
