// The fields of one SSE event, found in place (WHATWG HTML, section 9.2.6, event stream interpretation).
// It does not find where events end (http/ does).
#pragma once

#include <string>
#include <string_view>

namespace weir::dialect {

struct sse_fields {
    std::string_view name;  ///< of the last `event:` line
    std::string_view data;  ///< of all `data:` lines, joined with LF
    bool has_data = false;
};

/// `event` is one event with its line ends (LF, CR LF or CR). `joined` keeps the data of events that have several data
/// lines.
[[nodiscard]] sse_fields read_fields(std::string_view event, std::string& joined);

}  // namespace weir::dialect
