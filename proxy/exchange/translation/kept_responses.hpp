// `responses_store`: requests that go on from a stored response or ask for one, and answers that are kept for them. Nothing here is called where no
// store is.
#pragma once

#include <string_view>

#include "core/error.hpp"
#include "dialect/hub/answer/answer_event.hpp"
#include "exchange/request.hpp"
#include "net/task.hpp"

namespace weir::exchange {

/// Before the body is understood: it becomes the whole conversation where it goes on from a stored response of the same key; GET and DELETE of one
/// are answered here. True: that was done. `refusal`: it names one of another key. Waits for the store.
[[nodiscard]] net::task<bool> meet_store(request& of, core::error& refusal);

/// What a translated answer says of itself: whether it is kept, what it goes on from.
void name_turn(const request& of, dialect::hub::answer_names& into);

/// The request's items, before its body goes.
void hold_items(request& of);
/// `said`: the last that the client gets of its answer. It is found from now on, by every worker.
void keep_response(request& of, std::string_view said);

}  // namespace weir::exchange
