#include "http/content_decoder.hpp"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <new>

namespace weir::http {
namespace {

// JSON and text shrink to a tenth or a fiftieth. What grows more than this is made to use up time.
constexpr std::uint64_t largest_ratio = 100;
// Under this size nobody counts.
constexpr std::uint64_t any_ratio_up_to = 1 << 20;
// RFC 9659: nobody has to keep more of a zstd stream.
constexpr int largest_zstd_window = 23;
constexpr std::size_t most_at_once = std::size_t{1} << 30;

// gzip, and deflate with or without zlib's frame.
class zlib_decoder final : public content_decoder {
public:
    explicit zlib_decoder(content_coding coding) : is_gzip_(coding == content_coding::gzip) {
        if (is_gzip_) begin(MAX_WBITS + 16);  // zlib's way to ask for gzip's head and checksum
    }
    ~zlib_decoder() override {
        if (begun_) inflateEnd(&stream_);
    }

private:
    // The zlib format begins with two bytes that are a multiple of 31 (RFC 1950 section 2.2).
    bool tell_frame(step& s) {
        if (head_size_ == 0 && !s.bytes.empty()) take_head(s);
        if (head_size_ == 1 && !s.bytes.empty()) take_head(s);
        if (head_size_ < 2) return false;
        const bool framed = (head_[0] & 15) == Z_DEFLATED && (head_[0] * 256 + head_[1]) % 31 == 0;
        begin(framed ? MAX_WBITS : -MAX_WBITS);
        return true;
    }
    void take_head(step& s) {
        head_[head_size_++] = static_cast<unsigned char>(s.bytes.front());
        s.bytes.remove_prefix(1);
    }
    void begin(int window) {
        if (inflateInit2(&stream_, window) != Z_OK) throw std::bad_alloc{};
        begun_ = true;
    }

    int run(step& s, const unsigned char* from, std::size_t size, std::size_t& used) {
        const auto given = static_cast<uInt>(std::min(size, most_at_once));
        const auto room = static_cast<uInt>(std::min(s.room - s.written, most_at_once));
        stream_.next_in = const_cast<Bytef*>(from);
        stream_.avail_in = given;
        stream_.next_out = reinterpret_cast<Bytef*>(s.to + s.written);
        stream_.avail_out = room;
        const int what = ::inflate(&stream_, Z_SYNC_FLUSH);
        used = given - stream_.avail_in;
        s.written += room - stream_.avail_out;
        return what;
    }

    progress advance(step& s) override {
        if (!begun_ && !tell_frame(s)) return progress::starved;
        std::size_t used = 0;
        int what = Z_OK;
        if (head_given_ < head_size_) {
            what = run(s, head_.data() + head_given_, head_size_ - head_given_, used);
            head_given_ += used;
        } else {
            what = run(s, reinterpret_cast<const unsigned char*>(s.bytes.data()), s.bytes.size(), used);
            s.bytes.remove_prefix(used);
        }
        if (what == Z_STREAM_END) return behind_end(s);
        if (what == Z_MEM_ERROR) throw std::bad_alloc{};
        if (what == Z_OK) return progress::more;
        return what == Z_BUF_ERROR ? progress::starved : progress::failed;
    }
    progress behind_end(const step& s) {
        if (s.bytes.empty()) return progress::starved;
        if (!is_gzip_) return progress::failed;
        return inflateReset(&stream_) == Z_OK ? progress::more : progress::failed;
    }

