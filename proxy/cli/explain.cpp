// `weir explain`: what a request would do, decided by the same tables the server uses. It sends nothing and counts
// nothing.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>

#include "cli/command.hpp"
#include "cli/read_file.hpp"
#include "config/load.hpp"
#include "core/glob.hpp"
#include "dialect/endpoint.hpp"
#include "dialect/endpoint_rights.hpp"
#include "dialect/request.hpp"
#include "exchange/meter/prompt_count.hpp"
#include "exchange/quote.hpp"
#include "exchange/sent_request.hpp"
#include "policy/keys/key_ring.hpp"
#include "policy/route_table.hpp"
#include "policy/unnamed_route.hpp"
#include "token/encoding.hpp"

namespace weir::cli {
namespace {

constexpr std::size_t padding = 64;  // what dialect::inspect may read past the body

struct explain_options {
    std::string conf = default_conf;
    std::string request;
    std::string path = "/v1/chat/completions";
    std::string key;
};

class explanation {
public:
    explanation(const config::conf& conf, const explain_options& with, std::string body)
        : conf_(conf), with_(with), body_(std::move(body)), routes_(conf.routes, pool_names(conf), priced_names(conf)) {}

    int run() {
        const bool understood = endpoint() && request();
        if (!understood) return at_fault;
        const bool admitted = keys();
        const bool routed = route();
        estimate();
        return admitted && routed ? fine : at_fault;
    }

private:
    static std::vector<std::string> pool_names(const config::conf& conf) {
        std::vector<std::string> out;
        out.reserve(conf.pools.size());
        for (const auto& pool : conf.pools) out.push_back(pool.name);
        return out;
    }
    static std::vector<std::string> priced_names(const config::conf& conf) {
        std::vector<std::string> out;
        for (const auto& row : conf.prices.rows())
            if (!core::is_glob(row.pattern)) out.push_back(row.pattern);
        return out;
    }

    static bool refused(const core::error& why) {
        std::cout << "refused      " << core::status_of(why.what) << ' ' << core::name_of(why.what) << ": " << why.message << '\n';
        return false;
    }

    bool endpoint() {
        const auto question = with_.path.find('?');
        path_ = with_.path.substr(0, question);
        query_ = question == std::string::npos ? "" : with_.path.substr(question + 1);
        target_ = dialect::classify("POST", path_, query_, conf_.limits.normalize_paths);
        if (target_.refusal) return refused(target_.refusal);
        std::cout << "endpoint     " << dialect::label_of(target_.id) << " (" << dialect::name_of(target_.dialect) << ")\n";
        if (!target_.hint.empty()) std::cout << "hint         " << target_.hint << '\n';
        return true;
    }

    bool request() {
        if (body_.size() > conf_.limits.request_body)
            return refused({core::code::body_too_large,
                            "the body is larger than limits.request_body (" + std::to_string(conf_.limits.request_body) + " bytes)"});
        if (target_.body == dialect::body_form::json) {
            const auto size = body_.size();
            body_.append(padding, '\0');
            const auto fault = dialect::inspect(target_.id, body_.data(), size, facts_);
            body_.resize(size);
            if (fault) return refused(fault);
        }
        if (const auto fault = exchange::agree_on_model(target_.model, facts_)) return refused(fault);
        std::cout << "model        " << (facts_.model.empty() ? "(none)" : facts_.model) << '\n'
                  << "stream       " << (facts_.stream || target_.streams_by_path ? "yes" : "no") << '\n';
        return true;
    }

    /// Without --key every key is shown; it is admitted if any of them is.
    bool keys() {
        if (conf_.keys.empty()) {
            std::cout << "key          none needed: the client's own credentials pass through\n";
            return true;
        }
        bool any = false, found = false;
        for (const auto& settings : conf_.keys) {
            if (!with_.key.empty() && settings.name != with_.key) continue;
            found = true;
            any |= one_key(policy::key{settings});
        }
        if (!found) std::cout << "key          no key is called '" << with_.key << "'\n";
        return any;
    }

