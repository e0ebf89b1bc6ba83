#include "dialect/hub/spokes.hpp"

#include <array>

namespace weir::dialect::hub {
namespace {

struct row {
    std::string_view name;
    endpoint whole, stream;
    kind of;
    std::string_view version, path;
};

// In the order of the enumeration.
constexpr std::array<row, spokes> table{{
    {"chat", endpoint::chat_completions, endpoint::chat_completions, kind::openai, "/v1", "/chat/completions"},
    {"responses", endpoint::responses, endpoint::responses, kind::openai, "/v1", "/responses"},
    {"messages", endpoint::messages, endpoint::messages, kind::anthropic, "/v1", "/messages"},
    {"gemini", endpoint::gemini_generate, endpoint::gemini_stream_generate, kind::gemini, "/v1beta", "/models/model:"},
    {"completions", endpoint::completions, endpoint::completions, kind::openai, "/v1", "/completions"},
}};

const row& row_of(spoke s) { return table[static_cast<std::size_t>(s)]; }

}  // namespace

std::string_view name_of(spoke s) { return row_of(s).name; }
std::string_view name_of_turns(spoke s) {
    constexpr std::array<std::string_view, spokes> names{"messages", "input", "messages", "contents", "prompt"};
    return names[static_cast<std::size_t>(s)];
}
kind kind_of(spoke s) { return row_of(s).of; }
endpoint endpoint_of(spoke s, bool stream) { return stream ? row_of(s).stream : row_of(s).whole; }

std::optional<spoke> spoke_named(std::string_view name) {
    for (std::size_t i = 0; i < spokes; ++i)
        if (table[i].name == name) return static_cast<spoke>(i);
    return std::nullopt;
}

std::optional<spoke> spoke_of(endpoint e) {
    for (std::size_t i = 0; i < spokes; ++i)
        if (table[i].whole == e || table[i].stream == e) return static_cast<spoke>(i);
    return std::nullopt;
}

target target_of(spoke s, bool stream, std::string_view model) {
    const auto& of = row_of(s);
    target out;
    out.id = endpoint_of(s, stream);
    out.dialect = of.of;
    out.body = body_form::json;
    out.version = of.version;
    out.suffix = of.path;
    if (s != spoke::gemini) return out;
    out.streams_by_path = stream;
    out.suffix += stream ? "streamGenerateContent" : "generateContent";
    rename_in_path(out, model);
    return out;
}

target embeddings_target_of(spoke s, std::string_view model) {
    target out;
    out.id = s == spoke::gemini ? endpoint::gemini_embed : endpoint::embeddings;
    out.dialect = kind_of(s);
    out.body = body_form::json;
    out.version = row_of(s).version;
    out.suffix = s == spoke::gemini ? "/models/x:batchEmbedContents" : "/embeddings";
    if (s == spoke::gemini) rename_in_path(out, model);
    return out;
}

}  // namespace weir::dialect::hub
