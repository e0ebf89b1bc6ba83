#include "app/gateway.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <tuple>

#include "admin/admin_api.hpp"
#include "admin/admin_server.hpp"
#include "admin/meter_audit.hpp"
#include "admin/operations.hpp"
#include "admin/status_view.hpp"
#include "app/housekeeper.hpp"
#include "app/spend_follower.hpp"
#include "app/trace_exporter.hpp"
#include "config/load.hpp"
#include "exchange/objects/object_keeper.hpp"
#include "fleet/fleet.hpp"
#include "ledger/ledger.hpp"
#include "net/descriptors.hpp"
#include "probe/health_checker.hpp"
#include "probe/model_scout.hpp"
#include "telemetry/event_log.hpp"
#include "worker/worker.hpp"

namespace weir::app {
namespace {

int worker_count(const config::conf& conf) {
    if (conf.workers > 0) return conf.workers;
    // The cores this process may run on, not those of the machine: containers get a share.
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return std::max(1, CPU_COUNT(&allowed));
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// A connection through the gateway takes two descriptors. Returns how many there may be.
int raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<int>::max();
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, std::numeric_limits<int>::max()));
}

std::string shared_of(const config::conf& c) {
    if (!c.state.shared) return {};
    const auto& s = *c.state.shared;
    return s.store.shown + " " + s.store.user + " " + s.store.password.reveal() + " " + std::to_string(s.slice_percent) + " " +
           std::to_string(static_cast<int>(s.on_failure)) + " " + std::to_string(s.weirs);
}

bool any_upstream_usable(const pools::snapshot& s, const admin::operations& told, core::time_point now) {
    for (const auto& pool : s.pools)
        for (const auto& up : pool.upstreams) {
            if (told.drained(pool.conf->name, up.conf->name)) continue;
            const auto standing = up.state->availability().standing_at(now);
            using enum policy::standing;
            if (standing != down && (pool.conf->panic || (standing != ejected && standing != refused))) return true;
        }
    return false;
}

}  // namespace

struct gateway::parts {
    parts(std::shared_ptr<const config::conf> c, net::inherited_sockets sockets)
        : conf(std::move(c)), given(std::move(sockets)), log(conf->log.access), tickets(net::random_ticket_keys()) {}

    std::shared_ptr<net::listening_socket> listen_on(std::string_view role, const std::string& address);
    std::vector<std::shared_ptr<const pools::listener_runtime>> make_listeners(const config::conf& c);
    void make_desk();
    void make_admin();
    void open_ledger();
    void follow_spend(const std::shared_ptr<const policy::key_ring>& keys, const std::shared_ptr<const policy::key_ring>& before);
    void remember_weirs();
    void keep_objects();
    [[nodiscard]] std::optional<admin::ledger_facts> ledger_facts() const;
    void await_workers() const;
    void join_fleet(const pools::snapshot& s);
    void recall_habits(const pools::snapshot& s);
    void keep_habits();
    void keep_house();
    void publish(const std::shared_ptr<const pools::snapshot>& s);

    std::shared_ptr<const config::conf> conf;
    net::inherited_sockets given;
    net::resolver names;
    telemetry::metrics metrics;
    telemetry::access_log log;
    exchange::process_counts counts;
    net::ticket_keys tickets;
    std::shared_ptr<const pools::snapshot> current;  ///< the control thread's
    mutable std::mutex shown_mutex;                  ///< admin thread and control thread only
    std::shared_ptr<const pools::snapshot> shown;
    std::vector<std::string> shown_addresses;
    std::atomic<bool> reload_ok{true};
    std::vector<std::shared_ptr<const pools::listener_runtime>> listeners;
    std::unique_ptr<ledger::ledger> spend;     ///< outlives the workers that write into it
    std::unique_ptr<fleet::fleet> fleet;       ///< null: the limits are this weir's own
    std::unique_ptr<spend_follower> follower;  ///< null without a ledger
    trace_exporter traces;                     ///< likewise
    probe::model_scout scout;                  ///< outlives the workers that ask it
    std::vector<std::unique_ptr<worker::worker>> workers;
    std::unique_ptr<exchange::object_keeper> objects;  ///< rings workers
    std::unique_ptr<probe::health_checker> health;
    std::unique_ptr<admin::operations> desk;
    std::unique_ptr<admin::admin_api> api;
    std::shared_ptr<net::listening_socket> admin_socket;
    std::unique_ptr<admin::admin_server> admin;
    admin::meter_audit audit{[](std::string_view what) { telemetry::log(telemetry::level::warn, what); }};
    housekeeper house, watch;  ///< the second for what must be seen soon
    int weirs_remembered = 0;
    std::shared_ptr<std::atomic<int>> turns_due = std::make_shared<std::atomic<int>>(0);
    std::atomic<bool> handed_over{false};
    bool started = false;

