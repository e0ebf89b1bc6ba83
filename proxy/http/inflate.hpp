// Content codings of bodies (RFC 9110 section 8.4.1) undone step by step, so that whoever asks can bound size and time.
// It holds no output: the caller's room is written to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace weir::http {

enum class content_coding : std::uint8_t {
    identity,
    gzip,     ///< also x-gzip
    deflate,  ///< the zlib format, as RFC 9110 section 8.4.1.2 has it
    br,       ///< RFC 7932; http/content_decoder.hpp alone undoes this one and the next
    zstd,     ///< RFC 8878
    other,    ///< unknown, or more than one
};

/// What the value of Content-Encoding says; empty is identity.
[[nodiscard]] content_coding coding_of(std::string_view value);

/// Decodes one body that is there whole. It must be exactly one gzip member or zlib stream: what two readers could end at different places is
/// an error.
class inflater {
public:
    enum class status : std::uint8_t { more, done, malformed, truncated, trailing };

    /// `body` must stay where it is. `coding` is gzip or deflate. Throws std::bad_alloc.
    inflater(content_coding coding, std::string_view body);
    ~inflater();
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;

    /// Writes at most `room` bytes and returns how many; `more` says that there may be more.
    std::size_t next(char* to, std::size_t room);
    [[nodiscard]] status now() const { return status_; }

private:
    struct engine;
    std::unique_ptr<engine> engine_;
    status status_ = status::more;
};

}  // namespace weir::http