    z_stream stream_{};
    std::array<unsigned char, 2> head_{};
    std::size_t head_size_ = 0, head_given_ = 0;
    bool is_gzip_, begun_ = false;
};

class brotli_decoder final : public content_decoder {
public:
    brotli_decoder() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
        if (!state_) throw std::bad_alloc{};
    }
    ~brotli_decoder() override { BrotliDecoderDestroyInstance(state_); }

private:
    progress advance(step& s) override {
        auto left = s.bytes.size();
        auto room = s.room - s.written;
        const auto* from = reinterpret_cast<const std::uint8_t*>(s.bytes.data());
        auto* to = reinterpret_cast<std::uint8_t*>(s.to + s.written);
        const auto what = BrotliDecoderDecompressStream(state_, &left, &from, &room, &to, nullptr);
        s.bytes.remove_prefix(s.bytes.size() - left);
        s.written = s.room - room;
        switch (what) {
            case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: return progress::more;
            case BROTLI_DECODER_RESULT_SUCCESS: return s.bytes.empty() ? progress::starved : progress::failed;
            // It may have filled the room and hold more that these bytes already say: whoever waits for the next ones would not count it.
            case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT: return s.written == s.room ? progress::more : progress::starved;
            default: return progress::failed;
        }
    }
    BrotliDecoderState* state_;
};

class zstd_decoder final : public content_decoder {
public:
    zstd_decoder() : state_(ZSTD_createDStream()) {
        if (!state_) throw std::bad_alloc{};
        (void)ZSTD_DCtx_setParameter(state_, ZSTD_d_windowLogMax, largest_zstd_window);
    }
    ~zstd_decoder() override { ZSTD_freeDStream(state_); }

private:
    // RFC 8878 section 3.1: frames of data and frames to skip. Debian's library also reads what zstd was before it, and of that it says another thing
    // when the same bytes come in other pieces.
    static constexpr std::array<unsigned char, 4> data_magic{0x28, 0xB5, 0x2F, 0xFD};
    static constexpr std::array<unsigned char, 4> skip_magic{0x50, 0x2A, 0x4D, 0x18};  // and the 15 that follow it

    [[nodiscard]] bool begins_well(std::string_view bytes) {
        for (std::size_t at = of_magic_; at < data_magic.size() && !bytes.empty(); ++at, bytes.remove_prefix(1)) {
            const auto byte = static_cast<unsigned char>(bytes.front());
            if (at == 0) skips_ = (byte & 0xF0U) == skip_magic[0];
            if (at == 0 && skips_) continue;
            if (byte != (skips_ ? skip_magic[at] : data_magic[at])) return false;
        }
        return true;
    }

    progress advance(step& s) override {
        if (!begins_well(s.bytes)) return progress::failed;
        // The library reads a frame that it gets whole another way than one that comes in pieces, and refuses other things then: no frame is whole
        // without its first byte.
        const auto given = of_magic_ == 0 ? std::min<std::size_t>(1, s.bytes.size()) : s.bytes.size();
        ZSTD_inBuffer in{s.bytes.data(), given, 0};
        ZSTD_outBuffer out{s.to, s.room, s.written};
        const auto what = ZSTD_decompressStream(state_, &out, &in);
        const bool moved = in.pos > 0 || out.pos > s.written;
        of_magic_ = what == 0 ? 0 : std::min(of_magic_ + in.pos, data_magic.size());
        s.bytes.remove_prefix(in.pos);
        s.written = out.pos;
        if (ZSTD_isError(what)) return progress::failed;
        return moved ? progress::more : progress::starved;
    }
    ZSTD_DStream* state_;
    std::size_t of_magic_ = 0;  ///< bytes of the frame's first four that were taken
    bool skips_ = false;        ///< the frame is one to skip
};

}  // namespace

std::unique_ptr<content_decoder> content_decoder::of(content_coding coding) {
    switch (coding) {
        case content_coding::gzip:
        case content_coding::deflate: return std::make_unique<zlib_decoder>(coding);
        case content_coding::br: return std::make_unique<brotli_decoder>();
        case content_coding::zstd: return std::make_unique<zstd_decoder>();
        case content_coding::identity:
        case content_coding::other: break;
    }
    return nullptr;
}

bool content_decoder::feed(std::string_view bytes, const receiver& each) {
    std::array<char, 16 * 1024> room;
    in_ += bytes.size();
    auto what = progress::more;
    step s{bytes, room.data(), room.size()};
    while (!failed_ && what == progress::more && (!s.bytes.empty() || !bytes.empty())) {
        what = advance(s);
        out_ += s.written;
        failed_ = what == progress::failed || (out_ > any_ratio_up_to && out_ > largest_ratio * in_);
        if (s.written > 0) each({room.data(), s.written});
        s.written = 0;
    }
    return !failed_;
}

}  // namespace weir::http
