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
#include "exchange/attempt/ruled_body.hpp"
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

/// As the first upstream that may be asked knows it.
std::string_view sent_model(exchange::asked& of, const pools::snapshot& by) {
    if (of.route == nullptr) return of.facts.model;
    const auto to = of.route->at(0, of.facts.model, of.names);
    return exchange::place_in(by.pools[to.pool], 0, to.model, of.names).model;
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
            auto why = candidate(i + 1, found.at(i, asked_.facts.model, asked_.names));
            served |= !why;
            if (why && !first) first = std::move(why);
        }
        return served || !first || refused(first);
    }

    /// Why that place does not serve it; none: one of its upstreams does.
    core::error candidate(std::size_t number, const policy::candidate& to) {
        const auto& there = snapshot_->pools[to.pool];
        const auto& pool = *there.conf;
        std::cout << "candidate " << number << "  pool " << pool.name << " (" << dialect::name_of(pool.dialect) << "), model " << to.model
                  << (to.larger_context ? ", also for prompts too long for those before" : "") << '\n';
        core::error first;
        std::string before;
        bool served = false;
        for (std::size_t n = 0; n < there.upstreams.size(); ++n) {
            const auto at = exchange::place_in(there, n, to.model, asked_.names);
            const auto found = way_to(at);
            // Most upstreams of a pool get the same.
            if (found.told != before) std::cout << found.told;
            before = found.told;
            if (found.why) {
                if (!first) first = found.why;
                continue;
            }
            served = true;
            upstream(*at.to->conf, at.model, at.model != to.model, found.path);
        }
        if (!served) return first;
        second_attempt(pool);
        limits(pool);
        return {};
    }

    /// How a request gets to one upstream.
    struct way {
        std::string told;  ///< whole lines
        std::string path;
        core::error why;  ///< it does not

        void tell(std::string_view line) { told.append("             ").append(line).append("\n"); }
        void refuse(core::error with) {
            why = std::move(with);
            tell("not served   " + std::to_string(core::status_of(why.what)) + " " + std::string{core::name_of(why.what)} + ": " + why.message);
        }
    };

    way way_to(const exchange::place& to) {
        const auto& pool = *to.pool->conf;
        way out;
        std::vector<dialect::rule_change> rules;
        const auto ruled = exchange::apply_rules(asked_, body_, to.to->conf->rules, &rules);
        if (ruled && ruled->refused) {
            out.refuse(ruled->refused);
            return out;
        }
        // As outgoing decides it.
        const bool is_read =
            asked_.understood && (asked_.target.body == dialect::body_form::json || asked_.target.body == dialect::body_form::multipart);
        auto how = is_read ? exchange::service_of(to, asked_, ruled ? ruled->facts : asked_.facts, conf_) : exchange::service{};
        const bool collects = exchange::is_collected(pool, asked_.target, asked_.facts);
        if (how.home && made_for(how, to, ruled.get(), collects).refused()) how = {};
        switch (how.is) {
            case exchange::service::as::refused: out.refuse(exchange::not_served(pool, asked_)); return out;
            case exchange::service::as::translated: translated(how, to, ruled.get(), collects, out); break;
            case exchange::service::as::native: native(to, ruled ? ruled->facts : asked_.facts, rules, collects, out); break;
        }
        if (collects && !out.why) out.tell("collect: asked for as a stream, answered as one document");
        return out;
    }

    exchange::translated_request made_for(const exchange::service& how, const exchange::place& to, const exchange::ruled_body* ruled,
                                          bool collects) const {
        const std::string_view body = ruled ? std::string_view{ruled->text} : std::string_view{body_.data(), body_.size()};
        const int choices = ruled ? ruled->facts.choices : asked_.facts.choices;
        return {how, asked_, body, to, conf_, {collects, output_limit_, choices}};
    }

    void translated(const exchange::service& how, const exchange::place& to, const exchange::ruled_body* ruled, bool collects, way& out) {
        const auto made = made_for(how, to, ruled, collects);
        out.tell("translated   " + made.said().label);
        if (made.refused()) return out.refuse(made.refused());
        list("dropped      ", ruled ? ruled->dropped : "", made.said().dropped, out);
        list("changed      ", ruled ? ruled->changed : "", made.said().changed, out);
        out.path = made.path_at(*to.to->conf);
    }

    static void list(const std::string& what, const std::string& by_conf, const std::string& by_translation, way& out) {
        const std::string between = by_conf.empty() || by_translation.empty() ? "" : ", ";
        if (const auto all = by_conf + between + by_translation; !all.empty()) out.tell(what + all);
    }

    /// The request goes there as it came, but for what the conf changes and what weir itself needs.
    void native(const exchange::place& to, const dialect::request_facts& facts, const std::vector<dialect::rule_change>& rules, bool collects,
                way& out) const {
        const auto& pool = *to.pool->conf;
        const auto word = dialect::traits_of(asked_.target.id).word;
        const bool is_said = std::find(pool.speaks.begin(), pool.speaks.end(), word) != pool.speaks.end();
        if (exchange::is_foreign(pool, asked_.target) && !is_said)
            out.tell("sent as it is, in another dialect: " + exchange::foreign_hint(pool, asked_.target));
        else
            out.tell("native       " + std::string{asked_.target.id == dialect::endpoint::other ? "as it came" : word});
        std::string told;
        const auto add = [&told](const std::string& one) { told += (told.empty() ? "changed in the body: " : ", ") + one; };
        for (const auto& each : rules) add(each.json.empty() ? each.path + " dropped" : each.path + ": " + each.json);
        if (asked_.target.body == dialect::body_form::json && asked_.target.id != dialect::endpoint::other)
            for (const auto& edit :
                 dialect::plan_edits(asked_.target.id, facts, exchange::wishes_for(pool, facts, to.model, collects, output_limit_)))
                add(edit.with);
        if (!told.empty()) out.tell(told);
        const std::string renamed = !asked_.path_model.empty() && to.model != asked_.facts.model ? std::string{to.model} : std::string{};
        out.path = exchange::path_sent(pool, *to.to->conf, asked_.target, renamed, collects);
    }

    void upstream(const config::upstream_conf& to, std::string_view model, bool is_renamed, const std::string& path) const {
        std::cout << "             " << to.name << ": " << to.scheme << "://" << to.host << ':' << to.port << path << ", weight " << to.weight
                  << ", ";
        if (to.max_requests > 0) std::cout << "at most " << to.max_requests << " requests at once, ";
        if (is_renamed) std::cout << "model " << model << ", ";
        price(conf_.prices.find(model, to.name));
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
        const auto encoding = token::encoding_for(sent_model(asked_, *snapshot_));
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
