// `weir explain`: what a request would do, decided by the same tables the server uses. It sends nothing and counts
// nothing.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>
#include <vector>

#include "cli/command.hpp"
#include "cli/read_file.hpp"
#include "config/load.hpp"
#include "dialect/credentials.hpp"
#include "dialect/endpoint.hpp"
#include "dialect/endpoint_rights.hpp"
#include "dialect/endpoint_traits.hpp"
#include "dialect/request.hpp"
#include "exchange/intake.hpp"
#include "exchange/meter/prompt_count.hpp"
#include "exchange/sent_request.hpp"
#include "exchange/translation/translated_request.hpp"
#include "http/chars.hpp"
#include "http/head.hpp"
#include "net/resolver.hpp"
#include "policy/keys/key_ring.hpp"
#include "pools/snapshot.hpp"
#include "record/request_record.hpp"
#include "token/encoding.hpp"

namespace weir::cli {
namespace {

constexpr std::size_t padding = 64;  // what dialect::inspect may read past the body

struct explain_options {
    conf_choice conf;
    std::string request;
    std::string path = "/v1/chat/completions";
    std::string key;
    std::vector<std::string> headers;
};

/// The name of a field as it was said; empty: it is none.
std::string_view name_of_field(std::string_view said) {
    const auto name = said.substr(0, said.find(':'));
    const bool whole = name.size() < said.size() && http::all(name, http::tchar);
    return whole && http::find_control(said.data(), said.data() + said.size()) == said.data() + said.size() ? name : std::string_view{};
}

/// Fields that stand once and are written for the body that is at hand.
bool is_framing(std::string_view name) { return http::iequals(name, "content-length") || http::iequals(name, "transfer-encoding"); }

/// Why a field cannot be part of the request; empty: it can.
std::string fault_in_field(const std::string& said) {
    const auto name = name_of_field(said);
    if (name.empty()) return "--header: '" + said + "' is no header: write \"name: value\"";
    if (is_framing(name)) return "--header: " + std::string{name} + " is what the body at hand has, and cannot be said";
    return {};
}

/// The head of the request; what is said replaces what stands there by itself.
std::string head_of(const explain_options& with, std::size_t size) {
    std::string own{"host: localhost\r\n"}, type{"content-type: application/json\r\n"}, said;
    for (const auto& each : with.headers) {
        if (http::iequals(name_of_field(each), "host")) own.clear();
        if (http::iequals(name_of_field(each), "content-type")) type.clear();
        said += each + "\r\n";
    }
    return "POST " + with.path + " HTTP/1.1\r\n" + own + type + said + "content-length: " + std::to_string(size) + "\r\n\r\n";
}

class explanation {
public:
    explanation(std::shared_ptr<const config::conf> conf, const explain_options& with, std::string body)
        : conf_(*conf),
          with_(with),
          body_(std::move(body)),
          head_text_(head_of(with, body_.size())),
          snapshot_(pools::make_snapshot(std::move(conf), names_, nullptr)) {}

    int run() {
        if (!request()) return at_fault;
        const auto unrouted = intake_.find_route({});
        const bool admitted = keys();
        const bool routed = unrouted ? refused_route(unrouted) : route();
        estimate();
        return admitted && routed ? fine : at_fault;
    }

private:
    static bool refused(const core::error& why) {
        std::cout << "refused      " << core::status_of(why.what) << ' ' << core::name_of(why.what) << ": " << why.message << '\n';
        return false;
    }

    static bool refused_route(const core::error& why) {
        std::cout << "route        none\n";
        return refused(why);
    }

    /// What the server's own intake makes of head and body.
    bool request() {
        const auto parsed = http::parse_request_head(head_text_, head_text_.size() + 1, head_);
        if (parsed.state != http::parse_state::done)
            return refused(with_.headers.empty() ? core::error{core::code::bad_request, "'" + with_.path + "' is no path of a request"}
                                                 : core::error{parsed.code, std::string{parsed.why}});
        intake_.classify(head_);
        told_.time = core::wall_clock::now();
        if (const auto why = intake_.check_head(head_, {})) return refused(why);
        const auto& target = asked_.target;
        std::cout << "endpoint     " << dialect::label_of(target.id) << " (" << dialect::name_of(target.dialect) << ")\n";
        if (!target.hint.empty()) std::cout << "hint         " << target.hint << '\n';
        if (const auto why = intake_.check_size(head_)) return refused(why);
        const auto size = body_.size();
        body_.append(padding, '\0');
        const auto why = intake_.understand(head_, {body_.data(), size});
        body_.resize(size);
        if (why) return refused(why);
        std::cout << "model        " << (asked_.facts.model.empty() ? "(none)" : asked_.facts.model) << '\n'
                  << "stream       " << (told_.stream ? "yes" : "no") << '\n';
        return true;
    }

