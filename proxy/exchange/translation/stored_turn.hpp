// The JSON of conversations that are kept (`responses_store`): what a request says of them, how one that goes on from a stored response reads in
// full, and what clients are shown of a stored response. No sockets, no store.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "ledger/stored_response.hpp"

namespace weir::exchange {

/// What a request to /v1/responses has to do with the store.
struct stored_turn {
    bool is_kept = true;     ///< the client did not say `store: false`
    std::string previous;    ///< `previous_response_id`; empty: it begins a conversation, or does not go on from a stored one
    std::string_view input;  ///< the value of its `input`, in the body; empty: it has none
    std::string items;       ///< what `input` says as items, once it is known that the answer is to be kept
};

/// The body is no JSON object, or says nothing of it: the usual turn. The result points into the body.
[[nodiscard]] stored_turn read_turn(std::string_view body);

/// `input` as items without brackets: a text is what a user says.
[[nodiscard]] std::string items_of(std::string_view input);

/// The elements of `output`, without brackets.
[[nodiscard]] std::string output_of(std::string_view document);

/// `body` with the whole conversation for its input, and without `previous_response_id`. The earlier turns stand in front as they were: each turn has
/// the one before it as its beginning.
[[nodiscard]] std::string continued(std::string_view body, const ledger::stored_response& from);

/// The whole response of what a client gets: of the document itself, or of the last event of a stream. Empty: it has not ended well.
[[nodiscard]] std::string_view ended_response(std::string_view said);

/// The answer to GET /v1/responses/{id}/input_items. `query`: `limit` (1 to 100, usually 20), `order` (`asc`, usually `desc`), `after` (an item's
/// id).
[[nodiscard]] std::string list_of_items(const ledger::stored_response& of, std::string_view query);

}  // namespace weir::exchange