    std::shared_ptr<const pools::snapshot> to_show() const {
        const std::scoped_lock lock(shown_mutex);
        return shown;
    }
};

std::shared_ptr<net::listening_socket> gateway::parts::listen_on(std::string_view role, const std::string& address) {
    if (const auto adopted = given.take(role, address)) return std::make_shared<net::listening_socket>(address, *adopted);
    return std::make_shared<net::listening_socket>(address);
}

// Sockets of addresses that stay are kept, so that a reload drops no connection that waits to be accepted.
std::vector<std::shared_ptr<const pools::listener_runtime>> gateway::parts::make_listeners(const config::conf& c) {
    std::vector<std::shared_ptr<const pools::listener_runtime>> made;
    for (const auto& settings : c.listeners) {
        auto l = std::make_shared<pools::listener_runtime>();
        l->name = settings.address;
        l->proxy_protocol = settings.proxy_protocol;
        l->hosts = {settings.hosts, admin::is_loopback(settings.address)};
        for (const auto& written : settings.trusted_proxies)
            if (const auto block = policy::ip_block::parse(written)) l->trusted.push_back(*block);
        if (settings.tls)
            for (std::size_t i = 0; i < workers.size(); ++i)
                l->contexts.push_back(net::make_server_context(*settings.tls, tickets, settings.address));
        for (const auto& old : listeners)
            if (old->name == settings.address) l->socket = old->socket;
        if (!l->socket) l->socket = listen_on("listener", settings.address);
        made.push_back(std::move(l));
    }
    return made;
}

void gateway::parts::publish(const std::shared_ptr<const pools::snapshot>& s) {
    current = s;
    {
        const std::scoped_lock lock(shown_mutex);
        shown = s;
        shown_addresses.clear();
        for (const auto& l : listeners) shown_addresses.push_back(l->socket->bound());
    }
    traces.use(s);
    for (auto& w : workers) w->use(s);
    desk->tell_workers();
    health->use(s);
    objects->use(s);
}

void gateway::parts::open_ledger() {
    if (conf->state.ledger.empty()) return;
    ledger::options how;
    how.path = conf->state.ledger;
    how.beside_predecessor = given.predecessor() != 0;
    how.on_fault = [](std::string_view what) { telemetry::log(telemetry::level::error, what); };
    std::string error;
    spend = ledger::ledger::open(std::move(how), error);
    if (!spend) throw std::runtime_error("cannot open the ledger: " + error);
    if (const auto& r = spend->recovered(); r.recovered > 0)
        telemetry::log(telemetry::level::warn,
                       std::to_string(r.recovered) + " requests that were in flight when weir ended were settled from their last progress");
    if (spend->retain(conf->state.keep, core::wall_clock::now()) > 0) spend->compact();
}

// Budgets go on where they were before a restart, and new ones start at what was spent before.
void gateway::parts::follow_spend(const std::shared_ptr<const policy::key_ring>& keys, const std::shared_ptr<const policy::key_ring>& before) {
    if (!spend) return;
    if (!follower)
        follower = std::make_unique<spend_follower>(*spend, [this](bool alone) {
            if (fleet) fleet->alone_in_family(alone);
        });
    follower->begin(keys, before);
}

