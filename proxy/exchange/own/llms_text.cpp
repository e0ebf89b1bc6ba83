#include "exchange/own/llms_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/glob.hpp"
#include "dialect/model_list.hpp"
#include "setup/instructions.hpp"
#include "usage/money.hpp"

namespace weir::exchange {
namespace {

using dialect::kind;

struct api {
    kind dialect;
    std::string_view name;
    std::string_view clients;
    std::string_view base_path;  ///< what SDKs of it want behind the origin
    std::string_view endpoints;
};

constexpr std::array apis{
    api{kind::openai, "OpenAI", "OpenAI SDKs and compatible clients (`base_url`, `OPENAI_BASE_URL`)", "/v1",
        "- `POST /v1/chat/completions`, `POST /v1/responses`, `POST /v1/completions`; `\"stream\": true` for server-sent events\n"
        "- `POST /v1/embeddings`, `POST /v1/moderations`, `POST /v1/rerank`\n"
        "- `POST /v1/images/generations`, `POST /v1/images/edits`, `POST /v1/images/variations`\n"
        "- `POST /v1/audio/speech`, `POST /v1/audio/transcriptions`, `POST /v1/audio/translations`\n"
        "- `POST /v1/videos`, `/v1/files`, `/v1/batches`, `/v1/fine_tuning/...`, `/v1/uploads/...`\n"
        "- `GET /v1/realtime?model=` as a WebSocket; `GET /v1/responses` too, for keys without limits on models or output tokens (426: use HTTP)\n"},
    api{kind::anthropic, "Anthropic", "Anthropic SDKs and Claude Code (`base_url`, `ANTHROPIC_BASE_URL`)", "",
        "- `POST /v1/messages`; `\"stream\": true` for server-sent events\n"
        "- `POST /v1/messages/count_tokens`\n"},
    api{kind::gemini, "Gemini", "Google GenAI SDKs (`http_options.base_url`, `GOOGLE_GEMINI_BASE_URL`)", "",
        "- `POST /v1beta/models/{model}:generateContent`, `:streamGenerateContent`\n"
        "- `POST /v1beta/models/{model}:countTokens`, `:embedContent`\n"},
};

bool is_spoken(const llms_view& what, kind dialect) {
    return std::any_of(what.models.begin(), what.models.end(), [&](const auto& m) { return m.dialect == dialect; });
}

void add_price(std::string& out, const usage::model_price& price) {
    out += ": " + dialect::per_million_string(price.price.input) + " USD per million input tokens, " +
           dialect::per_million_string(price.price.output) + " per million output tokens";
    if (price.per_request != 0) out += ", " + usage::usd_string(price.per_request) + " per request";
    if (!price.tiers.empty()) out += "; more for prompts above " + std::to_string(price.tiers.front().above) + " tokens";
}

void add_models(std::string& out, const llms_view& what, kind dialect) {
    for (const auto& m : what.models) {
        if (m.dialect != dialect) continue;
        out += core::is_glob(m.name) ? "- any name that matches `" + m.name + "`" : "- `" + m.name + "`";
        if (m.price) add_price(out, *m.price);
        out += "\n";
    }
}

/// What `weir setup` says, a line each.
void add_clients(std::string& out, const llms_view& what) {
    const setup::gateway here{what.origin, "KEY", {}};
    out += "\n## Clients\n\n";
    for (const auto& each : setup::known_clients()) out += "- " + each.title + ": " + setup::filled(each.summary, here, "MODEL") + "\n";
}

}  // namespace

std::string write_llms_text(const llms_view& what) {
    std::string out =
        "# weir\n\n"
        "> A gateway to large language models: one base URL for the models below. Requests and answers are those of the providers' own APIs,\n"
        "> so their SDKs work unchanged.\n\n"
        "## Base URL\n\n";
    for (const auto& one : apis)
        if (is_spoken(what, one.dialect)) out.append("- ").append(one.clients).append(": `").append(what.origin).append(one.base_path).append("`\n");
    out += "\n## Key\n\n";
    out += what.keys ? "Send the key that you were given as `Authorization: Bearer KEY`, `x-api-key`, `api-key`, `x-goog-api-key` or `?key=`,\n"
                       "whichever your SDK uses. Providers' own keys do not work here.\n"
                     : "No key of its own is asked for; credentials that you send go to the provider, unless it has its own here.\n";
    for (const auto& one : apis) {
        if (!is_spoken(what, one.dialect)) continue;
        out.append("\n## ").append(one.name).append(" API\n\nEndpoints:\n\n").append(one.endpoints).append("\nModels:\n\n");
        add_models(out, what, one.dialect);
    }
    add_clients(out, what);
    out +=
        "\n## Good to know\n\n"
        "- `GET /v1/models` lists the models of your key as JSON.\n"
        "- Errors are JSON in the shape of the API that you call; `error.message` says what to do.\n"
        "- Every answer has an `x-request-id`: name it when you ask for help.\n"
        "- On 429 and 503 wait as long as `Retry-After` says.\n";
    return out;
}

}  // namespace weir::exchange