    /// Without --key every key is shown; it is admitted if any of them is.
    bool keys() {
        if (!snapshot_->has_keys()) {
            std::cout << "key          none needed: the client's own credentials pass through\n";
            return true;
        }
        std::string_view named = with_.key;
        if (named.empty() && !dialect::find_credential(head_).empty()) {
            if (const auto why = intake_.check_caller(head_, "127.0.0.1"); !asked_.caller) return refused(why);
            named = asked_.caller->name();
        }
        bool any = false, found = false;
        for (const auto& each : snapshot_->keys->keys()) {
            if (!named.empty() && each.name() != named) continue;
            found = true;
            any |= one_key(each);
        }
        if (!found) std::cout << "key          no key is called '" << with_.key << "'\n";
        return any;
    }

    /// What the server would say to it, as if nothing had been used so far.
    core::code verdict_on(const policy::key& each) {
        asked_.caller = &each;
        if (each.expired(told_.time)) return core::code::key_expired;
        if (const auto why = intake_.check_rights(head_)) return why.what;
        if (!asked_.route) return each.allows_model(asked_.facts.model) ? core::code::none : core::code::model_not_allowed;
        return snapshot_->keys->admit(&each, intake_.need(body_.size()), core::clock::now(), told_.time).refused.what;
    }

    bool one_key(const policy::key& each) {
        const auto& s = each.settings();
        const auto verdict = verdict_on(each);
        std::cout << "key          " << s.name << ": " << (verdict == core::code::none ? "admitted" : "refused, ");
        if (verdict != core::code::none) std::cout << core::name_of(verdict);
        if (verdict == core::code::endpoint_not_allowed) std::cout << " (its word is '" << dialect::right_for(asked_.target, "POST").word << "')";
        if (verdict == core::code::model_not_priced) std::cout << " (unpriced: serve would let it)";
        if (!s.allow.empty()) std::cout << "; only from certain addresses (" << s.allow.size() << ')';
        if (s.requests_per_minute > 0) std::cout << "; " << s.requests_per_minute << " requests a minute";
        if (s.tokens_per_minute > 0) std::cout << "; " << s.tokens_per_minute << " tokens a minute";
        if (s.concurrent > 0) std::cout << "; " << s.concurrent << " at once";
        for (const auto& budget : s.budgets) std::cout << "; $" << usage::usd_string(budget.amount) << " every " << budget.window;
        if (s.max_output_tokens > 0) std::cout << "; at most " << s.max_output_tokens << " output tokens";
        std::cout << '\n';
        if (!with_.key.empty() || !dialect::find_credential(head_).empty()) output_limit_ = s.max_output_tokens;
        return verdict == core::code::none;
    }

    bool route() {
        const auto& found = *asked_.route;
        std::cout << "route        " << found.pattern() << '\n';
        core::error first;
        bool served = false;
        for (std::size_t i = 0; i < exchange::candidates(asked_); ++i) {
            auto why = candidate(i + 1, found.at(i, asked_.facts.model));
            served |= !why;
            if (why && !first) first = std::move(why);
        }
        return served || !first || refused(first);
    }

    /// Why that place does not serve it; none: it does.
    core::error candidate(std::size_t number, const policy::candidate& to) {
        const auto& pool = conf_.pools[to.pool];
        std::cout << "candidate " << number << "  pool " << pool.name << " (" << dialect::name_of(pool.dialect) << "), model " << to.model
                  << (to.larger_context ? ", also for prompts too long for those before" : "") << '\n';
        // As outgoing decides it.
        const bool is_read =
            asked_.understood && (asked_.target.body == dialect::body_form::json || asked_.target.body == dialect::body_form::multipart);
        const auto how = is_read ? exchange::service_of(pool, asked_, to.model, conf_) : exchange::service{};
        if (how.is == exchange::service::as::refused) return not_served(exchange::not_served(pool, asked_));
        const bool collects = exchange::is_collected(pool, asked_.target, asked_.facts);
        if (how.is == exchange::service::as::translated) return translated(how, to, collects);
        native(pool);
        if (collects) std::cout << "             collect: asked for as a stream, answered as one document\n";
        changes(exchange::wishes_for(pool, asked_.facts, to.model, collects, output_limit_));
        const std::string renamed = !asked_.path_model.empty() && to.model != asked_.facts.model ? std::string{to.model} : std::string{};
        upstreams(to, [&](const auto& upstream) { return exchange::path_sent(pool, upstream, asked_.target, renamed, collects); });
        return {};
    }

