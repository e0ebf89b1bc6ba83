// The texts inside a request body that a model reads, whatever the dialect, for counting. It changes and keeps nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace weir::cli {

struct body_texts {
    bool is_request = false;    ///< a JSON object with a prompt of some dialect; otherwise the file is a plain text
    std::string model;          ///< as named in it
    std::int64_t messages = 0;  ///< of a chat
    std::int64_t names = 0;
    bool other_content = false;  ///< tools, images, audio, files: what no text counter knows
};

/// Calls `each` with every text, in order.
[[nodiscard]] body_texts read_body_texts(const std::string& bytes, const std::function<void(std::string_view)>& each);

}  // namespace weir::cli
