#include "http/head.hpp"

#include <algorithm>

#include "http/chars.hpp"

namespace weir::http {
namespace {

using core::code;

parse_result fail(std::string_view why, code c = code::bad_request) { return {parse_state::failed, 0, c, why}; }
parse_result more(std::string_view bytes, std::size_t limit) {
    if (bytes.size() >= limit) return fail("the head is larger than limits.request_head", code::head_too_large);
    return {};
}

std::string_view trimmed(const char* from, const char* to) {
    while (from != to && (*from == ' ' || *from == '\t')) ++from;
    while (from != to && (to[-1] == ' ' || to[-1] == '\t')) --to;
    return {from, static_cast<std::size_t>(to - from)};
}

// One field line at a time. `at` is the start of a line.
struct line_reader {
    const char* at;
    const char* end;

    enum class kind { field, blank, need_more, failed };
    kind next(field& out, std::string_view& why) {
        if (at == end) return kind::need_more;
        if (*at == '\r') {
            if (end - at < 2) return kind::need_more;
            if (at[1] != '\n') return bad(why, "a carriage return without a line feed");
            at += 2;
            return kind::blank;
        }
        if (*at == ' ' || *at == '\t') return bad(why, "a header line starts with white space (folded lines are refused)");
        const char* const p = find_name_end(at, end);
        if (p == end) return kind::need_more;
        if (p == at) return bad(why, "a header line without a name");
        if (*p != ':') return bad(why, "a header name must be a token, directly followed by a colon");
        const char* value = p + 1;
        const char* stop = find_control(value, end);
        if (stop == end) return kind::need_more;
        if (*stop != '\r') return bad(why, "a control character in a header value (lines end with CRLF)");
        if (end - stop < 2) return kind::need_more;
        if (stop[1] != '\n') return bad(why, "a carriage return inside a header value");
        out.name = {at, static_cast<std::size_t>(p - at)};
        // Nearly every value has one space before it and none after it.
        const bool usual = stop - value > 1 && *value == ' ' && value[1] > ' ' && stop[-1] > ' ';
        out.value = usual ? std::string_view{value + 1, static_cast<std::size_t>(stop - value - 1)} : trimmed(value, stop);
        out.id = identify(out.name);
        at = stop + 2;
        return kind::field;
    }

private:
    static kind bad(std::string_view& why, std::string_view text) {
        why = text;
        return kind::failed;
    }
};

bool parse_length(std::string_view text, std::uint64_t& out) {
    if (text.empty() || text.size() > 19) return false;
    std::uint64_t n = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return false;
        n = n * 10 + static_cast<std::uint64_t>(c - '0');
    }
    out = n;
    return true;
}

// Where fields are read to: the list's next slot, or, once the list is full, a place of its own in which a blank line can still be met.
struct field_sink {
    field_list& into;
    field overflow;
    [[nodiscard]] field& next() {
        field* const slot = into.free_or_null();
        return slot ? *slot : overflow;
    }
    [[nodiscard]] bool keep() {
        if (!into.free_or_null()) return false;
        into.commit();
        return true;
    }
};

// What the fields say about framing and the connection; the same rules in both directions.
struct framing_facts {
    bool has_length = false, chunked = false;
    std::uint64_t length = 0;
    bool close = false, keep_alive = false, upgrade = false;
    std::string_view connection;
};

bool is_framing(field_id id) { return id == field_id::content_length || id == field_id::transfer_encoding || id == field_id::connection; }

parse_result read_framing(const field& f, framing_facts& facts) {
    switch (f.id) {
        case field_id::content_length:
            if (facts.has_length) return fail("more than one Content-Length");
            if (!parse_length(f.value, facts.length)) return fail("Content-Length is not a plain decimal number");
            facts.has_length = true;
            break;
        case field_id::transfer_encoding:
            if (facts.chunked) return fail("more than one Transfer-Encoding");
            if (!iequals(f.value, "chunked")) return fail("Transfer-Encoding must be exactly 'chunked'");
            facts.chunked = true;
            break;
        case field_id::connection: {
            if (!facts.connection.empty()) return fail("more than one Connection header");
            facts.connection = f.value;
            bool bad = false, nonsense = false;
            for_each_element(f.value, [&](std::string_view token) {
                if (iequals(token, "close"))
                    facts.close = true;
                else if (iequals(token, "keep-alive"))
                    facts.keep_alive = true;
                else if (iequals(token, "upgrade"))
                    facts.upgrade = true;
                else if (!token.empty() && !all(token, tchar))
                    nonsense = true;
                else if (forbidden_in_connection(token))
                    bad = true;
                return true;
            });
            if (nonsense) return fail("Connection holds something that is not a token");
            if (bad) return fail("Connection must not name an end-to-end header");
            break;
        }
        default: break;
    }
    return {parse_state::done, 0, code::none, {}};
}

// port = *DIGIT (RFC 3986 section 3.2.3), of which a TCP port is all that can be meant.
bool valid_port(std::string_view digits) {
    unsigned port = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return false;
        port = port * 10 + static_cast<unsigned>(c - '0');
        if (port > 65535) return false;
    }
    return true;
}

