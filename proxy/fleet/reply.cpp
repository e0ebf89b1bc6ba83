#include "fleet/reply.hpp"

#include <hiredis/hiredis.h>

#include <charconv>
#include <new>

namespace weir::fleet {
namespace {

// No reply of the scripts or of the commands has more. hiredis takes the memory for a list at once, by the number that stands in front of it.
constexpr int most_parts = 4096;

void* (*make_list)(const redisReadTask*, int) = nullptr;

void* make_bounded_list(const redisReadTask* task, int parts) { return parts > most_parts ? nullptr : make_list(task, parts); }

// hiredis' own functions, which it does not export, but for lists.
redisReplyObjectFunctions* bounded(const redisReplyObjectFunctions& usual) {
    static redisReplyObjectFunctions functions = [&] {
        auto all = usual;
        make_list = all.createArray;
        all.createArray = make_bounded_list;
        return all;
    }();
    return &functions;
}

reply copy_of(const redisReply& from) {
    reply out;
    switch (from.type) {
        case REDIS_REPLY_INTEGER:
            out.is = reply::kind::integer;
            out.number = from.integer;
            break;
        case REDIS_REPLY_ARRAY:
            out.is = reply::kind::list;
            for (std::size_t i = 0; i < from.elements; ++i) out.parts.push_back(copy_of(*from.element[i]));
            break;
        case REDIS_REPLY_ERROR:
            out.is = reply::kind::error;
            out.text.assign(from.str, static_cast<std::size_t>(from.len));
            break;
        case REDIS_REPLY_STRING:
        case REDIS_REPLY_STATUS:
            out.is = reply::kind::text;
            out.text.assign(from.str, static_cast<std::size_t>(from.len));
            break;
        default: break;
    }
    return out;
}

}  // namespace

std::int64_t reply::number_at(std::size_t i, std::int64_t otherwise) const {
    if (i >= parts.size()) return otherwise;
    const reply& part = parts[i];
    if (part.is == kind::integer) return part.number;
    std::int64_t read = 0;
    const char* const end = part.text.data() + part.text.size();
    const auto [at, failed] = std::from_chars(part.text.data(), end, read);
    return part.is == kind::text && failed == std::errc{} && at == end ? read : otherwise;
}

std::string write_command(const command& what) {
    std::vector<const char*> arguments;
    std::vector<std::size_t> sizes;
    for (const auto& argument : what) {
        arguments.push_back(argument.data());
        sizes.push_back(argument.size());
    }
    char* written = nullptr;
    const int size = redisFormatCommandArgv(&written, static_cast<int>(what.size()), arguments.data(), sizes.data());
    if (size < 0) throw std::bad_alloc{};
    std::string out{written, static_cast<std::size_t>(size)};
    redisFreeCommand(written);
    return out;
}

reply_reader::reply_reader() : reader_(redisReaderCreate()) {
    if (reader_ == nullptr) throw std::bad_alloc{};
    auto* reader = static_cast<redisReader*>(reader_);
    reader->fn = bounded(*reader->fn);
}

reply_reader::~reply_reader() { redisReaderFree(static_cast<redisReader*>(reader_)); }

void reply_reader::feed(std::string_view bytes) {
    // A reader that has failed says so at next().
    (void)redisReaderFeed(static_cast<redisReader*>(reader_), bytes.data(), bytes.size());
}

reply_reader::got reply_reader::next(reply& out) {
    void* read = nullptr;
    if (redisReaderGetReply(static_cast<redisReader*>(reader_), &read) != REDIS_OK) return got::broken;
    if (read == nullptr) return got::nothing_yet;
    out = copy_of(*static_cast<redisReply*>(read));
    freeReplyObject(read);
    return got::one;
}

}  // namespace weir::fleet
