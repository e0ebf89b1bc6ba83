#include "probe/health_question.hpp"

#include "probe/probe_request.hpp"

namespace weir::probe {
namespace {

// "/models" is an endpoint, and the dialect knows where its version goes; any other path stands under the base URL as
// written.
std::string path_of(const pools::pool_runtime& pool, const pools::upstream_runtime& up, const std::string& path) {
    const std::string slash = path.starts_with('/') ? "" : "/";
    if (path != "/models") return up.conf->base_path + slash + path;
    return endpoint_path(pool.conf->dialect, up.conf->base_path, path);
}

std::shared_ptr<const health_question> make_question(const pools::pool_runtime& pool, const pools::upstream_runtime& up,
                                                     const policy::health_check_settings& settings, std::string_view purpose) {
    auto q = std::make_shared<health_question>();
    q->who = pools::spoken_name(*pool.conf, *up.conf);
    q->target = up.target;
    q->settings = settings;
    probe_question what;
    what.path = path_of(pool, up, settings.path);
    what.purpose = purpose;
    q->request = write_probe(pool, up, what);
    q->has_credential = !up.credential_name.empty();
    return q;
}

}  // namespace

std::shared_ptr<const health_question> make_health_question(const pools::pool_runtime& pool, const pools::upstream_runtime& up) {
    return make_question(pool, up, *pool.conf->health_check, "health-check");
}

std::shared_ptr<const health_question> make_credential_question(const pools::pool_runtime& pool, const pools::upstream_runtime& up) {
    return make_question(pool, up, pool.conf->health_check.value_or(policy::health_check_settings{}), "credential-check");
}

bool counts_alike(const policy::health_check_settings& a, const policy::health_check_settings& b) {
    return a.healthy_after == b.healthy_after && a.unhealthy_after == b.unhealthy_after;
}

bool asks_alike(const health_question& a, const health_question& b) {
    const auto& x = a.settings;
    const auto& y = b.settings;
    return a.request == b.request && a.target->identity == b.target->identity && x.interval == y.interval && x.timeout == y.timeout &&
           x.expect_from == y.expect_from && x.expect_to == y.expect_to && counts_alike(x, y);
}

std::string why_failed(const net::dial_result& r, const health_question& q) {
    switch (r.why) {
        case net::dial_failure::name: return r.detail;
        case net::dial_failure::tls: return "TLS: " + r.detail;
        case net::dial_failure::timeout: return "timeout: " + r.detail + " (" + std::to_string(q.settings.timeout.count()) + " ms)";
        default: return "cannot connect: " + r.detail;
    }
}

std::string why_failed(int status, const health_question& q) {
    std::string words = "status " + std::to_string(status);
    if ((status == 401 || status == 403) && !q.has_credential)
        words += " (it has no api_key, so its check sends no credential; `expect` may name this status)";
    return words;
}

}  // namespace weir::probe
