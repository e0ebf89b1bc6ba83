// Any request to the admin API is answered with JSON, CSV or events and a sensible status; without the token nothing is told or done.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "admin/admin_api.hpp"
#include "config/load.hpp"

namespace {

using namespace weir;

// Everything that outlives one input.
struct desk {
    desk() {
        const auto conf = config::load_text(
            "listeners: [{address: 127.0.0.1:0}]\nstate: {ledger: off}\npools: {p: {upstreams: [{name: u, url: 'http://127.0.0.1:1/v1'}]}}\n",
            "/nowhere/weir.yaml", [](std::string_view) { return std::nullopt; });
        current = pools::make_snapshot(conf.value, names, nullptr);
        admin::operations::settings of;
        of.current = [this] { return current; };
        of.facts = [] { return admin::process_facts{}; };
        of.metrics = &metrics;
        told = std::make_unique<admin::operations>(std::move(of));
        admin::admin_api::settings how, closed;
        how.reload = closed.reload = [this] {
            ++reloads;
            return std::string{};
        };
        closed.token = core::secret{"a-token-that-no-input-has"};
        open_api = std::make_unique<admin::admin_api>(*told, std::move(how));
        closed_api = std::make_unique<admin::admin_api>(*told, std::move(closed));
    }
    net::resolver names;
    telemetry::metrics metrics;
    std::shared_ptr<const pools::snapshot> current;
    std::unique_ptr<admin::operations> told;
    std::unique_ptr<admin::admin_api> open_api, closed_api;
    int reloads = 0;
};

std::string_view next_line(std::string_view& from) {
    const auto line = from.substr(0, from.find('\n'));
    from.remove_prefix(std::min(line.size() + 1, from.size()));
    return line;
}

}  // namespace

// A line each: method, path, query, authorization, origin, host; the rest is the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static desk all;
    const std::string copy(reinterpret_cast<const char*>(data), size);
    std::string_view left = copy;
    admin::admin_request r;
    r.method = next_line(left);
    r.path = next_line(left);
    r.query = next_line(left);
    r.authorization = next_line(left);
    r.origin = next_line(left);
    r.host = next_line(left);
    r.body = left;
    const auto got = all.open_api->answer(r);
    if (got.status < 200 || got.status > 499) std::abort();
    if (got.status == 405 && got.allow.empty()) std::abort();
    if (!got.events && got.body.empty()) std::abort();
    const auto before = all.reloads;
    const auto weights = all.told->weights();
    const auto refused = all.closed_api->answer(r);
    if (refused.status != 401 && refused.status != 403) std::abort();
    if (all.reloads != before || all.told->weights() != weights) std::abort();
    return 0;
}