// IP-literal = "[" ( IPv6address / ... ) "]", by its characters; what is inside is nobody's address here.
bool valid_bracketed(std::string_view host) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return false;
    const auto inside = host.substr(1, end - 1);
    if (inside.find(':') == std::string_view::npos) return false;
    for (const char c : inside)
        if (!is(c, hex_digit) && c != ':' && c != '.') return false;
    const auto rest = host.substr(end + 1);
    return rest.empty() || (rest.front() == ':' && valid_port(rest.substr(1)));
}

// Host = uri-host [ ":" port ] (RFC 9110 section 7.2): what two readers could split at different colons is refused.
bool valid_host(std::string_view host) {
    if (host.empty() || host.size() > 255) return false;
    if (host.front() == '[') return valid_bracketed(host);
    const char* p = host.data();
    const char* const end = p + host.size();
    for (; p != end && *p != ':'; ++p) {
        if (!is(*p, host_char) || *p == '[' || *p == ']') return false;
        if (*p != '%') continue;
        if (end - p < 3 || !is(p[1], hex_digit) || !is(p[2], hex_digit)) return false;
        p += 2;
    }
    if (p == host.data()) return false;
    return p == end || valid_port({p + 1, static_cast<std::size_t>(end - p - 1)});
}

// RFC 9112 section 3.2: origin-form, absolute-form, `OPTIONS *`.
parse_result read_target(request_head& out) {
    auto target = out.target;
    if (target == "*") {
        if (out.method != "OPTIONS") return fail("the target '*' is for OPTIONS only");
        out.path = target;
        return {parse_state::done, 0, code::none, {}};
    }
    if (target.front() != '/') {
        const auto scheme_end = target.find("://");
        if (scheme_end == std::string_view::npos) return fail("the request target must start with '/'");
        const auto scheme = target.substr(0, scheme_end);
        if (!iequals(scheme, "http") && !iequals(scheme, "https")) return fail("the request target has an unknown scheme");
        target.remove_prefix(scheme_end + 3);
        const auto authority = target.substr(0, target.find_first_of("/?"));
        if (!valid_host(authority)) return fail("the request target has an invalid authority");
        out.host = authority;
        target.remove_prefix(authority.size());
        if (target.empty()) target = "/";
    }
    const auto question = target.find('?');
    out.path = target.substr(0, question);
    out.query = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
    if (out.path.empty()) out.path = "/";
    return {parse_state::done, 0, code::none, {}};
}

parse_result read_version(std::string_view version, int& minor) {
    if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.' || version[5] < '0' || version[5] > '9' || version[7] < '0' ||
        version[7] > '9')
        return fail("the request line must end with HTTP/1.1");
    if (version[5] != '1' || version[7] > '1') return fail("only HTTP/1.0 and HTTP/1.1 are spoken here");
    minor = version[7] - '0';
    return {parse_state::done, 0, code::none, {}};
}

parse_result read_request_line(std::string_view line, request_head& out) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return fail("the request line must be METHOD SP TARGET SP HTTP/1.1");
    out.method = line.substr(0, first);
    out.target = line.substr(first + 1, last - first - 1);
    if (out.method.empty() || out.method.size() > 32 || !all(out.method, tchar)) return fail("the method is not a token");
    if (auto r = read_version(line.substr(last + 1), out.minor_version); r.state == parse_state::failed) return r;
    if (out.target.empty() || !all(out.target, target_char)) return fail("the request target has a forbidden character");
    if (out.method == "CONNECT" || out.method == "TRACE") return fail("this method is not served", code::method_not_allowed);
    return read_target(out);
}