    bool one_key(const policy::key& each) {
        const auto& s = each.settings();
        const bool expired = each.expired(core::wall_clock::now());
        const auto right = dialect::right_for(target_, "POST");
        const bool open = each.allows_endpoint(right.word, right.wanted);
        const bool allowed = each.allows_model(facts_.model) || (facts_.model.empty() && !dialect::works_a_model(target_));
        const bool priced = !each.refuses_unpriced() || right.wanted == core::access::free || !dialect::works_a_model(target_) || has_price();
        std::cout << "key          " << s.name << ": ";
        if (expired)
            std::cout << "refused, key_expired";
        else if (!open)
            std::cout << "refused, endpoint_not_allowed (its word is '" << right.word << "')";
        else if (!allowed)
            std::cout << "refused, model_not_allowed";
        else if (!priced)
            std::cout << "refused, model_not_priced (unpriced: serve would let it)";
        else
            std::cout << "admitted";
        if (!s.allow.empty()) std::cout << "; only from certain addresses (" << s.allow.size() << ')';
        if (s.requests_per_minute > 0) std::cout << "; " << s.requests_per_minute << " requests a minute";
        if (s.tokens_per_minute > 0) std::cout << "; " << s.tokens_per_minute << " tokens a minute";
        if (s.concurrent > 0) std::cout << "; " << s.concurrent << " at once";
        for (const auto& budget : s.budgets) std::cout << "; $" << usage::usd_string(budget.amount) << " every " << budget.window;
        if (s.max_output_tokens > 0) std::cout << "; at most " << s.max_output_tokens << " output tokens";
        std::cout << '\n';
        if (!with_.key.empty()) output_limit_ = s.max_output_tokens;
        return !expired && open && allowed && priced;
    }

    bool has_price() {
        const auto* found = routes_.find(facts_.model);
        return found == nullptr || exchange::quote_for(conf_, *found, found->size(), facts_.model, {}).priced;
    }

    [[nodiscard]] std::optional<std::size_t> first_that_speaks() const {
        for (std::size_t i = 0; i < conf_.pools.size(); ++i)
            if (conf_.pools[i].dialect == target_.dialect) return i;
        return std::nullopt;
    }

    bool route() {
        const auto* found =
            facts_.model.empty() ? policy::route_without_model(routes_, std::nullopt, first_that_speaks()) : routes_.find(facts_.model);
        if (found == nullptr) {
            std::cout << "route        none\n";
            return refused(exchange::no_route(routes_, facts_.model));
        }
        std::cout << "route        " << found->pattern() << '\n';
        for (std::size_t i = 0; i < found->size(); ++i) candidate(i + 1, found->at(i, facts_.model));
        return true;
    }

    void candidate(std::size_t number, const policy::candidate& to) {
        const auto& pool = conf_.pools[to.pool];
        std::cout << "candidate " << number << "  pool " << pool.name << " (" << dialect::name_of(pool.dialect) << "), model " << to.model
                  << (to.larger_context ? ", also for prompts too long for those before" : "") << '\n';
        if (exchange::is_foreign(pool, target_))
            std::cout << "             sent as it is, in another dialect: " << exchange::foreign_hint(pool, target_) << '\n';
        const bool collects = exchange::is_collected(pool, target_, facts_);
        if (collects) std::cout << "             collect: asked for as a stream, answered as one document\n";
        changes(exchange::wishes_for(pool, facts_, to.model, collects, output_limit_));
        const std::string renamed = !target_.model.empty() && to.model != facts_.model ? std::string{to.model} : std::string{};
        for (const auto& upstream : pool.upstreams) {
            std::cout << "             " << upstream.name << ": " << upstream.scheme << "://" << upstream.host << ':' << upstream.port
                      << exchange::path_sent(pool, upstream, target_, renamed, collects) << ", weight " << upstream.weight << ", ";
            if (upstream.max_requests > 0) std::cout << "at most " << upstream.max_requests << " requests at once, ";
            price(conf_.prices.find(to.model, upstream.name));
        }
        second_attempt(pool);
        limits(pool);
    }

