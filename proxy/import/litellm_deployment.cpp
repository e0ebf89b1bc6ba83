// One deployment of LiteLLM's model_list as a place: whose it is, where, with which key, and what else is said of it.
#include <algorithm>
#include <array>

#include "config/cursor.hpp"
#include "config/units.hpp"
#include "import/litellm.hpp"
#include "import/providers.hpp"
#include "import/source_text.hpp"

namespace weir::import::litellm {
namespace {

struct known_key {
    std::string_view name;
    std::string_view why;  ///< it is left out; empty: it is read
};

constexpr std::string_view is_default = "a default that clients may override; weir has none: `set` on an upstream would hold against them";
constexpr std::string_view in_place = "what an upstream may take in a minute is not limited by weir; its share follows it where no weight is said";

constexpr std::array known_keys{
    known_key{"model", ""},
    known_key{"custom_llm_provider", ""},
    known_key{"api_base", ""},
    known_key{"base_url", ""},
    known_key{"api_key", ""},
    known_key{"api_version", ""},
    known_key{"weight", ""},
    known_key{"order", ""},
    known_key{"timeout", ""},
    known_key{"stream_timeout", ""},
    known_key{"max_retries", ""},
    known_key{"num_retries", ""},
    known_key{"max_parallel_requests", ""},
    known_key{"extra_headers", ""},
    known_key{"headers", ""},
    known_key{"organization", ""},
    known_key{"extra_body", ""},
    known_key{"additional_drop_params", ""},
    known_key{"litellm_credential_name", ""},
    known_key{"input_cost_per_token", ""},
    known_key{"output_cost_per_token", ""},
    known_key{"cache_read_input_token_cost", ""},
    known_key{"cache_creation_input_token_cost", ""},
    known_key{"rpm", in_place},
    known_key{"tpm", in_place},
    known_key{"drop_params", "not needed: what a dialect cannot say is left out in translation, and the client is told"},
    known_key{"temperature", is_default},
    known_key{"top_p", is_default},
    known_key{"max_tokens", is_default},
    known_key{"max_completion_tokens", is_default},
    known_key{"seed", is_default},
    known_key{"stop", is_default},
    known_key{"stream", is_default},
    known_key{"presence_penalty", is_default},
    known_key{"frequency_penalty", is_default},
    known_key{"reasoning_effort", is_default},
    known_key{"thinking", is_default},
    known_key{"response_format", is_default},
    known_key{"mock_response", "weir makes up no answers; `weir demo` has a mock provider"},
    known_key{"tags", "routes do not look at tags"},
    known_key{"azure_ad_token", "weir does not log in at Entra ID; use an API key of the resource"},
    known_key{"tenant_id", "weir does not log in at Entra ID; use an API key of the resource"},
    known_key{"client_id", "weir does not log in at Entra ID; use an API key of the resource"},
    known_key{"client_secret", "weir does not log in at Entra ID; use an API key of the resource"},
    known_key{"max_budget", "budgets are those of keys"},
    known_key{"budget_duration", "budgets are those of keys"},
    known_key{"use_in_pass_through", "weir passes every path below /v1 through"},
    known_key{"merge_reasoning_content_in_choices", "thoughts stay where the provider puts them"},
    known_key{"ssl_verify", "say it on the upstream: tls: {verify: off}, or better tls: {ca: FILE}"},
};

struct price_name {
    std::string_view theirs, ours;
};
constexpr std::array price_names{price_name{"input_cost_per_token", "input"}, price_name{"output_cost_per_token", "output"},
                                 price_name{"cache_read_input_token_cost", "cached_input"},
                                 price_name{"cache_creation_input_token_cost", "cache_write"}};

/// `0.7` is 70.
std::int64_t hundredths(std::string_view text) {
    const auto point = std::min(text.find('.'), text.size());
    const auto parsed = config::parse_decimal(std::string{text.substr(0, point)} + std::string{text.substr(point, 3)}, 2);
    constexpr std::int64_t most = 100'000'000;
    return parsed.value && *parsed.value <= most ? *parsed.value : 0;
}

class deployment_reader {
public:
    deployment_reader(const foreign& entry, const foreign& credentials, draft& into) : entry_(entry), params_(entry["litellm_params"]), into_(into) {
        const auto named = params_["litellm_credential_name"].text();
        for (const auto& each : credentials.items())
            if (!named.empty() && each["credential_name"].text() == named) credential_ = each["credential_values"];
    }

    std::optional<deployment> read() {
        out_.model_name = entry_["model_name"].text();
        out_.to.line = entry_.line();
        place_.origin = "line " + std::to_string(entry_.line());
        if (!params_.is_map()) return leave_out("it has no litellm_params");
        if (out_.model_name.empty()) return leave_out("it has no model_name");
        if (!config::is_model_pattern(out_.model_name) || out_.model_name.find('?') != std::string::npos)
            return leave_out("a name that clients ask for cannot have these characters here");
        if (!read_model() || !read_address()) return std::nullopt;
        read_key();
        read_limits();
        read_body();
        say_what_is_left();
        place_.name = std::string{provider_->word};
        out_.to.place = place_index(into_.places, place_);
        read_prices();
        return out_;
    }

private:
    std::optional<deployment> leave_out(std::string_view why) {
        into_.left_out.add(entry_.line(), out_.model_name.empty() ? "an entry of model_list" : out_.model_name, why);
        return std::nullopt;
    }
    bool refuse(std::string_view why) { return leave_out(why).has_value(); }