// The rules that need the whole head (RFC 9112 section 6.3, RFC 9110 sections 7.2 and 10.1.1).
parse_result finish_request(request_head& out, const framing_facts& facts, int hosts, unsaid_length unsaid) {
    if (hosts > 1) return fail("more than one Host header");
    if (hosts == 0 && out.minor_version == 1) return fail("the Host header is missing");
    if (facts.chunked && facts.has_length) return fail("both Transfer-Encoding and Content-Length");
    if (facts.chunked && out.minor_version == 0) return fail("Transfer-Encoding in HTTP/1.0");
    out.body = facts.chunked ? framing::chunked : facts.has_length && facts.length > 0 ? framing::length : framing::none;
    out.content_length = facts.length;
    if (unsaid == unsaid_length::refused && !facts.chunked && !facts.has_length &&
        (out.method == "POST" || out.method == "PUT" || out.method == "PATCH"))
        return fail("a request of this method needs a Content-Length (0 is fine)", code::length_required);
    // Servers of HTTP/1.0 knew no such bodies: one of them would take it for the next request (HAProxy says 413, too).
    const bool bodiless = out.method == "GET" || out.method == "HEAD" || out.method == "DELETE" || out.method == "OPTIONS";
    if (out.minor_version == 0 && bodiless && out.body != framing::none)
        return fail("a request of this method has no body in HTTP/1.0", code::body_too_large);
    // A proxy keeps no connection with an HTTP/1.0 client (RFC 9112 section 9.3).
    out.keep_alive = out.minor_version == 1 && !facts.close;
    out.connection = facts.connection;
    out.upgrade = facts.upgrade && !out.fields.value_of(field_id::upgrade).empty();
    out.expects_continue = false;
    if (out.minor_version == 0) return {parse_state::done, 0, code::none, {}};  // it knows no expectations
    for (const auto& f : out.fields) {
        if (f.id != field_id::expect || f.value.empty()) continue;
        if (!iequals(f.value, "100-continue")) return fail("an expectation other than 100-continue", code::expectation_failed);
        out.expects_continue = out.body != framing::none;
    }
    return {parse_state::done, 0, code::none, {}};
}

}  // namespace

parse_result parse_request_head(std::string_view bytes, std::size_t limit, request_head& out, unsaid_length unsaid) {
    const std::string_view window = bytes.substr(0, std::min(bytes.size(), limit));
    const char* p = window.data();
    const char* const end = p + window.size();
    if (p != end && *p == '\r') {
        if (end - p < 2) return {};
        if (p[1] != '\n') return fail("a carriage return before the request line");
        p += 2;
        if (p != end && *p == '\r') return fail("more than one empty line before the request line");
    }
    if (p != end && !is(*p, tchar)) return fail("this is not an HTTP/1.1 request");
    const char* const line_end = find_control(p, end);
    if (line_end == end) return more(bytes, limit);
    if (*line_end != '\r') return fail("a control character in the request line");
    if (end - line_end < 2) return more(bytes, limit);
    if (line_end[1] != '\n') return fail("a carriage return in the request line");
    out.fields.clear();
    out.host = {};
    out.query = {};
    const std::string_view line{p, static_cast<std::size_t>(line_end - p)};
    if (line.find('\t') != std::string_view::npos) return fail("a tab in the request line");
    if (auto r = read_request_line(line, out); r.state == parse_state::failed) return r;
    const bool absolute = !out.host.empty();

    framing_facts facts;
    int hosts = 0, types = 0, codings = 0;
    line_reader lines{line_end + 2, end};
    field_sink sink{out.fields, {}};
    for (;;) {
        field& f = sink.next();
        std::string_view why;
        switch (lines.next(f, why)) {
            case line_reader::kind::need_more: return more(bytes, limit);
            case line_reader::kind::failed: return fail(why);
            case line_reader::kind::blank: {
                auto r = finish_request(out, facts, hosts, unsaid);
                r.consumed = static_cast<std::size_t>(lines.at - bytes.data());
                return r;
            }
            case line_reader::kind::field: break;
        }
        if (f.id == field_id::host) {
            ++hosts;
            if (!valid_host(f.value)) return fail("the Host header is not a host");
            if (!absolute) out.host = f.value;
        }
        if (f.id == field_id::content_type && types++ > 0) return fail("more than one Content-Type");
        if (f.id == field_id::content_encoding && codings++ > 0) return fail("more than one Content-Encoding");
        if (is_framing(f.id))
            if (auto r = read_framing(f, facts); r.state == parse_state::failed) return r;
        if (!sink.keep()) return fail("more than 100 header fields", code::head_too_large);
    }
}

