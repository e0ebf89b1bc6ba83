// Server-sent events found in place: where the next event ends. Line ends may be LF, CRLF or CR (WHATWG HTML, section 9.2.6).
// It does not look into fields; dialect/ does.
#pragma once

#include <cstring>
#include <string_view>

namespace weir::http {

/// Finds event ends in a growing window of bytes. One per stream; `find` may be called again with the same start and more bytes, and
/// continues where it stopped.
class sse_scanner {
public:
    /// The size of the first whole event in `bytes` (its blank line included), or 0 when it is not complete yet.
    /// `bytes` must start where the last event ended.
    [[nodiscard]] std::size_t find(std::string_view bytes) {
        const char* const base = bytes.data();
        const char* const end = base + bytes.size();
        const char* p = base + scanned_;
        const char* lf = nullptr;  // the next line feed at or behind p, once it is known
        while (p != end) {
            p = line_end(p, end, lf);
            if (p == end) break;
            const bool cr = *p == '\r';
            // A CR at the very end may be half of a CRLF: wait, so that an event never ends inside its line end.
            if (cr && p + 1 == end) break;
            const char* const next = p + (cr && p[1] == '\n' ? 2 : 1);
            if (p == base + line_start_) {  // an empty line
                scanned_ = line_start_ = 0;
                return static_cast<std::size_t>(next - base);
            }
            p = next;
            line_start_ = static_cast<std::size_t>(p - base);
        }
        scanned_ = static_cast<std::size_t>(p - base);
        return 0;
    }
    void reset() { scanned_ = line_start_ = 0; }

private:
    // Each search ends where the last line feed was found, so a window of lines that end with CR alone is not searched once per line.
    static const char* line_end(const char* p, const char* end, const char*& lf) {
        if (!lf || lf < p) {
            lf = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
            if (!lf) lf = end;
        }
        const auto* cr = static_cast<const char*>(std::memchr(p, '\r', static_cast<std::size_t>(lf - p)));
        return cr ? cr : lf;
    }

    std::size_t scanned_ = 0;     ///< bytes known to hold no end
    std::size_t line_start_ = 0;  ///< where the current line began
};

}  // namespace weir::http
