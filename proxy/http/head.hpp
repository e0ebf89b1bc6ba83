// The strict HTTP/1 head parser (RFC 9112): octets in, spans into the same octets out. What is ambiguous is refused.
// It owns no buffer and knows no socket; it never unfolds, skips or repairs a line.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/error.hpp"
#include "http/field.hpp"

namespace weir::http {

struct field {
    std::string_view name;
    std::string_view value;  ///< without surrounding white space
    field_id id = field_id::other;
};

/// Bound on fields in one head, as in HAProxy and Envoy.
inline constexpr std::size_t max_fields = 100;

class field_list {
public:
    /// Where the next field is written before commit() adds it, so that it is never copied; null when the list is full.
    [[nodiscard]] field* free_or_null() { return size_ < fields_.size() ? &fields_[size_] : nullptr; }
    void commit() { ++size_; }
    void clear() { size_ = 0; }
    [[nodiscard]] const field* begin() const { return fields_.data(); }
    [[nodiscard]] const field* end() const { return fields_.data() + size_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    /// The first field with this id; its value, or empty.
    [[nodiscard]] std::string_view value_of(field_id id) const {
        for (const auto& f : *this)
            if (f.id == id) return f.value;
        return {};
    }
    /// For names without an id.
    [[nodiscard]] std::string_view value_of(std::string_view name) const {
        for (const auto& f : *this)
            if (f.id == field_id::other && iequals(f.name, name)) return f.value;
        return {};
    }

private:
    std::array<field, max_fields> fields_;
    std::size_t size_ = 0;
};

enum class framing : std::uint8_t { none, length, chunked, until_close };

struct request_head {
    std::string_view method;
    std::string_view target;  ///< as received
    std::string_view path;    ///< origin-form path, or "*"
    std::string_view query;   ///< without '?'
    std::string_view host;    ///< of the absolute-form target where there is one (RFC 9112 section 3.2.2), else of Host
    int minor_version = 1;
    framing body = framing::none;
    std::uint64_t content_length = 0;
    bool keep_alive = true;
    bool expects_continue = false;
    bool upgrade = false;              ///< Connection names Upgrade and an Upgrade field is there
    std::string_view connection = {};  ///< all of Connection: names fields to remove
    field_list fields;
};

/// How many more proxies a request may pass (Max-Forwards, RFC 9110 section 7.6.2); none where it does not say so in plain digits.
[[nodiscard]] std::optional<std::uint32_t> hops_left(const request_head& h);

struct response_head {
    int status = 0;
    int minor_version = 1;
    std::string_view reason;
    framing body = framing::until_close;
    std::uint64_t content_length = 0;
    bool keep_alive = true;
    std::string_view connection = {};
    field_list fields;
};

enum class parse_state : std::uint8_t { need_more, done, failed };

struct parse_result {
    parse_state state = parse_state::need_more;
    std::size_t consumed = 0;  ///< with done: bytes of the head, the blank line included
    core::code code = core::code::none;
    std::string_view why = {};  ///< static text, for the answer and the log
};

/// What a POST, PUT or PATCH means that says nothing of its body.
enum class unsaid_length : std::uint8_t {
    refused,  ///< who forgot to say it is told: what follows would be read as the next request
    none,     ///< there is no body (RFC 9112 section 6.3)
};

/// Parses from the start of `bytes`; call again with more when it needs more. `limit` bounds the whole head. One CRLF before the request line is
/// ignored.
[[nodiscard]] parse_result parse_request_head(std::string_view bytes, std::size_t limit, request_head& out,
                                              unsaid_length unsaid = unsaid_length::refused);

/// `to_head`: the request was HEAD, so there is no body whatever the fields say (RFC 9112 section 6.3).
[[nodiscard]] parse_result parse_response_head(std::string_view bytes, std::size_t limit, bool to_head, response_head& out);

}  // namespace weir::http