std::optional<std::uint32_t> hops_left(const request_head& h) {
    const auto text = h.fields.value_of(field_id::max_forwards);
    if (text.empty() || text.size() > 9) return std::nullopt;
    std::uint32_t n = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        n = n * 10 + static_cast<std::uint32_t>(c - '0');
    }
    return n;
}

namespace {

parse_result invalid(std::string_view why) { return fail(why, code::upstream_invalid_response); }

// status-line = HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112 section 4); the last SP is often left out.
parse_result read_status_line(std::string_view line, response_head& out) {
    if (line.size() < 12 || !line.starts_with("HTTP/1.") || (line[7] != '0' && line[7] != '1') || line[8] != ' ')
        return invalid("the answer does not start with an HTTP/1.1 status line");
    out.minor_version = line[7] - '0';
    int status = 0;
    for (const char c : line.substr(9, 3)) {
        if (c < '0' || c > '9') return invalid("the status code is not three digits");
        status = status * 10 + (c - '0');
    }
    if (status < 100 || status > 599) return invalid("the status code is outside 100..599");
    if (line.size() > 12 && line[12] != ' ') return invalid("the status code is not three digits");
    out.status = status;
    out.reason = line.size() > 13 ? line.substr(13) : std::string_view{};
    return {parse_state::done, 0, code::none, {}};
}

parse_result finish_response(response_head& out, const framing_facts& facts, bool to_head) {
    if (facts.chunked && facts.has_length) return invalid("the answer has both Transfer-Encoding and Content-Length");
    if (facts.chunked && out.minor_version == 0) return invalid("the answer has Transfer-Encoding in HTTP/1.0");
    const bool bodiless = to_head || out.status < 200 || out.status == 204 || out.status == 304;
    if (bodiless)
        out.body = framing::none;
    else if (facts.chunked)
        out.body = framing::chunked;
    else if (facts.has_length)
        out.body = facts.length > 0 ? framing::length : framing::none;
    else
        out.body = framing::until_close;
    out.content_length = facts.length;
    out.connection = facts.connection;
    // Who announces a body that this status cannot have may send it all the same (RFC 9110 15.3.5): nobody knows where the next answer begins.
    const bool body_may_follow = out.status == 204 && (facts.chunked || facts.length > 0);
    out.keep_alive = out.minor_version == 1 && !facts.close && out.body != framing::until_close && !body_may_follow;
    return {parse_state::done, 0, code::none, {}};
}

// As far as it has come.
bool may_be_answer(std::string_view bytes) {
    constexpr std::string_view start = "HTTP/1.";
    return bytes.substr(0, start.size()) == start.substr(0, std::min(bytes.size(), start.size()));
}

}  // namespace

parse_result parse_response_head(std::string_view bytes, std::size_t limit, bool to_head, response_head& out) {
    const std::string_view window = bytes.substr(0, std::min(bytes.size(), limit));
    const char* const begin = window.data();
    const char* const end = begin + window.size();
    const auto more_head = [&]() -> parse_result {
        if (bytes.size() >= limit) return invalid("the answer's head is too large");
        return {};
    };
    if (!may_be_answer(window)) return invalid("the answer does not start with an HTTP/1.1 status line");
    const char* const line_end = find_control(begin, end);
    if (line_end == end) return more_head();
    if (*line_end != '\r') return invalid("a control character in the status line");
    if (end - line_end < 2) return more_head();
    if (line_end[1] != '\n') return invalid("a carriage return in the status line");
    out.fields.clear();
    if (auto r = read_status_line({begin, static_cast<std::size_t>(line_end - begin)}, out); r.state == parse_state::failed) return r;

    framing_facts facts;
    line_reader lines{line_end + 2, end};
    field_sink sink{out.fields, {}};
    for (;;) {
        field& f = sink.next();
        std::string_view why;
        switch (lines.next(f, why)) {
            case line_reader::kind::need_more: return more_head();
            case line_reader::kind::failed: return invalid(why);
            case line_reader::kind::blank: {
                auto r = finish_response(out, facts, to_head);
                r.consumed = static_cast<std::size_t>(lines.at - begin);
                return r;
            }
            case line_reader::kind::field: break;
        }
        // Connection is held to the same rule as in a request: an upstream that names framing or identity there is not understood.
        if (is_framing(f.id))
            if (auto r = read_framing(f, facts); r.state == parse_state::failed) return invalid(r.why);
        if (!sink.keep()) return invalid("the answer has more than 100 header fields");
    }
}

}  // namespace weir::http
