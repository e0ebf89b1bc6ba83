// Bodies with a content coding, whole or flushed piece by piece as a server that streams does it.
#pragma once

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace weir::test {

/// Encodes a body piece by piece; what it returns can be read without the next. Copies share their state.
using packer = std::function<std::string(std::string_view piece, bool last)>;

namespace packing {

inline packer with_zlib(int window) {
    const std::shared_ptr<z_stream> s{new z_stream{}, [](z_stream* p) {
                                          deflateEnd(p);
                                          delete p;
                                      }};
    deflateInit2(s.get(), 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
    return [s](std::string_view piece, bool last) {
        std::string out(2 * piece.size() + 1024, '\0');
        s->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
        s->avail_in = static_cast<uInt>(piece.size());
        s->next_out = reinterpret_cast<Bytef*>(out.data());
        s->avail_out = static_cast<uInt>(out.size());
        deflate(s.get(), last ? Z_FINISH : Z_SYNC_FLUSH);
        out.resize(out.size() - s->avail_out);
        return out;
    };
}

inline packer with_brotli() {
    const std::shared_ptr<BrotliEncoderState> s{BrotliEncoderCreateInstance(nullptr, nullptr, nullptr), BrotliEncoderDestroyInstance};
    BrotliEncoderSetParameter(s.get(), BROTLI_PARAM_QUALITY, 4);
    return [s](std::string_view piece, bool last) {
        std::string out(2 * piece.size() + 1024, '\0');
        auto left = piece.size();
        auto room = out.size();
        const auto* from = reinterpret_cast<const std::uint8_t*>(piece.data());
        auto* to = reinterpret_cast<std::uint8_t*>(out.data());
        BrotliEncoderCompressStream(s.get(), last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_FLUSH, &left, &from, &room, &to, nullptr);
        out.resize(out.size() - room);
        return out;
    };
}

inline packer with_zstd() {
    const std::shared_ptr<ZSTD_CCtx> s{ZSTD_createCCtx(), ZSTD_freeCCtx};
    return [s](std::string_view piece, bool last) {
        std::string out(2 * piece.size() + 1024, '\0');
        ZSTD_inBuffer from{piece.data(), piece.size(), 0};
        ZSTD_outBuffer to{out.data(), out.size(), 0};
        ZSTD_compressStream2(s.get(), &to, &from, last ? ZSTD_e_end : ZSTD_e_flush);
        out.resize(to.pos);
        return out;
    };
}

}  // namespace packing

/// `coding` as in Content-Encoding; "raw" is deflate without zlib's frame; anything else changes nothing.
inline packer packer_of(std::string_view coding) {
    if (coding == "gzip") return packing::with_zlib(MAX_WBITS + 16);
    if (coding == "deflate") return packing::with_zlib(MAX_WBITS);
    if (coding == "raw") return packing::with_zlib(-MAX_WBITS);
    if (coding == "br") return packing::with_brotli();
    if (coding == "zstd") return packing::with_zstd();
    return [](std::string_view piece, bool) { return std::string{piece}; };
}

inline std::string packed(std::string_view coding, std::string_view whole) { return packer_of(coding)(whole, true); }

}  // namespace weir::test
