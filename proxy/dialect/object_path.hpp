// What a request has to do with an object that providers keep (a stored response, a video, a batch): does it make one, or is it about one, and
// which? Read off method, path and query alone. It does not know whose an object is (exchange/objects/object_keeper.hpp does).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dialect/endpoint.hpp"

namespace weir::dialect {

enum class object_kind : std::uint8_t {
    response,       ///< /v1/responses
    video,          ///< /v1/videos, /v1/video/…
    batch,          ///< /v1/batches
    message_batch,  ///< /v1/messages/batches
    gemini_batch,   ///< /v1beta/batches, made by :batchGenerateContent
    deferred,       ///< xAI's /v1/chat/deferred-completion/{id}
};

/// Longer ids are not kept: no provider has them.
inline constexpr std::size_t longest_object_id = 256;

struct object_ask {
    object_kind kind = object_kind::response;
    bool makes = false;  ///< the answer names a new object
    std::string id;      ///< the object that it is about, escapes decoded; empty: about none
    bool lines = false;  ///< the answer is one JSON document a line (results of a batch)
};

/// None: the request has to do with no object whose maker is kept. Of a target that classify() did not refuse.
[[nodiscard]] std::optional<object_ask> object_asked(const target& what, std::string_view method, std::string_view query);

/// The endpoint whose form the usage has in answers about such an object.
[[nodiscard]] endpoint form_of(object_kind kind);

/// The path, after the version, at which a provider is asked about such an object; empty: weir does not ask on its own.
[[nodiscard]] std::string path_of(object_kind kind, std::string_view id);

}  // namespace weir::dialect
