// The events of an answer as they come: counted, noted, paid.
#pragma once

#include "exchange/answer/answer.hpp"
#include "exchange/request.hpp"

namespace weir::exchange {

/// Reads those that are there. At the one that uses up the key's budget the answer is cut.
void read_new_events(request& of, answer& in);

/// When the first token and the last event came, and how long it took in between.
void note_event(request& of, answer& in, const dialect::event_facts& facts);

/// What was noted goes to the record.
void tell_times(request& of, const answer& in);

}  // namespace weir::exchange
