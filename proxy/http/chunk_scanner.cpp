#include "http/chunk_scanner.hpp"

namespace weir::http {
namespace {

constexpr unsigned hex_value(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    return static_cast<unsigned>((c | 0x20) - 'a' + 10);
}
constexpr bool is_text(char c) {
    const auto u = static_cast<unsigned char>(c);
    return u == '\t' || (u >= 0x20 && u != 0x7f);
}

}  // namespace

void chunk_scanner::step(char c) {
    switch (state_) {
        case state::size_first:
        case state::size_more: in_size(c); return;
        case state::size_lf:
            if (c != '\n') return fail("a chunk size line must end with CRLF");
            size_is_over();
            return;
        case state::data_cr:
            if (c != '\r') return fail("chunk data must be followed by CRLF");
            state_ = state::data_lf;
            return;
        case state::data_lf:
            if (c != '\n') return fail("chunk data must be followed by CRLF");
            state_ = state::size_first;
            digits_ = 0;
            return;
        case state::trailer_start:
        case state::trailer_name:
        case state::trailer_value:
        case state::trailer_lf:
        case state::end_lf: in_trailer(c); return;
        case state::data: return;  // feed() takes data in runs
        default: in_extension(c); return;
    }
}

void chunk_scanner::in_size(char c) {
    if (is(c, hex_digit)) {
        if (++digits_ > 16) return fail("a chunk size has more than 16 digits");
        if (state_ == state::size_first) {
            left_ = 0;
            extension_ = 0;
            state_ = state::size_more;
        }
        left_ = (left_ << 4) | hex_value(c);
        if (left_ > max_chunk_ || (digits_ == 16 && left_ >> 63 != 0)) return fail("a chunk is too large", true);
        return;
    }
    if (state_ == state::size_first) return fail("a chunk size must be hexadecimal digits");
    if (c == '\r')
        state_ = state::size_lf;
    else if (c == ';')
        state_ = state::ext_name_first;
    else
        fail("a chunk size must be hexadecimal digits");
}

void chunk_scanner::size_is_over() {
    if (left_ == 0) {
        state_ = state::trailer_start;
        name_size_ = 0;
    } else {
        state_ = state::data;
    }
}

// chunk-ext = *( ";" token [ "=" ( token / quoted-string ) ] ), without the white space that only history allows.
void chunk_scanner::in_extension(char c) {
    if (++extension_ > max_extension || ++extensions_ > max_extensions) return fail("chunk extensions are too large", true);
    const auto after = [&] {
        if (c == ';')
            state_ = state::ext_name_first;
        else if (c == '\r')
            state_ = state::size_lf;
        else
            fail("a malformed chunk extension");
    };
    switch (state_) {
        case state::ext_name_first:
            if (!is(c, tchar)) return fail("a chunk extension without a name");
            state_ = state::ext_name;
            return;
        case state::ext_name:
            if (is(c, tchar)) return;
            if (c == '=')
                state_ = state::ext_value_first;
            else
                after();
            return;
        case state::ext_value_first:
            if (c == '"')
                state_ = state::ext_quoted;
            else if (is(c, tchar))
                state_ = state::ext_value;
            else
                fail("a malformed chunk extension");
            return;
        case state::ext_value:
            if (!is(c, tchar)) after();
            return;
        case state::ext_quoted:
            if (c == '"')
                state_ = state::ext_after_quote;
            else if (c == '\\')
                state_ = state::ext_quoted_pair;
            else if (!is_text(c))
                fail("a control character in a chunk extension");
            return;
        case state::ext_quoted_pair:
            if (!is_text(c)) return fail("a control character in a chunk extension");
            state_ = state::ext_quoted;
            return;
        default: after(); return;
    }
}

void chunk_scanner::in_trailer(char c) {
    if (++trailer_ > max_trailer) return fail("the trailer section is too large", true);
    switch (state_) {
        case state::trailer_start:
            if (c == '\r') {
                state_ = state::end_lf;
                return;
            }
            if (!is(c, tchar)) return fail("a malformed trailer line");
            if (++trailer_fields_ > max_trailer_fields) return fail("too many trailer fields", true);
            state_ = state::trailer_name;
            name_size_ = 0;
            name_[name_size_++] = c;
            return;
        case state::trailer_name:
            if (c == ':') {
                if (name_size_ <= name_.size() && forbidden_in_trailer({name_.data(), name_size_}))
                    return fail("a trailer must not carry framing, routing or authentication fields");
                state_ = state::trailer_value;
                return;
            }
            if (!is(c, tchar)) return fail("a malformed trailer line");
            if (name_size_ < name_.size()) name_[name_size_] = c;
            if (name_size_ < 255) ++name_size_;
            return;
        case state::trailer_value:
            if (c == '\r')
                state_ = state::trailer_lf;
            else if (!is_text(c))
                fail("a control character in a trailer");
            return;
        case state::trailer_lf:
            if (c != '\n') return fail("a trailer line must end with CRLF");
            state_ = state::trailer_start;
            return;
        default:
            if (c != '\n') return fail("the message must end with CRLF");
            status_ = status::done;
            return;
    }
}

}  // namespace weir::http
