#include "telemetry/gen_ai.hpp"

#include <charconv>

namespace weir::telemetry {
namespace {

constexpr std::string_view gemini_models = "/v1beta/models/{model}:";

}  // namespace

std::string_view gen_ai_operation(std::string_view endpoint) {
    if (endpoint == "/v1/chat/completions" || endpoint == "/v1/messages" || endpoint == "/v1/responses") return "chat";
    if (endpoint == "/v1/completions") return "text_completion";
    if (endpoint == "/v1/embeddings") return "embeddings";
    if (!endpoint.starts_with(gemini_models)) return {};
    const auto verb = endpoint.substr(gemini_models.size());
    if (verb == "generateContent" || verb == "streamGenerateContent") return "generate_content";
    if (verb == "embedContent") return "embeddings";
    return {};
}

std::string_view gen_ai_provider(std::string_view endpoint) {
    if (endpoint.starts_with("/v1/messages")) return "anthropic";
    if (endpoint.starts_with(gemini_models)) return "gcp.gemini";
    return "openai";
}

std::string_view gen_ai_error(const record::request_record& what, char* scratch) {
    if (what.code != core::code::none) return core::name_of(what.code);
    if (!what.interrupted_phase.empty()) return "stream_interrupted";
    if (what.status < 400) return {};
    return {scratch, static_cast<std::size_t>(std::to_chars(scratch, scratch + 12, what.status).ptr - scratch)};
}

}  // namespace weir::telemetry
