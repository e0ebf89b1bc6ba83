// A second, plain reader of HTTP/1.1 messages, to judge by: what weir sent must be readable without any tolerance. Shares no code with proxy/http.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::fuzz {

struct message {
    enum class state { need_more, whole, broken };
    state is = state::need_more;
    const char* why = "";  ///< of `broken`
    bool has_head = false;
    std::string start_line;
    std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case
    std::string body;                                         ///< without framing; of what has come so far
    bool until_close = false;                                 ///< nothing but the end of the connection ends it
    std::size_t size = 0;                                     ///< bytes taken, when it is whole

    [[nodiscard]] std::string_view value_of(std::string_view name) const;  ///< of the first; empty: there is none
    [[nodiscard]] std::size_t count_of(std::string_view name) const;
    [[nodiscard]] int status() const;  ///< of an answer's start line; 0: it has none
};

/// The request at the start of `bytes`. A body without a length, or two lengths, are `broken`.
[[nodiscard]] message read_request(std::string_view bytes);
/// The answer at the start of `bytes`; `ended`: nothing more will come, which ends one that is framed by nothing else.
[[nodiscard]] message read_answer(std::string_view bytes, bool ended);

}  // namespace weir::fuzz
