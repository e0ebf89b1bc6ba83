#include "net/buffer.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <new>

namespace weir::net {
namespace {

constexpr std::size_t slabs_kept = 1024;
constexpr std::size_t mapped_slab = slab_size + padding;
static_assert(mapped_slab % 4096 == 0, "a slab fills its pages");

char* checked(void* at) {
    if (at == MAP_FAILED) throw std::bad_alloc{};
    return static_cast<char*>(at);
}

// Zeroed, so that the padding which simdjson reads is initialised.
char* map_pages(std::size_t size) { return checked(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)); }

struct slab_list {
    std::array<char*, slabs_kept> slabs;
    std::size_t count = 0;
    std::size_t unused = 0;  ///< so many were not taken since the last free_unused_blocks()
    ~slab_list() { keep(0); }
    [[nodiscard]] char* take() {
        // Slabs have pages of their own: those that a burst needed go back to the system whole, whatever lives longer between them.
        if (count == 0) return map_pages(mapped_slab);
        unused = std::min(unused, count - 1);
        return slabs[--count];
    }
    void give(char* slab) {
        if (count < slabs_kept)
            slabs[count++] = slab;
        else
            ::munmap(slab, mapped_slab);
    }
    void keep(std::size_t most) {
        while (count > most) ::munmap(slabs[--count], mapped_slab);
        unused = count;
    }
};
thread_local slab_list free_slabs;

constexpr bool is_mapped(std::size_t capacity) { return capacity > largest_on_heap; }

constexpr std::size_t page = 4096;
constexpr std::size_t mapping_size(std::size_t capacity) { return (capacity + padding + page - 1) / page * page; }

char* allocate(std::size_t size) {
    if (is_mapped(size)) {
        char* const p = map_pages(mapping_size(size));
        ::madvise(p, mapping_size(size), MADV_HUGEPAGE);  // a wish: far fewer page faults (bench/net/body_memory_bench.cpp)
        return p;
    }
    auto* p = static_cast<char*>(std::malloc(size + padding));
    if (!p) throw std::bad_alloc{};
    std::memset(p + size, 0, padding);  // read over by simdjson, never interpreted
    return p;
}

void deallocate(char* memory, std::size_t capacity) {
    if (is_mapped(capacity))
        ::munmap(memory, mapping_size(capacity));
    else
        std::free(memory);
}

struct block {
    char* memory = nullptr;
    std::size_t capacity = 0;
    bool aged = false;  ///< was there already at the last free_unused_blocks()
};

constexpr std::size_t smallest_kept_block = 32 * 1024;
constexpr std::size_t kept_block_bytes = std::size_t{8} << 20;
constexpr std::size_t kept_blocks = 64;

// Newest last: what was used just now is still in the cache.
struct block_list {
    std::array<block, kept_blocks> blocks;
    std::size_t count = 0, bytes = 0;
    ~block_list() {
        while (count > 0) {
            --count;
            deallocate(blocks[count].memory, blocks[count].capacity);
        }
    }
    [[nodiscard]] block take(std::size_t wanted) {
        for (std::size_t i = count; i-- > 0;) {
            const block b = blocks[i];
            if (b.capacity < wanted || b.capacity / 2 > wanted) continue;
            remove(i);
            return b;
        }
        return {};
    }
    [[nodiscard]] bool keep(char* memory, std::size_t capacity) {
        if (capacity < smallest_kept_block || count == kept_blocks || bytes + capacity > kept_block_bytes) return false;
        blocks[count++] = {memory, capacity, false};
        bytes += capacity;
        return true;
    }
    void remove(std::size_t i) {
        bytes -= blocks[i].capacity;
        std::copy(blocks.begin() + static_cast<std::ptrdiff_t>(i) + 1, blocks.begin() + static_cast<std::ptrdiff_t>(count),
                  blocks.begin() + static_cast<std::ptrdiff_t>(i));
        --count;
    }
};
thread_local block_list free_blocks;

}  // namespace

void buffer::need_slab() {
    if (memory_) return;
    memory_ = free_slabs.take();
    capacity_ = slab_size;
    begin_ = end_ = 0;
}

void buffer::release() {
    if (!memory_) return;
    if (capacity_ == slab_size)
        free_slabs.give(memory_);
    else if (!free_blocks.keep(memory_, capacity_))
        deallocate(memory_, capacity_);
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
    if (is_mapped(capacity_)) {
        // The kernel moves the pages: nothing is copied.
        compact();
        memory_ = checked(::mremap(memory_, mapping_size(capacity_), mapping_size(wanted), MREMAP_MAYMOVE));
        capacity_ = wanted;
        return;
    }
    block larger = free_blocks.take(wanted);
    if (!larger.memory) larger = {allocate(wanted), wanted, false};
    const auto n = size();
    if (n) std::memcpy(larger.memory, memory_ + begin_, n);
    release();
    memory_ = larger.memory;
    capacity_ = larger.capacity;
    begin_ = 0;
    end_ = n;
}

void free_unused_blocks() {
    free_slabs.keep(free_slabs.count - free_slabs.unused);
    for (std::size_t i = free_blocks.count; i-- > 0;) {
        block& b = free_blocks.blocks[i];
        if (!b.aged) {
            b.aged = true;
            continue;
        }
        deallocate(b.memory, b.capacity);
        free_blocks.remove(i);
    }
}

}  // namespace weir::net
