// Numbers and URLs: New API's constant/channel.go and one-api's relay/channeltype, as of November 2026.
#include "import/channel_types.hpp"

#include <algorithm>
#include <array>

namespace weir::import {
namespace {

constexpr std::string_view v1 = "/v1";
constexpr std::string_view own_protocol = "this provider has a protocol of its own, which weir does not speak";
constexpr std::string_view no_login = "this provider wants a login or a signature that weir does not do";
constexpr std::string_view no_aws =
    "weir does not sign requests for AWS; Bedrock's OpenAI-compatible endpoint takes an API key, and some of its models";
constexpr std::string_view no_google = "weir does not log in at Google Cloud; the Gemini API takes an API key";

constexpr std::array common{
    channel_type{1, "OpenAI", "openai", "https://api.openai.com", v1},
    channel_type{3, "Azure", "openai", "", "/openai/v1"},
    channel_type{4, "Ollama", "openai", "http://127.0.0.1:11434", v1},
    channel_type{5, "OpenAI-SB", "openai", "https://api.openai-sb.com", v1},
    channel_type{6, "OpenAIMax", "openai", "https://api.openaimax.com", v1},
    channel_type{7, "OhMyGPT", "openai", "https://api.ohmygpt.com", v1},
    channel_type{8, "Custom"},
    channel_type{9, "AI.LS", "openai", "https://api.caipacity.com", v1},
    channel_type{10, "AI Proxy", "openai", "https://api.aiproxy.io", v1},
    channel_type{12, "API2GPT", "openai", "https://api.api2gpt.com", v1},
    channel_type{13, "AIGC2D", "openai", "https://api.aigc2d.com", v1},
    channel_type{14, "Anthropic", "anthropic", "https://api.anthropic.com"},
    channel_type{15, "Baidu", "openai", "", "", own_protocol},
    channel_type{16, "Zhipu", "openai", "https://open.bigmodel.cn", "/api/paas/v4"},
    channel_type{17, "Ali", "openai", "https://dashscope.aliyuncs.com", "/compatible-mode/v1"},
    channel_type{18, "Xunfei", "openai", "", "", own_protocol},
    channel_type{19, "360", "openai", "https://api.360.cn", v1},
    channel_type{20, "OpenRouter", "openai", "https://openrouter.ai/api", v1},
    channel_type{22, "FastGPT", "openai", "https://fastgpt.run/api/openapi", v1},
    channel_type{23, "Tencent", "openai", "", "", no_login},
    channel_type{24, "Gemini", "gemini", "https://generativelanguage.googleapis.com"},
};

constexpr std::array of_new_api{
    channel_type{2, "Midjourney", "openai", "", "", own_protocol},
    channel_type{11, "PaLM", "openai", "", "", own_protocol},
    channel_type{21, "AI Proxy Library", "openai", "", "", own_protocol},
    channel_type{25, "Moonshot", "openai", "https://api.moonshot.cn", v1},
    channel_type{26, "Zhipu v4", "openai", "https://open.bigmodel.cn", "/api/paas/v4"},
    channel_type{27, "Perplexity", "openai", "https://api.perplexity.ai"},
    channel_type{31, "01.AI", "openai", "https://api.lingyiwanwu.com", v1},
    channel_type{33, "AWS", "openai", "", "", no_aws},
    channel_type{34, "Cohere", "openai", "https://api.cohere.ai", "/compatibility/v1"},
    channel_type{35, "MiniMax", "openai", "https://api.minimax.chat", v1},
    channel_type{36, "Suno", "openai", "", "", own_protocol},
    channel_type{37, "Dify", "openai", "", "", own_protocol},
    channel_type{38, "Jina", "openai", "https://api.jina.ai", v1},
    channel_type{39, "Cloudflare", "openai", "", "",
                 "give its OpenAI-compatible endpoint: https://api.cloudflare.com/client/v4/accounts/ACCOUNT/ai/v1"},
    channel_type{40, "SiliconFlow", "openai", "https://api.siliconflow.cn", v1},
    channel_type{41, "Vertex AI", "openai", "", "", no_google},
    channel_type{42, "Mistral", "openai", "https://api.mistral.ai", v1},
    channel_type{43, "DeepSeek", "openai", "https://api.deepseek.com", v1},
    channel_type{44, "MokaAI", "openai", "https://api.moka.ai", v1},
    channel_type{45, "VolcEngine", "openai", "https://ark.cn-beijing.volces.com", "/api/v3"},
    channel_type{46, "Baidu v2", "openai", "https://qianfan.baidubce.com", "/v2"},
    channel_type{47, "Xinference", "openai", "", v1},
    channel_type{48, "xAI", "openai", "https://api.x.ai", v1},
    channel_type{49, "Coze", "openai", "", "", own_protocol},
    channel_type{50, "Kling", "openai", "", "", own_protocol},
    channel_type{51, "Jimeng", "openai", "", "", own_protocol},
    channel_type{52, "Vidu", "openai", "", "", own_protocol},
    channel_type{53, "Submodel", "openai", "https://llm.submodel.ai", v1},
    channel_type{54, "Doubao video", "openai", "", "", own_protocol},
    channel_type{55, "Sora", "openai", "https://api.openai.com", v1},
    channel_type{56, "Replicate", "openai", "", "", own_protocol},
    channel_type{57, "Codex", "openai", "", "", no_login},
};

constexpr std::array of_one_api{
    channel_type{2, "API2D", "openai", "https://oa.api2d.net", v1},
    channel_type{11, "PaLM", "openai", "", "", own_protocol},
    channel_type{21, "AI Proxy Library", "openai", "", "", own_protocol},
    channel_type{25, "Moonshot", "openai", "https://api.moonshot.cn", v1},
    channel_type{26, "Baichuan", "openai", "https://api.baichuan-ai.com", v1},
    channel_type{27, "MiniMax", "openai", "https://api.minimax.chat", v1},
    channel_type{28, "Mistral", "openai", "https://api.mistral.ai", v1},
    channel_type{29, "Groq", "openai", "https://api.groq.com/openai", v1},
    channel_type{30, "Ollama", "openai", "http://127.0.0.1:11434", v1},
    channel_type{31, "01.AI", "openai", "https://api.lingyiwanwu.com", v1},
    channel_type{32, "StepFun", "openai", "https://api.stepfun.com", v1},
    channel_type{33, "AWS", "openai", "", "", no_aws},
    channel_type{34, "Coze", "openai", "", "", own_protocol},
    channel_type{35, "Cohere", "openai", "https://api.cohere.ai", "/compatibility/v1"},
    channel_type{36, "DeepSeek", "openai", "https://api.deepseek.com", v1},
    channel_type{37, "Cloudflare", "openai", "", "",
                 "give its OpenAI-compatible endpoint: https://api.cloudflare.com/client/v4/accounts/ACCOUNT/ai/v1"},
    channel_type{38, "DeepL", "openai", "", "", own_protocol},
    channel_type{39, "Together AI", "openai", "https://api.together.xyz", v1},
    channel_type{40, "Doubao", "openai", "https://ark.cn-beijing.volces.com", "/api/v3"},
    channel_type{41, "Novita", "openai", "https://api.novita.ai/v3/openai"},
    channel_type{42, "Vertex AI", "openai", "", "", no_google},
    channel_type{43, "Proxy", "openai", "", "", own_protocol},
    channel_type{44, "SiliconFlow", "openai", "https://api.siliconflow.cn", v1},
    channel_type{45, "xAI", "openai", "https://api.x.ai", v1},
    channel_type{46, "Replicate", "openai", "", "", own_protocol},
    channel_type{47, "Baidu v2", "openai", "https://qianfan.baidubce.com", "/v2"},
    channel_type{48, "Xunfei v2", "openai", "https://spark-api-open.xf-yun.com", "/v2"},
    channel_type{49, "Ali Bailian", "openai", "https://dashscope.aliyuncs.com", "/compatible-mode/v1"},
    channel_type{50, "OpenAI-compatible"},
    channel_type{51, "Gemini, OpenAI-compatible", "openai", "https://generativelanguage.googleapis.com/v1beta/openai"},
};

template <class Table>
const channel_type* find_in(const Table& table, std::int64_t number) {
    const auto found = std::find_if(table.begin(), table.end(), [&](const channel_type& t) { return t.number == number; });
    return found == table.end() ? nullptr : &*found;
}

}  // namespace

const channel_type* find_channel_type(std::int64_t number, bool is_one_api) {
    if (const auto* found = find_in(common, number)) return found;
    return is_one_api ? find_in(of_one_api, number) : find_in(of_new_api, number);
}

}  // namespace weir::import