// What was learned of the models goes on where it was before a restart.
void gateway::parts::recall_habits(const pools::snapshot& s) {
    using policy::model_habits;
    if (!spend) return;
    for (const auto& kept : spend->kept().models()) {
        auto* of = s.habits_of(kept.name);
        if (!of) continue;
        const auto& n = kept.numbers;
        of->output_factor.restore(n[0], n[1], model_habits::factor_bounds);
        of->tokens_per_byte.restore(n[2], n[3], model_habits::byte_bounds);
        of->answer_tokens.restore(n[4], n[5], model_habits::answer_bounds);
    }
}

void gateway::parts::keep_habits() {
    if (!spend) return;
    std::vector<ledger::kept_model> models;
    for (const auto& [label, of] : to_show()->habits) {
        const auto& [factor, per_byte, answer] = std::tie(of->output_factor, of->tokens_per_byte, of->answer_tokens);
        if (factor.samples() + per_byte.samples() + answer.samples() == 0) continue;
        models.push_back({label, {factor.value(), factor.samples(), per_byte.value(), per_byte.samples(), answer.value(), answer.samples()}});
    }
    if (!models.empty()) (void)spend->kept().keep_models(models);
}

void gateway::parts::keep_objects() {
    exchange::object_keeper::settings how;
    if (spend) how.books = &spend->objects();
    how.shares_books = [this, predecessor = given.predecessor()] {
        return handed_over || (predecessor != 0 && ::kill(static_cast<pid_t>(predecessor), 0) == 0);
    };
    how.tell = [to = workers.front().get()](exchange::late_spend what) {
        to->post([to, what = std::move(what)] { to->lends().metrics.spend().late(what.key, what.model_label, what.pool, what.usage, what.cost); });
    };
    objects = std::make_unique<exchange::object_keeper>(std::move(how));
    for (auto& w : workers) w->lends().objects = objects.get();
    for (auto& w : workers) w->lends().scout = &scout;
}

// Everything that is done now and then beside the requests.
void gateway::parts::keep_house() {
    house.every(std::chrono::hours{1}, [this] { objects->expire(core::wall_clock::now()); });
    house.every(std::chrono::seconds{2}, [this] { audit.look(metrics, core::clock::now()); });
    if (spend) {
        house.every(std::chrono::seconds{10}, [this] { keep_habits(); });
        house.every(std::chrono::hours{1}, [this] {
            if (spend->retain(to_show()->conf->state.keep, core::wall_clock::now()) > 0) spend->compact();
        });
    }
    if (follower) watch.every(std::chrono::milliseconds{500}, [this] { follower->look(); });
    if (spend && fleet) watch.every(std::chrono::seconds{2}, [this] { remember_weirs(); });
    house.start();
    watch.start();
}

// Before the first request, so that it finds what the others have spent.
void gateway::parts::join_fleet(const pools::snapshot& s) {
    constexpr auto first_answer_within = std::chrono::seconds{1};
    if (!conf->state.shared) return;
    std::random_device entropy;
    const auto fresh = static_cast<std::int64_t>((std::uint64_t{entropy()} << 31U) ^ entropy());
    fleet::identity who{std::to_string(spend ? spend->kept().identity(fresh) : fresh), std::to_string(spend ? spend->instance() : 0), 0};
    if (spend) who.weirs_remembered = weirs_remembered = static_cast<int>(spend->kept().number("weirs"));
    fleet = std::make_unique<fleet::fleet>(*conf->state.shared, std::move(who),
                                           [](std::string_view what) { telemetry::log(telemetry::level::warn, what); });
    if (spend) fleet->alone_in_family(spend->alone());
    fleet->use(s.keys);
    fleet->start(first_answer_within);
}

// For the next start, should it not reach the store.
void gateway::parts::remember_weirs() {
    if (!fleet || !spend) return;
    const int weirs = fleet->now().weirs_to_remember;
    if (weirs > 0 && weirs != weirs_remembered && spend->kept().keep("weirs", weirs)) weirs_remembered = weirs;
}

