// The contract's endpoint table: what a path means, which dialect it speaks, where its model stands.
// It does not read bodies (dialect/request.hpp does).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "dialect/kind.hpp"

namespace weir::dialect {

enum class endpoint : std::uint8_t {
    chat_completions,
    completions,
    responses,
    responses_input_tokens,
    embeddings,
    moderations,
    rerank,
    images_generations,
    images_edits,
    images_variations,
    audio_transcriptions,
    audio_translations,
    audio_speech,
    videos,
    realtime,
    files,
    batches,
    fine_tuning,
    uploads,
    messages,
    messages_count_tokens,
    gemini_generate,
    gemini_stream_generate,
    gemini_count_tokens,
    gemini_embed,
    models,
    llms_txt,
    other,  ///< under a known prefix, passed through; its bytes are never understood
};

/// The label of metrics and logs, for example `/v1/chat/completions`. Static storage, one per endpoint.
[[nodiscard]] std::string_view label_of(endpoint e);

enum class body_form : std::uint8_t { none, json, multipart, opaque };

/// What a request line asks for. The views look into `path` and `query` given to classify() or into static storage,
/// except `suffix`, which is owned where normalisation changed it.
struct target {
    endpoint id = endpoint::other;
    kind dialect = kind::openai;
    body_form body = body_form::opaque;  ///< where the model is looked for
    bool streams_by_path = false;        ///< `:streamGenerateContent`
    std::string_view model;              ///< from path or query (`/v1/models/{id}`, Gemini, realtime), as written. Escapes are refused where the
                                         ///< name decides something; only in `/v1/models/{id}` they may stand (dialect/percent_encoding.hpp)
    std::string version;                 ///< "/v1", "/v1beta" or "" when the request had none and needs none
    std::string suffix;                  ///< the path after the version, "/chat/completions", without the query
    std::string hint;                    ///< not empty: what the client should fix (header x-weir-hint)
    core::error refusal;                 ///< set: answer this instead (unknown endpoint, wrong method)
    std::string_view allow;              ///< with method_not_allowed: the value of `Allow`
};

/// Reads method and path (both as received; `path` without the query). With `normalize` harmless mistakes (`/v1/v1/…`,
/// a doubled endpoint, a missing `/v1`) are served and `hint` says what to fix; without it they are refused with the
/// path it should have been.
[[nodiscard]] target classify(std::string_view method, std::string_view path, std::string_view query, bool normalize);

/// Whether what is asked for can be opened as a WebSocket: /v1/realtime, and /v1/responses itself, but nothing below it. A GET there is then no
/// wrong method any more.
[[nodiscard]] bool open_websocket(target& what, std::string_view method);

/// The first `model` of a query, decoded; empty: there is none.
[[nodiscard]] std::string model_in_query(std::string_view query);

/// The path to ask an upstream for. `base_path` is the path of the upstream's URL without a trailing slash. An OpenAI
/// base URL ends where
/// `/chat/completions` is appended; Anthropic's and Gemini's end before the version. An empty base keeps the version
/// for all.
[[nodiscard]] std::string upstream_path(kind upstream_dialect, std::string_view base_path, const target& what);

/// Puts another model into the path of a Gemini request (`/models/{model}:verb`), percent-encoded where it must be.
/// Other targets stay.
void rename_in_path(target& what, std::string_view model);

/// The query with the value of `model` replaced (realtime); unchanged where it names no model.
[[nodiscard]] std::string rename_in_query(std::string_view query, std::string_view model);

/// How the body is really written: some JSON endpoints also take multipart/form-data (videos) and the other way round
/// (image edits), and only Content-Type tells. none and opaque stay.
[[nodiscard]] body_form form_of(body_form declared, std::string_view content_type);

/// The dialect whose answers the endpoint gives.
[[nodiscard]] kind dialect_of(endpoint e);

}  // namespace weir::dialect
