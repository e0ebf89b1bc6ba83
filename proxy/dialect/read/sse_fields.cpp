#include "dialect/read/sse_fields.hpp"

#include <algorithm>
#include <cstring>

namespace weir::dialect {
namespace {

// memchr twice is faster than one byte loop: JSON lines are long and hold neither byte.
std::size_t line_end(std::string_view text) {
    const void* lf = std::memchr(text.data(), '\n', text.size());
    const std::size_t end = lf != nullptr ? static_cast<std::size_t>(static_cast<const char*>(lf) - text.data()) : text.size();
    const void* cr = std::memchr(text.data(), '\r', end);
    return cr != nullptr ? static_cast<std::size_t>(static_cast<const char*>(cr) - text.data()) : end;
}

}  // namespace

sse_fields read_fields(std::string_view event, std::string& joined) {
    sse_fields out;
    bool several = false;
    if (event.starts_with("\xEF\xBB\xBF")) event.remove_prefix(3);  // may open the stream
    while (!event.empty()) {
        const std::size_t end = line_end(event);
        const std::string_view line = event.substr(0, end);
        // The LF of a CR LF shows up as one more, empty line, which says nothing.
        event.remove_prefix(std::min(event.size(), end + 1));
        const std::size_t colon = std::min(line.find(':'), line.size());
        const std::string_view name = line.substr(0, colon);
        std::string_view value = line.substr(std::min(line.size(), colon + 1));
        if (value.starts_with(' ')) value.remove_prefix(1);
        if (name == "event") {
            out.name = value;
        } else if (name == "data") {
            if (!out.has_data) {
                out.data = value;
                out.has_data = true;
                continue;
            }
            if (!several) joined = out.data;
            several = true;
            joined += '\n';
            joined += value;
        }
    }
    if (several) out.data = joined;
    return out;
}

}  // namespace weir::dialect