std::optional<admin::ledger_facts> gateway::parts::ledger_facts() const {
    if (!spend) return std::nullopt;
    return admin::ledger_facts{!spend->failing(), spend->journals().lost(), spend->journals().bytes()};
}

void gateway::parts::make_desk() {
    admin::operations::settings of;
    for (auto& w : workers) of.workers.push_back(w.get());
    of.current = [this] { return to_show(); };
    of.facts = [this] {
        admin::process_facts facts;
        {
            const std::scoped_lock lock(shown_mutex);
            facts.addresses = shown_addresses;
        }
        facts.last_reload_ok = reload_ok;
        facts.draining = counts.draining;
        facts.fleet = fleet.get();
        facts.audited = audit.verdicts();
        facts.ledger = ledger_facts();
        return facts;
    };
    of.metrics = &metrics;
    of.ledger = conf->state.ledger;
    desk = std::make_unique<admin::operations>(std::move(of));
    desk->take_over(given.note());
    admin::admin_api::settings how;
    how.token = conf->admin_token;
    how.local = admin::is_local_address(conf->admin_address);
    // The address is the one of the start, as a reload does not move it; `conf` is the control thread's.
    how.knows_host = [this, loopback = admin::is_loopback(conf->admin_address)](std::string_view host) {
        return policy::allows_host({to_show()->conf->admin_hosts, loopback}, host);
    };
    how.reload = [this] {
        const auto file = to_show()->conf->file;
        std::string faults;
        const auto checked = config::load(file, config::process_environment());
        for (const auto& f : checked.faults)
            if (!f.warning) faults += (faults.empty() ? "" : "\n") + config::to_string(f);
        // The control thread reloads, as it does for whoever else sends this.
        if (faults.empty()) ::kill(::getpid(), SIGHUP);
        return faults;
    };
    api = std::make_unique<admin::admin_api>(*desk, std::move(how));
}

void gateway::parts::make_admin() {
    metrics.add_source([this](auto& families) {
        const auto s = to_show();
        admin::add_upstream_families(*s, core::clock::now(), families);
        admin::add_conf_families(*s, reload_ok, families);
        auto connections = telemetry::make_family("weir_upstream_connections");
        for (const auto& pool : s->pools)
            for (const auto& up : pool.upstreams)
                telemetry::add_value(connections, {{"pool", pool.conf->name}, {"upstream", up.conf->name}}, up.target->connections->load());
        families.push_back(std::move(connections));
    });
    metrics.add_source([this](auto& families) {
        auto delay = telemetry::make_family("weir_event_loop_delay_seconds");
        for (const auto& w : workers)
            telemetry::add_value(delay, {{"worker", std::to_string(w->index())}}, std::chrono::duration<double>(w->event_loop_delay()).count());
        families.push_back(std::move(delay));
    });
    metrics.add_source([this](auto& families) { log.collect(families); });
    metrics.add_source([this](auto& families) { traces.collect(families); });
    metrics.add_source([this](auto& families) {
        if (const auto facts = ledger_facts()) admin::add_ledger_families(*facts, families);
    });
    if (fleet) metrics.add_source([this](auto& families) { admin::add_fleet_families(*fleet, families); });
    admin::admin_handlers handlers;
    handlers.metrics = [this](telemetry::exposition format) { return metrics.render(format); };
    handlers.ready = [this](std::string& why) {
        if (counts.draining)
            why = "draining";
        else if (spend && spend->failing() && to_show()->conf->state.refuse_on_failure)
            why = "the ledger cannot be written (state.on_failure: refuse)";
        else if (!any_upstream_usable(*to_show(), *desk, core::clock::now()))
            why = "no pool has a usable upstream";
        return why.empty();
    };
    handlers.status_json = [this] { return desk->status(); };
    handlers.live = [this] { return desk->live(); };
    handlers.knows_host = [this](std::string_view host) { return api->knows_host(host); };
    handlers.api = [this](const admin::admin_request& asked) { return api->answer(asked); };
    admin_socket = listen_on("admin", conf->admin_address);
    admin = std::make_unique<admin::admin_server>(admin_socket, std::move(handlers));
    for (const auto& rest : given.close_rest())
        telemetry::log(telemetry::level::warn,
                       "was started with a socket on " + rest + " that no listener of the conf has as its address; it is closed");
}

