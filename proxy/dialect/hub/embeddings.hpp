// Embeddings: OpenAI's and Gemini's requests for them, and the answers, as those of the other dialect. Of the two spokes `chat` stands for
// OpenAI's dialect.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dialect/hub/fields.hpp"
#include "dialect/hub/notes.hpp"
#include "dialect/json/json_index.hpp"

namespace weir::dialect::hub {

/// What of a request decides how its answer looks.
struct embeddings_form {
    bool base64 = false;               ///< OpenAI's `encoding_format`: 32-bit floats, little-endian, as base64
    bool single = false;               ///< Gemini's `embedContent`, not the batch
    std::string_view model;            ///< as the client calls it
    std::int64_t estimated_input = 0;  ///< tokens, where the upstream reports none
};

/// The request at hand, of `from`, as the other dialect has it: Gemini's is always a batch. `model`: what it is called there. `single`: Gemini's
/// request is no batch. False: it has no place there (`told` says why).
[[nodiscard]] bool write_embeddings_request(spoke from, json::cursor body, std::string_view model, embeddings_form& form, std::string& out,
                                            notes& told);

/// The answer at hand, of the dialect that was asked, as a client of `client` gets it. False: it is none.
[[nodiscard]] bool write_embeddings_answer(spoke client, json::cursor body, const embeddings_form& form, std::string& out);

}  // namespace weir::dialect::hub
