// Words, URLs and variables: LiteLLM's documentation of its providers, and the providers' own, as of November 2026.
#include "import/providers.hpp"

#include <algorithm>
#include <array>

namespace weir::import {
namespace {

constexpr std::string_view no_aws =
    "weir does not sign requests for AWS; Bedrock's OpenAI-compatible endpoint (https://bedrock-runtime.REGION.amazonaws.com/openai/v1) takes an API "
    "key, and some of its models";
constexpr std::string_view no_google =
    "weir does not log in at Google Cloud; the Gemini API (dialect: gemini, https://generativelanguage.googleapis.com) takes an API key";
constexpr std::string_view no_such_protocol = "this provider has a protocol of its own, which weir does not speak";
constexpr std::string_view no_login = "this provider wants a login that weir does not do";

constexpr std::array providers{
    provider{.word = "openai", .url = "https://api.openai.com/v1", .variable = "OPENAI_API_KEY"},
    provider{.word = "text-completion-openai", .url = "https://api.openai.com/v1", .variable = "OPENAI_API_KEY"},
    provider{.word = "custom_openai", .url = "https://api.openai.com/v1", .variable = "OPENAI_API_KEY"},
    provider{.word = "openai_like", .variable = "OPENAI_LIKE_API_KEY"},
    provider{.word = "custom", .variable = "CUSTOM_API_KEY"},
    provider{.word = "azure", .variable = "AZURE_API_KEY", .behind = "/openai/v1"},
    provider{.word = "azure_text", .variable = "AZURE_API_KEY", .behind = "/openai/v1"},
    provider{.word = "azure_ai", .variable = "AZURE_AI_API_KEY"},
    provider{.word = "anthropic", .dialect = "anthropic", .url = "https://api.anthropic.com", .variable = "ANTHROPIC_API_KEY"},
    provider{.word = "anthropic_text", .dialect = "anthropic", .url = "https://api.anthropic.com", .variable = "ANTHROPIC_API_KEY"},
    provider{.word = "gemini", .dialect = "gemini", .url = "https://generativelanguage.googleapis.com", .variable = "GEMINI_API_KEY"},
    provider{.word = "groq", .url = "https://api.groq.com/openai/v1", .variable = "GROQ_API_KEY"},
    provider{.word = "mistral", .url = "https://api.mistral.ai/v1", .variable = "MISTRAL_API_KEY", .asks_usage = false},
    provider{.word = "codestral", .url = "https://codestral.mistral.ai/v1", .variable = "CODESTRAL_API_KEY", .asks_usage = false},
    provider{.word = "deepseek", .url = "https://api.deepseek.com/v1", .variable = "DEEPSEEK_API_KEY"},
    provider{.word = "xai", .url = "https://api.x.ai/v1", .variable = "XAI_API_KEY"},
    provider{.word = "openrouter", .url = "https://openrouter.ai/api/v1", .variable = "OPENROUTER_API_KEY"},
    provider{.word = "together_ai", .url = "https://api.together.xyz/v1", .variable = "TOGETHERAI_API_KEY"},
    provider{.word = "fireworks_ai", .url = "https://api.fireworks.ai/inference/v1", .variable = "FIREWORKS_API_KEY"},
    provider{.word = "perplexity", .url = "https://api.perplexity.ai", .variable = "PERPLEXITYAI_API_KEY"},
    provider{.word = "cerebras", .url = "https://api.cerebras.ai/v1", .variable = "CEREBRAS_API_KEY"},
    provider{.word = "deepinfra", .url = "https://api.deepinfra.com/v1/openai", .variable = "DEEPINFRA_API_KEY"},
    provider{.word = "nvidia_nim", .url = "https://integrate.api.nvidia.com/v1", .variable = "NVIDIA_NIM_API_KEY"},
    provider{.word = "sambanova", .url = "https://api.sambanova.ai/v1", .variable = "SAMBANOVA_API_KEY"},
    provider{.word = "github", .url = "https://models.github.ai/inference", .variable = "GITHUB_API_KEY"},
    provider{.word = "moonshot", .url = "https://api.moonshot.ai/v1", .variable = "MOONSHOT_API_KEY"},
    provider{.word = "dashscope", .url = "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", .variable = "DASHSCOPE_API_KEY"},
    provider{.word = "volcengine", .url = "https://ark.cn-beijing.volces.com/api/v3", .variable = "VOLCENGINE_API_KEY"},
    provider{.word = "minimax", .url = "https://api.minimax.io/v1", .variable = "MINIMAX_API_KEY"},
    provider{.word = "zai", .url = "https://api.z.ai/api/paas/v4", .variable = "ZAI_API_KEY"},
    provider{.word = "novita", .url = "https://api.novita.ai/v3/openai", .variable = "NOVITA_API_KEY"},
    provider{.word = "hyperbolic", .url = "https://api.hyperbolic.xyz/v1", .variable = "HYPERBOLIC_API_KEY"},
    provider{.word = "nebius", .url = "https://api.studio.nebius.ai/v1", .variable = "NEBIUS_API_KEY"},
    provider{.word = "featherless_ai", .url = "https://api.featherless.ai/v1", .variable = "FEATHERLESS_AI_API_KEY"},
    provider{.word = "nscale", .url = "https://inference.api.nscale.com/v1", .variable = "NSCALE_API_KEY"},
    provider{.word = "lambda_ai", .url = "https://api.lambda.ai/v1", .variable = "LAMBDA_API_KEY"},
    provider{.word = "aiml", .url = "https://api.aimlapi.com/v1", .variable = "AIML_API_KEY"},
    provider{.word = "meta_llama", .url = "https://api.llama.com/compat/v1", .variable = "LLAMA_API_KEY"},
    provider{.word = "vercel_ai_gateway", .url = "https://ai-gateway.vercel.sh/v1", .variable = "VERCEL_AI_GATEWAY_API_KEY"},
    provider{.word = "huggingface", .url = "https://router.huggingface.co/v1", .variable = "HF_TOKEN"},
    provider{.word = "cohere", .url = "https://api.cohere.ai/compatibility/v1", .variable = "COHERE_API_KEY"},
    provider{.word = "cohere_chat", .url = "https://api.cohere.ai/compatibility/v1", .variable = "COHERE_API_KEY"},
    provider{.word = "voyage", .url = "https://api.voyageai.com/v1", .variable = "VOYAGE_API_KEY"},
    provider{.word = "jina_ai", .url = "https://api.jina.ai/v1", .variable = "JINA_AI_API_KEY"},
    provider{.word = "databricks", .variable = "DATABRICKS_API_KEY"},
    provider{.word = "litellm_proxy", .variable = "LITELLM_PROXY_API_KEY"},
    provider{.word = "hosted_vllm"},
    provider{.word = "vllm", .why_not = "this runs a model inside LiteLLM; run vLLM's own server and give its address"},
    provider{.word = "lm_studio"},
    provider{.word = "llamafile"},
    provider{.word = "xinference", .url = "http://127.0.0.1:9997/v1"},
    provider{.word = "infinity"},
    provider{.word = "ollama", .url = "http://127.0.0.1:11434/v1", .behind = "/v1"},
    provider{.word = "ollama_chat", .url = "http://127.0.0.1:11434/v1", .behind = "/v1"},
    provider{.word = "bedrock", .why_not = no_aws},
    provider{.word = "bedrock_converse", .why_not = no_aws},
    provider{.word = "bedrock_mantle", .why_not = no_aws},
    provider{.word = "sagemaker", .why_not = no_aws},
    provider{.word = "sagemaker_chat", .why_not = no_aws},
    provider{.word = "vertex_ai", .why_not = no_google},
    provider{.word = "vertex_ai_beta", .why_not = no_google},
    provider{.word = "watsonx", .why_not = no_login},
    provider{.word = "oci", .why_not = no_login},
    provider{.word = "github_copilot", .why_not = no_login},
    provider{.word = "chatgpt", .why_not = no_login},
    provider{.word = "gigachat", .why_not = no_login},
    provider{.word = "snowflake", .why_not = no_login},
    provider{.word = "replicate", .why_not = no_such_protocol},
    provider{.word = "predibase", .why_not = no_such_protocol},
    provider{.word = "triton", .why_not = no_such_protocol},
    provider{.word = "petals", .why_not = no_such_protocol},
    provider{.word = "nlp_cloud", .why_not = no_such_protocol},
    provider{.word = "aleph_alpha", .why_not = no_such_protocol},
    provider{.word = "cloudflare", .why_not = "give its OpenAI-compatible endpoint: https://api.cloudflare.com/client/v4/accounts/ACCOUNT/ai/v1"},
    provider{.word = "elevenlabs", .why_not = no_such_protocol},
    provider{.word = "deepgram", .why_not = no_such_protocol},
    provider{.word = "assemblyai", .why_not = no_such_protocol},
    provider{.word = "langflow", .why_not = no_such_protocol},
    provider{.word = "langgraph", .why_not = no_such_protocol},
    provider{.word = "auto_router", .why_not = "weir does not choose models by what a prompt says"},
};

struct bare_name {
    std::string_view begins;
    std::string_view whose;
};
constexpr std::array bare_names{
    bare_name{"gpt-", "openai"},    bare_name{"chatgpt-", "openai"},    bare_name{"o1", "openai"},       bare_name{"o3", "openai"},
    bare_name{"o4", "openai"},      bare_name{"text-", "openai"},       bare_name{"dall-e", "openai"},   bare_name{"tts-", "openai"},
    bare_name{"whisper", "openai"}, bare_name{"omni-mod", "openai"},    bare_name{"ft:", "openai"},      bare_name{"davinci", "openai"},
    bare_name{"sora", "openai"},    bare_name{"claude", "anthropic"},   bare_name{"command", "cohere"},  bare_name{"gemini", "vertex_ai"},
    bare_name{"rerank", "cohere"},  bare_name{"anthropic.", "bedrock"}, bare_name{"amazon.", "bedrock"}, bare_name{"us.", "bedrock"},
    bare_name{"meta.", "bedrock"},  bare_name{"*", "openai"},
};

}  // namespace

const provider* find_provider(std::string_view word) {
    const auto found = std::find_if(providers.begin(), providers.end(), [&](const provider& p) { return p.word == word; });
    return found == providers.end() ? nullptr : &*found;
}

std::string_view provider_of_bare(std::string_view model) {
    const auto found = std::find_if(bare_names.begin(), bare_names.end(), [&](const bare_name& b) { return model.starts_with(b.begins); });
    return found == bare_names.end() ? std::string_view{} : found->whose;
}

}  // namespace weir::import
