// Images, speech and transcripts, whole and streamed, in the shapes of OpenAI's endpoints. It draws and hears nothing:
// an edit gives the image back that it got, a transcript is the script's text. Private to mock/.
#pragma once

#include <optional>
#include <string_view>

#include "mock/request_body.hpp"

namespace weir::mock {

/// None when `endpoint` ("/images/edits") is not one of these, or when the file that it is about is missing.
[[nodiscard]] std::optional<answer> media_answer(std::string_view endpoint, const request_body& body, const script& how);

}  // namespace weir::mock