    /// What of the body is written anew on the way there.
    void changes(const dialect::wishes& wish) const {
        if (target_.body != dialect::body_form::json || target_.id == dialect::endpoint::other) return;
        std::string told;
        for (const auto& edit : dialect::plan_edits(target_.id, facts_, wish)) told += (told.empty() ? "" : ", ") + edit.with;
        if (!told.empty()) std::cout << "             changed in the body: " << told << '\n';
    }

    static void second_attempt(const config::pool_conf& pool) {
        if (!pool.hedge) return;
        const auto& h = *pool.hedge;
        std::cout << "             when the first token of a stream, or the head of another answer, comes later than "
                  << (h.quantile_percent > 0 ? "that of " + std::to_string(h.quantile_percent) + "% lately" : std::to_string(h.after.count()) + " ms")
                  << ", there is a second attempt (for at most " << h.budget_percent << "% of the requests)\n";
    }

    /// What the pool does to a request beyond sending it.
    static void limits(const config::pool_conf& pool) {
        const bool limited =
            std::any_of(pool.upstreams.begin(), pool.upstreams.end(), [](const config::upstream_conf& u) { return u.max_requests > 0; });
        if (!limited) return;
        std::cout << "             when all are full: ";
        if (pool.queue.size == 0) {
            std::cout << "goes on at once\n";
            return;
        }
        std::cout << "waits behind at most " << pool.queue.size << " others";
        if (pool.queue.timeout.count() > 0) std::cout << ", for at most " << pool.queue.timeout.count() << " ms";
        std::cout << '\n';
    }

    static void price(const usage::model_price* found) {
        if (found == nullptr) {
            std::cout << "no price: it will cost 0, and keys with budgets pass it over (unpriced)\n";
            return;
        }
        const auto per_million = [](usage::picousd rate) { return usage::usd_string(rate * 1000); };
        std::cout << '$' << per_million(found->price.input) << " in, $" << per_million(found->price.output) << " out per million tokens ("
                  << found->pattern << ")\n";
    }

    void estimate() {
        const auto encoding = token::encoding_for(facts_.model);
        const auto seen = exchange::count_prompt(encoding.enc, body_);
        if (!seen.is_request) return;
        std::cout << "input        about " << seen.tokens << " tokens (" << token::name(encoding.enc)
                  << (encoding.exact && seen.complete ? "" : ", estimated") << ")\n";
        if (facts_.max_output) std::cout << "output       at most " << *facts_.max_output << " tokens\n";
    }

    const config::conf& conf_;
    const explain_options& with_;
    std::string body_;
    std::string path_, query_;
    policy::route_table routes_;
    dialect::target target_;
    dialect::request_facts facts_;
    std::int64_t output_limit_ = 0;  ///< of the key, where one was named
};

int explain(const explain_options& with) {
    const auto loaded = config::load(with.conf, config::process_environment());
    if (!loaded.value) {
        for (const auto& fault : loaded.faults) std::cerr << config::to_string(fault) << '\n';
        return at_fault;
    }
    auto body = read_file(with.request);
    if (!body) {
        std::cerr << "weir: " << with.request << ": " << std::strerror(errno) << '\n';
        return at_fault;
    }
    return explanation{*loaded.value, with, std::move(*body)}.run();
}

}  // namespace

void add_explain(command_list& all) {
    auto command = all.add("explain", "say what a request would do: key, route, candidates, price, tokens");
    const auto with = std::make_shared<explain_options>();
    command.argument("REQUEST", with->request, "a file with the request's body; - for standard input");
    command.option("-c,--conf", with->conf, "the conf file", "FILE");
    command.option("--path", with->path, "the endpoint it is sent to");
    command.option("--key", with->key, "as the key of this name; default: shows each", "NAME");
    command.footer(
        "Sends nothing. Exit code 1 when the request would be refused.\nExample:\n  weir explain -c conf/weir.yaml "
        "request.json");
    command.runs([with] { return explain(*with); });
}

}  // namespace weir::cli