gateway::gateway(std::shared_ptr<const config::conf> conf, net::inherited_sockets given)
    : parts_(std::make_unique<parts>(std::move(conf), std::move(given))) {}

gateway::~gateway() {
    if (parts_->started) drain_and_stop([] { return true; });
}

void gateway::start() {
    auto& p = *parts_;
    std::signal(SIGPIPE, SIG_IGN);
    p.counts.descriptors = raise_descriptor_limit();
    net::connections_below = p.counts.descriptors - net::kept_from_connections(p.counts.descriptors);
    if (p.counts.descriptors < p.conf->limits.connections)
        telemetry::log(telemetry::level::warn, "limits.connections is " + std::to_string(p.conf->limits.connections) +
                                                   ", but this process may open " + std::to_string(p.counts.descriptors) +
                                                   " files: clients get at most " + std::to_string(p.counts.connections_that_fit()) +
                                                   " connections; raise its limit of open files (LimitNOFILE=)");
    if (!p.log.error().empty()) throw std::runtime_error(p.log.error());
    const int count = worker_count(*p.conf);
    p.open_ledger();
    for (int i = 0; i < count; ++i) p.workers.push_back(std::make_unique<worker::worker>(i, p.metrics, p.log, p.counts));
    for (auto& w : p.workers) w->lends().spans = &p.traces.worker_lane(static_cast<std::size_t>(w->index()));
    if (p.spend)
        for (int i = 0; i < count; ++i) p.workers[static_cast<std::size_t>(i)]->lends().ledger = {&p.spend->worker_journal(i), &p.spend->failing()};
    p.keep_objects();
    p.listeners = p.make_listeners(*p.conf);
    auto first = pools::make_snapshot(p.conf, p.names, nullptr);
    p.follow_spend(first->keys, nullptr);
    p.recall_habits(*first);
    p.join_fleet(*first);
    p.shown = first;
    p.make_desk();
    p.make_admin();
    p.health = std::make_unique<probe::health_checker>();
    p.counts.doubt = [health = p.health.get()] { health->look_at_doubts(); };
    p.publish(first);
    std::vector<worker::worker*> all;
    for (auto& w : p.workers) all.push_back(w.get());
    for (auto& w : p.workers) w->listen(p.listeners, all);
    for (auto& w : p.workers) w->start(false);
    p.admin->start();
    p.keep_house();
    p.started = true;
}

void gateway::reload(std::shared_ptr<const config::conf> conf) {
    auto& p = *parts_;
    // Everything that can fail comes first; what follows cannot be half done.
    auto next = pools::make_snapshot(conf, p.names, p.current.get());
    const auto& old = *p.conf;
    if (conf->admin_address != old.admin_address || conf->workers != old.workers || conf->state.ledger != old.state.ledger ||
        shared_of(*conf) != shared_of(old) || conf->log.access != old.log.access)
        telemetry::log(telemetry::level::warn,
                       "changes of admin.address, workers, state.ledger, state.shared and log.access take effect at the next start");
    auto listeners = p.make_listeners(*conf);
    p.follow_spend(next->keys, p.current->keys);
    if (p.fleet) p.fleet->use(next->keys);
    p.conf = std::move(conf);
    std::swap(p.listeners, listeners);
    p.publish(next);
    std::vector<worker::worker*> all;
    for (auto& w : p.workers) all.push_back(w.get());
    for (auto& w : p.workers) w->listen(p.listeners, all);
    // Connections keep the listener that they came by; without this the kernel would go on to take new ones that nobody accepts.
    for (const auto& before : listeners) {
        const auto stays = [&](const auto& now) { return now->socket == before->socket; };
        if (std::none_of(p.listeners.begin(), p.listeners.end(), stays)) before->socket->stop();
    }
    p.api->use_token(p.conf->admin_token);
    p.await_workers();
    p.reload_ok = true;
}

