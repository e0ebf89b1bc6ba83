// Content codings of answers (RFC 9110 section 8.4.1) undone while the answer passes, for who reads along: what is sent on stays as it came.
// It holds no more than its library's window; how far bytes may grow is bounded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "http/inflate.hpp"

namespace weir::http {

/// One body in pieces of any size. It is more lenient than `inflater`, which guards what is sent on: several gzip members and zstd frames in a row,
/// and deflate without zlib's frame, are what some servers send and what clients read.
class content_decoder {
public:
    /// Is given what was decoded, in order; its bytes live only during the call.
    using receiver = std::function<void(std::string_view)>;

    /// Null where the coding cannot be undone here; also for identity, which needs nothing undone. Throws std::bad_alloc.
    [[nodiscard]] static std::unique_ptr<content_decoder> of(content_coding coding);
    virtual ~content_decoder() = default;
    content_decoder(const content_decoder&) = delete;
    content_decoder& operator=(const content_decoder&) = delete;

    /// False, from then on, when the bytes are no such coding or grow as no text does.
    bool feed(std::string_view bytes, const receiver& each);

protected:
    content_decoder() = default;
    /// Where the library reads from and writes to. `bytes` loses what was read.
    struct step {
        std::string_view bytes;
        char* to;
        std::size_t room;
        std::size_t written = 0;
    };
    enum class progress : std::uint8_t {
        more,     ///< there may be more to write
        starved,  ///< nothing happens without more bytes
        failed,
    };
    virtual progress advance(step& s) = 0;

private:
    std::uint64_t in_ = 0, out_ = 0;
    bool failed_ = false;
};

}  // namespace weir::http