    core::error translated(const exchange::service& how, const policy::candidate& to, bool collects) {
        const auto& there = snapshot_->pools[to.pool];
        const exchange::translated_request made{
            how, asked_, {body_.data(), body_.size()}, {&there, nullptr, to.model}, conf_, {collects, output_limit_}};
        std::cout << "             translated   " << made.said().label << '\n';
        if (made.refused()) return not_served(made.refused());
        if (!made.said().dropped.empty()) std::cout << "             dropped      " << made.said().dropped << '\n';
        if (!made.said().changed.empty()) std::cout << "             changed      " << made.said().changed << '\n';
        if (collects) std::cout << "             collect: asked for as a stream, answered as one document\n";
        upstreams(to, [&](const auto& upstream) { return made.path_at(upstream); });
        return {};
    }

    static core::error not_served(core::error why) {
        std::cout << "             not served   " << core::status_of(why.what) << ' ' << core::name_of(why.what) << ": " << why.message << '\n';
        return why;
    }

    /// The request goes there as it came.
    void native(const config::pool_conf& pool) const {
        const auto word = dialect::traits_of(asked_.target.id).word;
        const bool is_said = std::find(pool.speaks.begin(), pool.speaks.end(), word) != pool.speaks.end();
        if (exchange::is_foreign(pool, asked_.target) && !is_said)
            std::cout << "             sent as it is, in another dialect: " << exchange::foreign_hint(pool, asked_.target) << '\n';
        else
            std::cout << "             native       " << (asked_.target.id == dialect::endpoint::other ? "as it came" : word) << '\n';
    }

    /// `path_at`: what each of them is asked for.
    template <class F>
    void upstreams(const policy::candidate& to, const F& path_at) const {
        const auto& pool = conf_.pools[to.pool];
        for (const auto& upstream : pool.upstreams) {
            std::cout << "             " << upstream.name << ": " << upstream.scheme << "://" << upstream.host << ':' << upstream.port
                      << path_at(upstream) << ", weight " << upstream.weight << ", ";
            if (upstream.max_requests > 0) std::cout << "at most " << upstream.max_requests << " requests at once, ";
            price(conf_.prices.find(to.model, upstream.name));
        }
        second_attempt(pool);
        limits(pool);
    }

    /// What of the body is written anew on the way there.
    void changes(const dialect::wishes& wish) const {
        if (asked_.target.body != dialect::body_form::json || asked_.target.id == dialect::endpoint::other) return;
        std::string told;
        for (const auto& edit : dialect::plan_edits(asked_.target.id, asked_.facts, wish)) told += (told.empty() ? "" : ", ") + edit.with;
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
        const auto encoding = token::encoding_for(asked_.facts.model);
        const auto seen = exchange::count_prompt(encoding.enc, body_);
        if (!seen.is_request) return;
        std::cout << "input        about " << seen.tokens << " tokens (" << token::name(encoding.enc)
                  << (encoding.exact && seen.complete ? "" : ", estimated") << ")\n";
        if (asked_.facts.max_output) std::cout << "output       at most " << *asked_.facts.max_output << " tokens\n";
    }

    const config::conf& conf_;
    const explain_options& with_;
    std::string body_, head_text_;
    net::resolver names_{net::resolver::settings{.threads = 0}};
    std::shared_ptr<const pools::snapshot> snapshot_;
    http::request_head head_;
    exchange::asked asked_;
    record::request_record told_;
    exchange::intake intake_{*snapshot_, asked_, told_};
    std::int64_t output_limit_ = 0;  ///< of the key, where one was named
};

int explain(const explain_options& with) {
    for (const auto& each : with.headers) {
        const auto fault = fault_in_field(each);
        if (fault.empty()) continue;
        std::cerr << "weir: " << fault << '\n';
        return wrong_usage;
    }
    const auto loaded = config::load(with.conf.source());
    if (!loaded.value) {
        for (const auto& fault : loaded.faults) std::cerr << config::to_string(fault) << '\n';
        return at_fault;
    }
    auto body = read_file(with.request);
    if (!body) {
        std::cerr << "weir: " << with.request << ": " << std::strerror(errno) << '\n';
        return at_fault;
    }
    return explanation{loaded.value, with, std::move(*body)}.run();
}

}  // namespace

void add_explain(command_list& all) {
    auto command = all.add("explain", "say what a request would do: key, route, candidates, price, tokens");
    const auto with = std::make_shared<explain_options>();
    command.argument("REQUEST", with->request, "a file with the request's body; - for standard input");
    command.conf(with->conf);
    command.option("--path", with->path, "the endpoint it is sent to");
    command.options("--header", with->headers, "a header of the request, as \"name: value\"; several times for several", "HEADER");
    command.option("--key", with->key, "as the key of this name; default: shows each", "NAME");
    command.footer(
        "Sends nothing. Exit code 1 when the request would be refused.\nExample:\n  weir explain -c conf/weir.yaml "
        "request.json");
    command.runs([with] { return explain(*with); });
}

}  // namespace weir::cli