// Who is told of a reload may rely on it: each worker has taken the conf, but for one that is very busy.
void gateway::parts::await_workers() const {
    constexpr auto longest = std::chrono::seconds{1};
    const auto due = std::make_shared<std::atomic<int>>(static_cast<int>(workers.size()));
    for (const auto& w : workers) w->post([due] { due->fetch_sub(1); });
    const auto until = core::clock::now() + longest;
    while (due->load() > 0 && core::clock::now() < until) std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

void gateway::reload_failed() { parts_->reload_ok = false; }

void gateway::reopen_logs() {
    if (const auto why = parts_->log.reopen(); !why.empty()) telemetry::log(telemetry::level::error, why);
}

std::vector<std::string> gateway::addresses() const {
    std::vector<std::string> out;
    for (const auto& l : parts_->listeners) out.push_back(l->socket->bound());
    return out;
}

std::string gateway::admin_address() const { return parts_->admin ? parts_->admin->address() : std::string{}; }

std::vector<net::handed_socket> gateway::sockets() const {
    std::vector<net::handed_socket> out;
    for (const auto& l : parts_->listeners) out.push_back({"listener", l->name, l->socket->fd(), l->socket->shared()});
    out.push_back({"admin", parts_->conf->admin_address, parts_->admin_socket->fd(), parts_->admin_socket->shared()});
    return out;
}

std::string gateway::begin_hand_over() {
    flush_ledger();
    return parts_->desk->hand_over();
}

void gateway::keep_on() { parts_->desk->keep_on(); }

void gateway::hand_over() {
    auto& p = *parts_;
    p.handed_over = true;
    p.objects->leave_asking_to_successor();
    for (const auto& l : p.listeners) l->socket->share();
    p.admin_socket->share();
    p.admin->retire();
}

void gateway::flush_ledger() {
    if (parts_->spend) (void)parts_->spend->flush();
}

bool gateway::workers_turn() {
    auto& p = *parts_;
    if (p.turns_due->load() > 0) return false;
    p.turns_due->store(static_cast<int>(p.workers.size()));
    for (auto& w : p.workers) w->post([due = p.turns_due] { due->fetch_sub(1); });
    return true;
}

void gateway::drain_and_stop(const std::function<bool()>& give_up) {
    auto& p = *parts_;
    if (!p.started) return;
    p.started = false;
    p.counts.draining = true;
    for (auto& w : p.workers) w->drain();
    // Sessions still hold their listener: without this the kernel would go on to take connections that nobody will serve.
    for (const auto& l : p.listeners) l->socket->stop();
    p.listeners.clear();
    // A worker may have taken a connection in the batch before it heard of this: only now nobody takes any more, and what there is can be counted.
    p.await_workers();
    const auto until = core::after(core::clock::now(), p.conf->limits.drain_timeout);
    // Connections handed over to a worker but not adopted yet are counted by its load.
    const auto loaded = [&] {
        int n = p.counts.connections.load();
        for (auto& w : p.workers) n = std::max(n, w->load());
        return n;
    };
    while (loaded() > 0 && core::clock::now() < until && !(give_up && give_up())) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    if (loaded() > 0) {
        for (auto& w : p.workers) w->abort_all();
        // Last words get two seconds (exchange::end_now), and their connections a moment to end.
        const auto last = core::clock::now() + std::chrono::milliseconds{2500};
        while (loaded() > 0 && core::clock::now() < last) std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    p.health->stop();
    p.admin->stop();
    p.admin_socket.reset();
    for (auto& w : p.workers) w->stop_and_join();
    p.objects->stop();
    p.traces.stop();
    p.watch.stop();
    p.remember_weirs();
    p.fleet.reset();
    p.house.stop();
    p.keep_habits();
    p.log.flush();
}

}  // namespace weir::app
