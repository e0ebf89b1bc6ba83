// What an answer costs, by its report or by weir's count, and the final account of a request (usage/CHARGES.md).
#pragma once

#include <cstdint>

#include "exchange/answer/answer.hpp"
#include "exchange/request.hpp"

namespace weir::exchange {

/// Counting, lists and looking at what was made earlier cost nothing.
[[nodiscard]] bool costs_something(const request& of);

/// Its provider has read the prompt, and charges for it and for what it said: sent whole and not answered with an error, where answers cost
/// something.
[[nodiscard]] bool is_owed(const request& of, const answer& in);

/// Of the model as it is asked for there; null: nobody knows.
[[nodiscard]] const usage::model_price* price_of(const request& of, const place& at);

/// The request as what counts an answer needs it.
[[nodiscard]] answered_request answered(const request& of, const place& at);
/// Likewise, with the endpoint that its upstream speaks.
[[nodiscard]] answered_request answered(const request& of, const answer& in);

/// An answer that nobody held begins to pass: it is read along for the bill, beginning with what is there.
void read_along(const request& of, answer& in);

/// The client has left. With `on_disconnect: drain` an answer whose request was sent whole is read on, within bounds, so that the bill is the
/// upstream's own; also before its first token. False: this one is not read on.
[[nodiscard]] bool read_on_for_bill(request& of, const answer& in);

/// The attempt is given up, and the client will see nothing of it. Once for each.
void charge_given_up(request& of, answer& in);
/// Likewise, where its answer had not begun: only the prompt is sure.
void charge_prompt(request& of, answer& in);

/// False: what the stream has cost so far has used up the key's budget.
[[nodiscard]] bool budget_allows(request& of, answer& in);

/// What is known so far goes to the ledger; at most once a second, however often it is called.
void note_progress(request& of, const answer& in);
/// The same at once, with what the caller counted: `used` and `cost` since the beginning.
void report_progress(request& of, const usage::counts& used, usage::nanousd cost);

/// Writes the usage that the stream itself has reported into the record, if it has. For a stream that is complete: until then it may report again.
void take_report(request& of, const answer& in);
/// Likewise of any other answer, and who says so: a report, or weir's own count.
void take_bill(request& of, answer& in, const bill& due);

/// The final account, before the last byte goes out: a request whose answer is complete is in the ledger whatever happens next. `in`: the answer at
/// hand; null: there is none.
void settle(request& of, answer* in);

/// The record says if the client has left without the whole answer, as 499.
void note_departure(request& of);

}  // namespace weir::exchange
