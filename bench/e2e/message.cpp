// Finds the end of the head, then follows Content-Length or chunked framing across any slicing of the bytes.
#include "message.hpp"

#include <strings.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace weir::bench {
namespace {

constexpr std::size_t largest_head = 64 * 1024;

bool field_is(std::string_view line, std::string_view name) {
    return line.size() > name.size() && line[name.size()] == ':' && strncasecmp(line.data(), name.data(), name.size()) == 0;
}

bool mentions(std::string_view line, const char* word) {
    const std::size_t length = std::strlen(word);
    for (std::size_t at = 0; at + length <= line.size(); ++at)
        if (strncasecmp(line.data() + at, word, length) == 0) return true;
    return false;
}

}  // namespace

void message_reader::reset() {
    head_.clear();
    line_.clear();
    left_ = 0;
    phase_ = phase::head;
    framing_ = framing::size_line;
    chunked_ = false;
    closes_ = false;
}

int message_reader::status() const noexcept { return head_.size() > 12 && head_.compare(0, 5, "HTTP/") == 0 ? std::atoi(head_.c_str() + 9) : 0; }

std::size_t message_reader::feed_head(const char* data, std::size_t size) {
    // The end may lie across two reads: look again at the last three bytes of the earlier one.
    const std::size_t before = head_.size();
    head_.append(data, std::min(size, largest_head));
    const std::size_t end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
    if (end == std::string::npos) {
        if (head_.size() >= largest_head) phase_ = phase::broken;
        return size;
    }
    head_.resize(end + 4);
    read_fields();
    return head_.size() - before;
}

void message_reader::read_fields() {
    phase_ = phase::body;
    std::string_view rest = head_;
    while (!rest.empty()) {
        const std::size_t end = rest.find("\r\n");
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end + 2);
        if (field_is(line, "content-length")) left_ = std::strtoull(line.data() + 15, nullptr, 10);
        if (field_is(line, "transfer-encoding")) chunked_ = mentions(line, "chunked");
        if (field_is(line, "connection")) closes_ = mentions(line, "close");
    }
    if (chunked_) left_ = 0;
    if (!chunked_ && left_ == 0) phase_ = phase::done;
}

std::size_t message_reader::feed_framing(const char* data, std::size_t size) {
    std::size_t at = 0;
    while (framing_ != framing::data && phase_ == phase::body && at < size) {
        const auto* end = static_cast<const char*>(std::memchr(data + at, '\n', size - at));
        const std::size_t until = end == nullptr ? size : static_cast<std::size_t>(end - data) + 1;
        line_.append(data + at, until - at);
        at = until;
        if (end != nullptr) read_line();
    }
    return at;
}

void message_reader::read_line() {
    const bool blank = line_ == "\r\n";
    if (framing_ == framing::size_line) {
        char* end = nullptr;
        left_ = std::strtoull(line_.c_str(), &end, 16);
        if (end == line_.c_str()) phase_ = phase::broken;
        framing_ = left_ == 0 ? framing::trailers : framing::data;
    } else if (framing_ == framing::after_data) {
        if (!blank) phase_ = phase::broken;
        framing_ = framing::size_line;
    } else if (blank) {
        phase_ = phase::done;
    }
    line_.clear();
}

void message_reader::end_of_span() {
    if (chunked_)
        framing_ = framing::after_data;
    else
        phase_ = phase::done;
}

}  // namespace weir::bench
