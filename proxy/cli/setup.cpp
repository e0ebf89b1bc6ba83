// `weir setup`: what to write where, so that a client calls this gateway.
#include <algorithm>
#include <array>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "config/suggest.hpp"
#include "config/url.hpp"
#include "exchange/own/model_lists.hpp"
#include "net/resolver.hpp"
#include "pools/snapshot.hpp"
#include "setup/instructions.hpp"

namespace weir::cli {
namespace {

struct wishes {
    conf_choice conf;
    std::string client, key, model, url;
};

int print(const std::string& text) {
    std::cout << text << std::flush;
    if (std::cout) return fine;
    std::cerr << "weir: the output cannot be written\n";
    return at_fault;
}

int list_clients() {
    std::size_t widest = 0, widest_title = 0;
    for (const auto& each : setup::known_clients()) {
        widest = std::max(widest, each.name.size());
        widest_title = std::max(widest_title, each.title.size());
    }
    std::string out;
    for (const auto& each : setup::known_clients())
        out += each.name + std::string(widest + 2 - each.name.size(), ' ') + each.title + std::string(widest_title + 2 - each.title.size(), ' ') +
               (each.tried.empty() ? "not tried" : "tried: " + each.tried) + "\n";
    return print(out + "\nweir setup CLIENT says what to write where.\n");
}

/// Where clients on this machine reach the first listener; empty: nobody can say. `hint`: what else one has to know.
std::string origin_of(const net::listener_settings& first, std::string& hint) {
    const std::string_view address = first.address;
    const auto colon = address.rfind(':');
    if (address.starts_with("unix:") || colon == std::string_view::npos || address.substr(colon + 1) == "0") return {};
    auto host = std::string{address.substr(0, colon)};
    if (host == "0.0.0.0" || host == "[::]" || host == "*") {
        host = "127.0.0.1";
        hint = "From other machines the address is another: say --url.";
    }
    return (first.tls ? "https://" : "http://") + host + std::string{address.substr(colon)};
}

struct family {
    std::string_view host;
    std::string_view begins;
};
constexpr std::array families{family{"api.openai.com", "gpt-"},
                              family{"api.openai.com", "o3"},
                              family{"api.openai.com", "o4"},
                              family{"api.anthropic.com", "claude-"},
                              family{"api.deepseek.com", "deepseek"},
                              family{"generativelanguage.googleapis.com", "gemini"},
                              family{"api.x.ai", "grok"},
                              family{"api.mistral.ai", "mistral"},
                              family{"api.mistral.ai", "codestral"}};

/// Whether a provider may have a model, for all that the names tell.
bool may_have(std::string_view host, std::string_view model) {
    bool is_known = false;
    for (const auto& each : families) {
        if (each.host != host) continue;
        is_known = true;
        if (model.starts_with(each.begins)) return true;
    }
    return !is_known;
}

struct found_models {
    std::vector<std::string> names;  ///< what a route or a key says, then what the price list has
    bool are_written = false;        ///< some are of the first kind
};

/// As GET /v1/models has them, but that of the price list only those count which the upstreams may have: nobody was asked.
found_models models_of(const pools::snapshot& from, const policy::key* caller) {
    found_models out;
    std::vector<std::string> priced;
    const auto contains = [](const std::vector<std::string>& all, const std::string& name) {
        return std::find(all.begin(), all.end(), name) != all.end();
    };
    for (auto& each : exchange::model_lists{from, caller}.callable()) {
        if (contains(from.model_names, each) || !contains(from.catalogue, each)) {
            out.names.push_back(std::move(each));
            continue;
        }
        const auto* const route = from.routes->find(each);
        if (route == nullptr) continue;
        const auto& upstreams = from.pools[route->pool_of(0)].conf->upstreams;
        if (std::any_of(upstreams.begin(), upstreams.end(), [&](const config::upstream_conf& u) { return may_have(u.host, each); }))
            priced.push_back(std::move(each));
    }
    out.are_written = !out.names.empty();
    std::move(priced.begin(), priced.end(), std::back_inserter(out.names));
    return out;
}

class client_setup {
public:
    client_setup(const setup::client& what, const wishes& with, const std::shared_ptr<const config::conf>& conf)
        : what_(what), with_(with), conf_(*conf), snapshot_(pools::make_snapshot(conf, names_, nullptr)) {}

