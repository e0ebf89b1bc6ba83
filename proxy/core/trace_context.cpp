#include "core/trace_context.hpp"

namespace weir::core {
namespace {

constexpr char digits[] = "0123456789abcdef";

char* hex(char* to, std::uint64_t value, int nibbles) {
    for (int i = nibbles - 1; i >= 0; --i) *to++ = digits[(value >> (4 * i)) & 15u];
    return to;
}

// Lower case only, as the specification wants it.
bool read_hex(std::string_view text, std::uint64_t& into) {
    into = 0;
    for (const char c : text) {
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) return false;
        into = (into << 4) | static_cast<std::uint64_t>(digit);
    }
    return true;
}

}  // namespace

std::optional<trace_context> parse_traceparent(std::string_view text) {
    std::uint64_t version = 0, flags = 0;
    trace_context found;
    if (text.size() < traceparent_size || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
    if (!read_hex(text.substr(0, 2), version) || version == 0xff) return std::nullopt;
    // A later version may say more behind another dash.
    if (text.size() > traceparent_size && (version == 0 || text[traceparent_size] != '-')) return std::nullopt;
    const bool read = read_hex(text.substr(3, 16), found.trace.high) && read_hex(text.substr(19, 16), found.trace.low) &&
                      read_hex(text.substr(36, 16), found.span) && read_hex(text.substr(53, 2), flags);
    if (!read || found.trace.empty() || found.span == 0) return std::nullopt;
    found.flags = static_cast<std::uint8_t>(version == 0 ? flags : flags & trace_sampled);
    return found;
}

char* write_trace_id(char* to, trace_id id) { return hex(hex(to, id.high, 16), id.low, 16); }
char* write_span_id(char* to, std::uint64_t id) { return hex(to, id, 16); }

void write_traceparent(char* to, const trace_context& of) {
    *to++ = '0';
    *to++ = '0';
    *to++ = '-';
    to = write_trace_id(to, of.trace);
    *to++ = '-';
    to = write_span_id(to, of.span);
    *to++ = '-';
    hex(to, of.flags, 2);
}

}  // namespace weir::core
