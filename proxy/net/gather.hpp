// Pieces of memory on their way out in one write, and how far they have come. It owns none of them.
#pragma once

#include <sys/uio.h>

#include <array>
#include <span>
#include <string_view>

namespace weir::net {

class gather {
public:
    static constexpr std::size_t room = 20;

    void clear() { at_ = count_ = left_ = 0; }
    void add(std::string_view bytes) {
        if (bytes.empty() || count_ == room) return;
        pieces_[count_++] = {const_cast<char*>(bytes.data()), bytes.size()};
        left_ += bytes.size();
    }
    [[nodiscard]] bool full() const { return count_ == room; }
    [[nodiscard]] std::span<const iovec> pieces() const { return {pieces_.data() + at_, count_ - at_}; }
    [[nodiscard]] std::size_t left() const { return left_; }
    [[nodiscard]] bool done() const { return left_ == 0; }
    /// The same bytes of the first piece, moved elsewhere.
    void replace_front(std::string_view bytes) { pieces_[at_] = {const_cast<char*>(bytes.data()), bytes.size()}; }
    /// The first `size` bytes, whole pieces, in one piece elsewhere.
    void replace_front(std::size_t size, std::string_view bytes) {
        if (size == 0) return;
        for (std::size_t gone = pieces_[at_].iov_len; gone < size; gone += pieces_[at_].iov_len) ++at_;
        replace_front(bytes);
    }
    void advance(std::size_t n) {
        left_ -= n;
        while (n > 0) {
            auto& p = pieces_[at_];
            if (n < p.iov_len) {
                p.iov_base = static_cast<char*>(p.iov_base) + n;
                p.iov_len -= n;
                return;
            }
            n -= p.iov_len;
            ++at_;
        }
    }

private:
    std::array<iovec, room> pieces_;
    std::size_t at_ = 0, count_ = 0, left_ = 0;
};

}  // namespace weir::net