    /// Of the entry, else of the credential that it names.
    [[nodiscard]] foreign param(std::string_view key) const {
        const auto own = params_[key];
        return own.is_absent() ? credential_[key] : own;
    }

    bool read_model() {
        std::string model = params_["model"].text();
        if (model.empty()) return refuse("its litellm_params have no model");
        if (const auto name = variable_in(model); !name.empty()) return read_variable_model(name);
        std::string word = params_["custom_llm_provider"].text();
        const auto slash = model.find('/');
        const auto front = std::string_view{model}.substr(0, slash);
        if (slash != std::string::npos && (word == front || (word.empty() && find_provider(front) != nullptr))) {
            word = std::string{front};
            model.erase(0, slash + 1);
        } else if (word.empty()) {
            word = param("api_base").is_absent() ? std::string{provider_of_bare(model)} : "openai";
            if (word.empty() && slash != std::string::npos) word = std::string{front};
        }
        provider_ = find_provider(word);
        if (provider_ == nullptr && !param("api_base").is_absent() && !word.empty()) provider_ = find_provider("openai_like");
        if (provider_ == nullptr)
            return refuse(word.empty() ? "nobody knows whose model that is: write openai/ in front, and an api_base"
                                       : "the provider " + shown(word) + " is not known here: write openai/ in front, and an api_base");
        if (!provider_->why_not.empty()) return refuse(provider_->why_not);
        constexpr std::array<std::string_view, 4> ways{"responses/", "chat/", "completion/", "realtime/"};
        for (const auto way : ways)
            if (provider_->word != "huggingface" && provider_->word != "openrouter" && model.starts_with(way)) model.erase(0, way.size());
        if (model == "*" && out_.model_name == "*" && slash == std::string::npos)
            into_.left_out.add(entry_.line(), "*", "whatever has no other route goes to OpenAI; LiteLLM asks whoever the name says: add the others");
        const bool stars_differ = std::count(model.begin(), model.end(), '*') > std::count(out_.model_name.begin(), out_.model_name.end(), '*');
        if (stars_differ || std::count(out_.model_name.begin(), out_.model_name.end(), '*') > 1 || !config::is_model_pattern(model))
            return refuse("weir cannot make the provider's name of a name like that");
        out_.to.sent = model;
        return true;
    }

    /// What the variable holds is not known here: only an address of its own says whose the model is.
    bool read_variable_model(std::string_view name) {
        if (param("api_base").is_absent()) return refuse("its model is the variable " + shown(name) + ", and no api_base says whose it is");
        provider_ = find_provider("openai");
        out_.to.sent = into_.secrets.from_environment(name);
        into_.left_out.add(params_["model"].line(), "model", "the variable must be the provider's own name, without a word like openai/ in front");
        return true;
    }

    bool read_address() {
        place_.dialect = std::string{provider_->dialect};
        place_.ask_usage = provider_->asks_usage;
        auto written = param("api_base").text();
        if (written.empty()) written = param("base_url").text();
        if (written.empty()) {
            place_.url = std::string{provider_->url};
            return !place_.url.empty() || refuse("it has no api_base, and nobody else says where it is");
        }
        // A resource of Foundry has Anthropic's dialect below /anthropic, and OpenAI's below Azure's usual path.
        const bool is_foundry = provider_->word == "azure_ai" && written.find(".services.ai.azure.com") != std::string::npos;
        const bool is_anthropic = is_foundry && written.find("/anthropic") != std::string::npos;
        if (is_anthropic) place_.dialect = "anthropic";
        if (is_foundry && !is_anthropic) written.resize(written.find(".services.ai.azure.com") + std::string_view{".services.ai.azure.com"}.size());
        const auto base = base_address_of(with_variables(written, into_.secrets), is_foundry && !is_anthropic ? "/openai/v1" : provider_->behind);
        if (!base.problem.empty()) return refuse(base.problem);
        if (provider_->word == "azure_ai" && base.url.find("${") != std::string::npos)
            into_.left_out.add(
                entry_.line(), out_.model_name,
                "its address is a variable, and OpenAI's dialect is assumed: https://NAME.services.ai.azure.com/openai/v1; for Claude say "
                "dialect: anthropic, and an address that ends with /anthropic");
        place_.url = base.url;
        constexpr std::string_view version = "/v1";
        if (place_.dialect != "openai" && place_.url.ends_with(version)) place_.url.resize(place_.url.size() - version.size());
        if (provider_->behind == "/openai/v1" && !param("api_version").is_absent())
            into_.left_out.add(param("api_version").line(), "api_version", "Azure's v1 API, which weir asks, has none");
        if (variable_in(written).size() > 0 && !provider_->behind.empty())
            into_.left_out.add(param("api_base").line(), "api_base",
                               "its variable must not end with a slash, nor with " + std::string{provider_->behind});
        return true;
    }

