// A translated answer on its way: what of it an attempt holds, how its head looks, and what takes the place of its bytes.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "exchange/answer/answer.hpp"
#include "exchange/request.hpp"

namespace weir::exchange {

/// As answers of a dialect are called: its prefix, and 24 digits.
[[nodiscard]] std::string minted_id(dialect::hub::spoke of, core::fast_random& random);

/// For one attempt at an upstream that gets `what`, and knows the model by `model`.
[[nodiscard]] std::unique_ptr<translated_answer> translate_answer(request& of, const translated_request& what, std::string_view model);

/// How often a client that waits within a stream hears something; none: never.
[[nodiscard]] std::optional<std::chrono::milliseconds> beats_of(const request& of, const answer& in);

/// The document in the window is read as one of the upstream's dialect. False: it is none.
[[nodiscard]] bool translate_document(answer& in);

/// Before an answer goes out: its head gets status line and type, a document or an error the client's form, and the log what was done.
void translate_whole(request& of, answer& in);

/// Whether an upstream's field means the same to clients of every dialect.
[[nodiscard]] bool crosses_dialects(std::string_view name);

}  // namespace weir::exchange
