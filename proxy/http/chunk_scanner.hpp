// Chunked framing (RFC 9112 section 7.1) scanned in place: it finds where the data is, and copies nothing.
// Exact CRLF everywhere; extensions are bounded and dropped; trailers are checked and dropped, never merged into the head.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "http/chars.hpp"
#include "http/field.hpp"

namespace weir::http {

class chunk_scanner {
public:
    enum class status : std::uint8_t { more, done, failed };

    /// Bounds: RFC 9112 section 7.1.1 asks for a limit on extensions; the figures are Envoy's and Go's order of magnitude.
    static constexpr std::uint32_t max_extension = 256;         ///< bytes in one chunk
    static constexpr std::uint32_t max_extensions = 16 * 1024;  ///< bytes in one message
    static constexpr std::uint32_t max_trailer = 4 * 1024;
    static constexpr std::uint32_t max_trailer_fields = 16;

    /// Walks `bytes`, calls `on_data(const char*, std::size_t)` for every run of chunk data, and returns how far it came: everything, unless it is
    /// done (the rest belongs to the next message) or failed.
    template <class F>
    std::size_t feed(std::string_view bytes, F&& on_data) {
        const char* p = bytes.data();
        const char* const end = p + bytes.size();
        while (p != end && status_ == status::more) {
            if (state_ == state::data) {
                const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, static_cast<std::uint64_t>(end - p)));
                on_data(p, n);
                p += n;
                left_ -= n;
                if (left_ == 0) state_ = state::data_cr;
            } else {
                step(*p++);
            }
        }
        return static_cast<std::size_t>(p - bytes.data());
    }

    /// Walks `bytes` to the end of the first run of chunk data, which `run` is then, and returns how far it came; without one as feed() does.
    std::size_t next(std::string_view bytes, std::string_view& run) {
        std::size_t at = 0;
        run = {};
        while (at != bytes.size() && status_ == status::more && run.empty()) {
            if (state_ != state::data) {
                step(bytes[at++]);
                continue;
            }
            run = bytes.substr(at, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at)));
            at += run.size();
            left_ -= run.size();
            if (left_ == 0) state_ = state::data_cr;
        }
        return at;
    }

    [[nodiscard]] status now() const { return status_; }
    [[nodiscard]] std::string_view why() const { return why_; }  ///< static text, with failed
    /// What failed is a bound, not the syntax.
    [[nodiscard]] bool too_large() const { return too_large_; }
    /// The largest chunk size accepted; default: any that fits 63 bits.
    void limit_chunk(std::uint64_t bytes) { max_chunk_ = bytes; }

private:
    enum class state : std::uint8_t {
        size_first,
        size_more,
        ext_name_first,
        ext_name,
        ext_value_first,
        ext_value,
        ext_quoted,
        ext_quoted_pair,
        ext_after_quote,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_start,
        trailer_name,
        trailer_value,
        trailer_lf,
        end_lf,
    };
    void step(char c);
    void in_size(char c);
    void in_extension(char c);
    void in_trailer(char c);
    void size_is_over();
    void fail(std::string_view why, bool large = false) {
        status_ = status::failed;
        why_ = why;
        too_large_ = large;
    }

    std::uint64_t left_ = 0;
    std::uint64_t max_chunk_ = ~std::uint64_t{0} >> 1;
    std::uint32_t extension_ = 0, extensions_ = 0, trailer_ = 0, trailer_fields_ = 0;
    std::string_view why_;
    state state_ = state::size_first;
    status status_ = status::more;
    bool too_large_ = false;
    std::uint8_t digits_ = 0, name_size_ = 0;
    std::array<char, 32> name_{};  ///< of the trailer field; longer names are not on any list of forbidden ones
};

}  // namespace weir::http