    void read_key() {
        const auto key = param("api_key");
        const auto text = key.text();
        if (const auto name = variable_in(text); !name.empty()) {
            place_.api_key = into_.secrets.from_environment(name);
        } else if (text.empty() || is_no_key(text)) {
            const bool is_public = !is_near(place_.url) && place_.url.find("${") == std::string::npos;
            if (!provider_->variable.empty() && (is_public || (text.empty() && place_.url.find("${") != std::string::npos)))
                place_.api_key = into_.secrets.from_environment(provider_->variable);
        } else {
            const std::string wanted{provider_->variable.empty() ? "UPSTREAM_API_KEY" : provider_->variable};
            place_.api_key = into_.secrets.for_secret(text, wanted, key.line());
        }
    }

    /// Older files have it beside litellm_params.
    [[nodiscard]] std::int64_t limit(std::string_view key) const { return params_[key].integer().value_or(entry_[key].integer().value_or(0)); }

    void read_limits() {
        out_.weight = hundredths(params_["weight"].text());
        out_.to.tier = params_["order"].integer().value_or(0);
        out_.requests_per_minute = std::max<std::int64_t>(limit("rpm"), 0);
        out_.tokens_per_minute = std::max<std::int64_t>(limit("tpm"), 0);
        if (const auto most = params_["max_parallel_requests"].integer().value_or(0); most > 0 && most <= 1'000'000'000) place_.max_requests = most;
        if (const auto ms = params_["timeout"].seconds_as_ms()) place_.first_byte_ms = place_.first_token_ms = *ms;
        if (const auto ms = params_["stream_timeout"].seconds_as_ms()) place_.first_token_ms = *ms;
        auto retries = params_["max_retries"].integer();
        if (!retries) retries = params_["num_retries"].integer();
        if (retries && *retries >= 0 && *retries < 100) place_.attempts = *retries + 1;
    }

    void read_body() {
        for (const auto key : {"extra_headers", "headers"}) add_headers(place_, param(key), provider_->word, into_);
        if (const auto organization = param("organization"); !organization.is_absent())
            add_header(place_, "OpenAI-Organization", organization, provider_->word, into_);
        for (const auto& [name, value] : params_["extra_body"].members()) {
            const auto json = value.as_json();
            if (json && can_be_set(name, *json))
                place_.set.emplace_back(name, *json);
            else
                into_.left_out.add(value.line(), "extra_body: " + name, "`set` cannot say it");
        }
        for (const auto& each : params_["additional_drop_params"].items()) {
            const auto name = each.text();
            const bool fits = !name.empty() && name.find_first_of("[]${} ") == std::string::npos;
            const bool known = std::find(place_.drop.begin(), place_.drop.end(), name) != place_.drop.end();
            if (fits && !known) place_.drop.push_back(name);
            if (!fits) into_.left_out.add(each.line(), "additional_drop_params", "`drop` cannot say it");
        }
    }

    void say_what_is_left() {
        for (const auto& [name, value] : params_.members()) {
            const auto known = std::find_if(known_keys.begin(), known_keys.end(), [&, &key = name](const known_key& k) { return k.name == key; });
            if (known == known_keys.end())
                into_.left_out.add(value.line(), name, "weir has nothing of that kind for an upstream");
            else if (!known->why.empty())
                into_.left_out.add(value.line(), name, known->why);
        }
        for (const auto& [name, value] : entry_.members())
            if (name == "rpm" || name == "tpm")
                into_.left_out.add(value.line(), name, in_place);
            else if (name != "model_name" && name != "litellm_params" && name != "model_info")
                into_.left_out.add(value.line(), name, "weir has nothing of that kind for a model");
        constexpr std::array<std::string_view, 3> harmless{"id", "mode", "base_model"};
        for (const auto& [name, value] : entry_["model_info"].members())
            if (std::find(harmless.begin(), harmless.end(), name) == harmless.end() && name.find("_cost") == std::string::npos)
                into_.left_out.add(value.line(), "model_info: " + name, "what is known of models stands in conf/models.yaml (`capabilities`)");
    }

    void read_prices() {
        for (const auto& [theirs, ours] : price_names) {
            auto said = params_[theirs];
            if (said.is_absent()) said = entry_["model_info"][theirs];
            if (said.is_absent()) continue;
            if (const auto rate = per_million(said.text()))
                out_.rates.emplace_back(ours, *rate);
            else
                into_.left_out.add(said.line(), theirs, "it is no price");
        }
    }

    const foreign& entry_;
    const foreign params_;
    foreign credential_;
    draft& into_;
    deployment out_;
    place place_;
    const provider* provider_ = nullptr;
};

}  // namespace

std::optional<deployment> read_deployment(const foreign& entry, const foreign& credentials, draft& into) {
    return deployment_reader{entry, credentials, into}.read();
}

}  // namespace weir::import::litellm
