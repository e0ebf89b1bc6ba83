#include "http/inflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <new>

#include "http/field.hpp"

namespace weir::http {
namespace {

constexpr int largest_window = 15;
constexpr int gzip_wrapper = 16;  // added to the window: zlib's way to ask for gzip's head and checksum

}  // namespace

struct inflater::engine {
    z_stream stream{};
    std::string_view rest;  ///< zlib counts in unsigned int, bodies do not
};

content_coding coding_of(std::string_view value) {
    if (value.empty() || iequals(value, "identity")) return content_coding::identity;
    if (iequals(value, "gzip") || iequals(value, "x-gzip")) return content_coding::gzip;
    if (iequals(value, "br")) return content_coding::br;
    if (iequals(value, "zstd")) return content_coding::zstd;
    return iequals(value, "deflate") ? content_coding::deflate : content_coding::other;
}

inflater::inflater(content_coding coding, std::string_view body) : engine_(std::make_unique<engine>()) {
    engine_->rest = body;
    const int window = coding == content_coding::gzip ? largest_window + gzip_wrapper : largest_window;
    if (inflateInit2(&engine_->stream, window) != Z_OK) throw std::bad_alloc{};
}

inflater::~inflater() { inflateEnd(&engine_->stream); }

std::size_t inflater::next(char* to, std::size_t room) {
    constexpr std::size_t most = std::size_t{1} << 30;
    auto& s = engine_->stream;
    auto& rest = engine_->rest;
    const auto wanted = static_cast<uInt>(std::min(room, most));
    s.next_out = reinterpret_cast<Bytef*>(to);
    s.avail_out = wanted;
    while (status_ == status::more && s.avail_out > 0) {
        const auto given = static_cast<uInt>(std::min(rest.size(), most));
        s.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
        s.avail_in = given;
        const int what = ::inflate(&s, Z_NO_FLUSH);
        rest.remove_prefix(given - s.avail_in);
        if (what == Z_STREAM_END)
            status_ = rest.empty() ? status::done : status::trailing;
        else if (what == Z_BUF_ERROR && rest.empty())
            status_ = status::truncated;
        else if (what == Z_MEM_ERROR)
            throw std::bad_alloc{};
        else if (what != Z_OK)
            status_ = status::malformed;
    }
    return wanted - s.avail_out;
}

}  // namespace weir::http
