// Heads as bytes: start line, framing and connection fields are always written anew from the parsed model; other fields are copied as
// validated spans. It does not decide which fields cross (the caller filters).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/head.hpp"

namespace weir::http {

/// Appends to a buffer that is reused, so a head costs no allocation once the buffer has grown.
class head_writer {
public:
    explicit head_writer(std::string& out) : out_(out) { out_.clear(); }

    void request_line(std::string_view method, std::string_view path, std::string_view query) {
        out_.append(method).append(1, ' ').append(path);
        if (!query.empty()) out_.append(1, '?').append(query);
        out_.append(" HTTP/1.1\r\n");
    }
    void status_line(int status, std::string_view reason);
    void add(std::string_view name, std::string_view value) { out_.append(name).append(": ").append(value).append("\r\n"); }
    void add(std::string_view name, std::uint64_t value);
    void end() { out_.append("\r\n"); }
    [[nodiscard]] std::string_view bytes() const { return out_; }

private:
    std::string& out_;
};

/// The usual phrase of a status; "Status" for unknown ones.
[[nodiscard]] std::string_view reason_of(int status);

/// Writes `n` as lower-case hex into `to` (room for 16), returns the number of digits.
std::size_t write_hex(char* to, std::uint64_t n);

/// Whether `Connection` in a message names this field for removal.
[[nodiscard]] bool named_by_connection(std::string_view connection, std::string_view name);

}  // namespace weir::http
