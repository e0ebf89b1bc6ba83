#include "net/buffer.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

namespace weir::net {
namespace {

constexpr std::size_t slabs_kept = 64;

struct slab_list {
    char* slabs[slabs_kept];
    std::size_t count = 0;
    ~slab_list() {
        while (count) std::free(slabs[--count]);
    }
};
thread_local slab_list free_slabs;

char* allocate(std::size_t size) {
    auto* p = static_cast<char*>(std::malloc(size + padding));
    if (!p) throw std::bad_alloc{};
    std::memset(p + size, 0, padding);  // read over by simdjson, never interpreted
    return p;
}

}  // namespace

void buffer::need_slab() {
    if (memory_) return;
    memory_ = free_slabs.count ? free_slabs.slabs[--free_slabs.count] : allocate(slab_size);
    capacity_ = slab_size;
    begin_ = end_ = 0;
}

void buffer::release() {
    if (!memory_) return;
    if (capacity_ == slab_size && free_slabs.count < slabs_kept) free_slabs.slabs[free_slabs.count++] = memory_;
    else std::free(memory_);
    memory_ = nullptr;
    capacity_ = begin_ = end_ = 0;
}

void buffer::compact() {
    if (begin_ == 0) return;
    std::memmove(memory_, memory_ + begin_, size());
    end_ -= begin_;
    begin_ = 0;
}

void buffer::reserve(std::size_t wanted) {
    if (wanted <= slab_size) need_slab();
    if (wanted <= capacity_) return compact();
    auto* bigger = allocate(wanted);
    const auto n = size();
    if (n) std::memcpy(bigger, memory_ + begin_, n);
    release();
    memory_ = bigger;
    capacity_ = wanted;
    begin_ = 0;
    end_ = n;
}

}  // namespace weir::net