    int run() {
        if (!find_key() || !find_origin()) return wrong_usage;
        auto found = models_of(*snapshot_, caller_);
        at_.models = std::move(found.names);
        if (!with_.model.empty() && !is_served(with_.model)) return at_fault;
        auto out = setup::instructions(what_, at_, with_.model);
        if (!hint_.empty()) out += "\n" + hint_ + "\n";
        if (with_.model.empty() && at_.models.empty())
            out += "\nThe routes name no model, and no price file does: MODEL is one that the provider has. --model says it.\n";
        if (with_.model.empty() && !found.are_written && !at_.models.empty())
            out += "\nThe routes name no model: these are of the price list. GET /v1/models of the running weir says what there is.\n";
        return print(out + "\n" + key_words());
    }

private:
    bool find_key() {
        at_.key = snapshot_->has_keys() ? "YOUR-KEY" : passes_keys_on() ? "PROVIDER-KEY" : "any-text";
        if (with_.key.empty()) return true;
        std::vector<std::string> names;
        for (const auto& each : snapshot_->keys->keys()) {
            names.emplace_back(each.name());
            if (each.name() == with_.key) caller_ = &each;
        }
        if (caller_ != nullptr) {
            at_.key = "SECRET-OF-" + with_.key;
            return true;
        }
        std::cerr << "weir: no key is called '" << with_.key << "'" << config::did_you_mean(config::nearest(with_.key, names)) << '\n';
        return false;
    }

    bool find_origin() {
        if (with_.url.empty()) {
            at_.origin = origin_of(conf_.listeners.front(), hint_);
            if (!at_.origin.empty()) return true;
            std::cerr << "weir: clients cannot be told where " << conf_.listeners.front().address << " is; say --url http://HOST:PORT\n";
            return false;
        }
        const auto url = config::parse_base_url(with_.url);
        if (!url.value) {
            std::cerr << "weir: --url: " << url.problem << config::did_you_mean(url.suggestion) << '\n';
            return false;
        }
        at_.origin = url.value->url;
        if (at_.origin.ends_with("/v1")) at_.origin.resize(at_.origin.size() - 3);
        return true;
    }

    bool is_served(const std::string& model) {
        if (snapshot_->routes->find(model) != nullptr && (caller_ == nullptr || caller_->allows_model(model))) return true;
        std::cerr << "weir: no route serves '" << model << "'" << (caller_ != nullptr ? " to that key" : "")
                  << config::did_you_mean(config::nearest(model, at_.models)) << '\n';
        return false;
    }

    /// Clients' own credentials reach an upstream.
    [[nodiscard]] bool passes_keys_on() const {
        return std::any_of(conf_.pools.begin(), conf_.pools.end(), [](const config::pool_conf& pool) {
            return std::any_of(pool.upstreams.begin(), pool.upstreams.end(), [](const config::upstream_conf& u) { return u.api_key.empty(); });
        });
    }

    [[nodiscard]] std::string key_words() const {
        if (!snapshot_->has_keys() && passes_keys_on())
            return at_.key + ": the provider's own key, where it asks for one; weir has none of its own for every upstream, and passes it on.\n";
        if (!snapshot_->has_keys()) return "Key: none is asked for here; clients want one all the same, and any text will do.\n";
        if (caller_ != nullptr) return at_.key + ": the secret of the key '" + with_.key + "', which stands nowhere here.\n";
        return at_.key + ": the secret of one of the conf's keys (--key NAME says which, and then its models are named).\n";
    }

    const setup::client& what_;
    const wishes& with_;
    const config::conf& conf_;
    net::resolver names_{net::resolver::settings{.threads = 0}};
    std::shared_ptr<const pools::snapshot> snapshot_;
    const policy::key* caller_ = nullptr;
    setup::gateway at_;
    std::string hint_;
};

int set_up(const wishes& with) {
    if (with.client.empty()) return list_clients();
    const auto* const client = setup::find_client(with.client);
    if (client == nullptr) {
        std::cerr << "weir: no client is called '" << with.client << "'" << config::did_you_mean(setup::nearest_client(with.client))
                  << "\nsee: weir setup\n";
        return wrong_usage;
    }
    const auto conf = with.conf.load_without_secrets();
    return conf ? client_setup{*client, with, conf}.run() : at_fault;
}

}  // namespace

void add_setup(command_list& all) {
    auto command = all.add("setup", "say what to write where, so that a client calls this gateway");
    const auto with = std::make_shared<wishes>();
    command.optional_argument("CLIENT", with->client, "codex, claude-code, cursor, open-webui, openai-sdk, ...; without it: all that are known");
    command.conf(with->conf);
    command.option("--key", with->key, "the key that the client will show: its models are named", "NAME");
    command.option("--model", with->model, "the model that the client shall ask for", "MODEL");
    command.option("--url", with->url, "where clients reach weir; default: the first listener", "URL");
    command.footer(
        "Needs no running weir, and prints no secret. Each answer says whether that client was tried, in which version.\nExample:\n  weir setup "
        "codex "
        "-c conf/weir.yaml\n  weir setup claude-code --key team-search --url https://weir.example");
    command.runs([with] { return set_up(*with); });
}

}  // namespace weir::cli
