// Heads as bytes: start line, framing and connection fields are always written anew from the parsed model; other fields are copied as
// validated spans. It does not decide which fields cross (the caller filters).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/head.hpp"

namespace weir::http {

/// Writes into a buffer that is reused, so a head costs one allocation at most.
class head_writer {
public:
    explicit head_writer(std::string& out) : out_(out) {
        out_.clear();
        out_.reserve(usual_size);
    }

    void request_line(std::string_view method, std::string_view path, std::string_view query) {
        out_.append(method).append(1, ' ').append(path);
        if (!query.empty()) out_.append(1, '?').append(query);
        out_.append(" HTTP/1.1\r\n");
    }
    void status_line(int status, std::string_view reason);
    void add(std::string_view name, std::string_view value) {
        flush();
        out_.append(name).append(": ").append(value).append("\r\n");
    }
    void add(std::string_view name, std::uint64_t value);
    /// A field as the parser found it. Fields that stand beside each other in its bytes, written as this writer would write them,
    /// are copied in one go. The bytes must live until the next call of another function.
    void copy(const field& f) {
        const char* const begin = f.name.data();
        const char* const name_end = begin + f.name.size();
        const char* const end = f.value.data() + f.value.size();
        // The parser has seen a colon behind the name and, behind the value, white space or CRLF.
        if (f.value.data() != name_end + 2 || name_end[1] != ' ' || *end != '\r') return add(f.name, f.value);
        if (begin != run_end_) {
            flush();
            run_begin_ = begin;
        }
        run_end_ = end + 2;
    }
    void end() {
        flush();
        out_.append("\r\n");
    }
    /// Writes what copy() has kept back: before `out` is touched directly.
    void flush() {
        if (run_begin_ != run_end_) out_.append(run_begin_, run_end_);
        run_begin_ = run_end_ = nullptr;
    }
    [[nodiscard]] std::string_view bytes() const { return out_; }

private:
    static constexpr std::size_t usual_size = 1024;

    std::string& out_;
    const char* run_begin_ = nullptr;  ///< [run_begin_, run_end_): whole lines of the parser's bytes
    const char* run_end_ = nullptr;
};

/// The usual phrase of a status; "Status" for unknown ones.
[[nodiscard]] std::string_view reason_of(int status);

/// Writes `n` as lower-case hex into `to` (room for 16), returns the number of digits.
std::size_t write_hex(char* to, std::uint64_t n);

/// Whether `Connection` has more than close, keep-alive and upgrade: only then named_by_connection() needs to be asked.
[[nodiscard]] bool names_fields(std::string_view connection);

/// Whether `Connection` in a message names this field for removal.
[[nodiscard]] bool named_by_connection(std::string_view connection, std::string_view name);

}  // namespace weir::http
