#include "app/admin_side.hpp"

#include <unistd.h>

#include <csignal>
#include <utility>

#include "config/load.hpp"
#include "policy/web_guard.hpp"
#include "telemetry/event_log.hpp"

namespace weir::app {
namespace {

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

// Checks the conf as it stands in its file now, and has it read where nothing is wrong with it. Returns the faults, one a line.
std::string check_and_reload(const config::conf_source& from) {
    std::string faults;
    const auto checked = config::load(from);
    for (const auto& f : checked.faults)
        if (!f.warning) faults += (faults.empty() ? "" : "\n") + config::to_string(f);
    // The control thread reloads, as it does for whoever else sends this.
    if (faults.empty()) ::kill(::getpid(), SIGHUP);
    return faults;
}

void add_upstream_connections(const pools::snapshot& s, std::vector<prometheus::MetricFamily>& into) {
    auto connections = telemetry::make_family("weir_upstream_connections");
    for (const auto& pool : s.pools)
        for (const auto& up : pool.upstreams)
            telemetry::add_value(connections, {{"pool", pool.conf->name}, {"upstream", up.conf->name}}, up.target->connections->load());
    into.push_back(std::move(connections));
}

void add_loop_delays(const crew& workers, std::vector<prometheus::MetricFamily>& into) {
    auto delay = telemetry::make_family("weir_event_loop_delay_seconds");
    for (const auto* w : workers.all())
        telemetry::add_value(delay, {{"worker", std::to_string(w->index())}}, std::chrono::duration<double>(w->event_loop_delay()).count());
    into.push_back(std::move(delay));
}

void add_certificates(const in_force& now, std::vector<prometheus::MetricFamily>& into) {
    auto expiry = telemetry::make_family("weir_certificate_expiry_timestamp_seconds");
    for (const auto& each : now.certificates())
        telemetry::add_value(expiry, {{"file", each.file}}, static_cast<double>(core::wall_clock::to_time_t(each.expires)));
    into.push_back(std::move(expiry));
}

}  // namespace

admin_side::admin_side(const subject& of) : of_(of), audit_([](std::string_view what) { telemetry::log(telemetry::level::warn, what); }) {}

admin::process_facts admin_side::facts() const {
    admin::process_facts out;
    out.addresses = of_.now.addresses();
    out.last_reload_ok = of_.now.last_reload_ok;
    out.draining = of_.counts.draining;
    out.fleet = of_.kept.fleet();
    out.audited = audit_.verdicts();
    out.ledger = of_.kept.facts();
    return out;
}

void admin_side::make_desk(const std::string& note) {
    const auto& conf = of_.now.conf();
    admin::operations::settings of;
    of.workers = of_.workers.all();
    of.current = [this] { return of_.now.snapshot(); };
    of.facts = [this] { return facts(); };
    of.metrics = &of_.metrics;
    of.ledger = conf.state.ledger;
    desk_ = std::make_unique<admin::operations>(std::move(of));
    desk_->take_over(note);
    admin::admin_api::settings how;
    how.token = conf.admin_token;
    how.local = admin::is_local_address(conf.admin_address);
    // The address is the one of the start, as a reload does not move it; the conf is the control thread's.
    how.knows_host = [this, loopback = admin::is_loopback(conf.admin_address)](std::string_view host) {
        return policy::allows_host({of_.now.snapshot()->conf->admin_hosts, loopback}, host);
    };
    how.reload = [this] {
        const auto now = of_.now.snapshot();
        return check_and_reload({now->conf->file, now->conf->env_file});
    };
    api_ = std::make_unique<admin::admin_api>(*desk_, std::move(how));
}

void admin_side::add_sources() {
    of_.metrics.add_source([this](auto& families) {
        const auto s = of_.now.snapshot();
        admin::add_upstream_families(*s, core::clock::now(), families);
        admin::add_conf_families(*s, of_.now.last_reload_ok, families);
        add_upstream_connections(*s, families);
        add_certificates(of_.now, families);
        add_loop_delays(of_.workers, families);
        if (const auto ledger = of_.kept.facts()) admin::add_ledger_families(*ledger, families);
        if (const auto* fleet = of_.kept.fleet()) admin::add_fleet_families(*fleet, families);
    });
}

bool admin_side::ready(std::string& why) const {
    const auto* ledger = of_.kept.ledger();
    const auto s = of_.now.snapshot();
    if (of_.counts.draining)
        why = "draining";
    else if (ledger && ledger->failing() && s->conf->state.refuse_on_failure)
        why = "the ledger cannot be written (state.on_failure: refuse)";
    else if (!any_upstream_usable(*s, *desk_, core::clock::now()))
        why = "no pool has a usable upstream";
    return why.empty();
}

void admin_side::open(std::shared_ptr<net::listening_socket> socket) {
    add_sources();
    admin::admin_handlers handlers;
    handlers.metrics = [this](telemetry::exposition format) { return of_.metrics.render(format); };
    handlers.ready = [this](std::string& why) { return ready(why); };
    handlers.status_json = [this] { return desk_->status(); };
    handlers.live = [this] { return desk_->live(); };
    handlers.knows_host = [this](std::string_view host) { return api_->knows_host(host); };
    handlers.api = [this](const admin::admin_request& asked) { return api_->answer(asked); };
    server_ = std::make_unique<admin::admin_server>(std::move(socket), std::move(handlers));
}

}  // namespace weir::app
