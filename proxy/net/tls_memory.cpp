#include "net/tls_memory.hpp"

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

namespace weir::net {

block_region::block_region(std::uint32_t blocks) {
    void* const at = ::mmap(nullptr, std::size_t{blocks} * block_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return;
    base_ = static_cast<char*>(at);
    blocks_ = blocks;
    // A huge page would be touched whole for one small record.
    ::madvise(base_, std::size_t{blocks} * block_size, MADV_NOHUGEPAGE);
}

block_region::~block_region() {
    if (base_) ::munmap(base_, std::size_t{blocks_} * block_size);
}

char* block_region::take() {
    if (fresh_.load(std::memory_order_relaxed) < blocks_) {
        const std::uint32_t n = fresh_.fetch_add(1, std::memory_order_relaxed);
        if (n < blocks_) return base_ + std::size_t{n} * block_size;
        fresh_.store(blocks_, std::memory_order_relaxed);  // others may have overshot, too
    }
    const std::scoped_lock hold{lock_};
    if (returned_.empty()) return nullptr;
    char* const block = returned_.back();
    returned_.pop_back();
    return block;
}

void block_region::drop_memory(char* block) { ::madvise(block, block_size, MADV_DONTNEED); }

void block_region::give_back(char* block) {
    drop_memory(block);
    const std::scoped_lock hold{lock_};
    returned_.push_back(block);
}

block_list::~block_list() {
    for (char* const block : warm_) region_.give_back(block);
    for (char* const block : cold_) region_.give_back(block);
}

char* block_list::take() {
    auto& from = warm_.empty() ? cold_ : warm_;
    if (from.empty()) return region_.take();
    char* const block = from.back();
    from.pop_back();
    return block;
}

void block_list::give_back(char* block) {
    if (warm_.size() < warm) {
        warm_.push_back(block);
        return;
    }
    block_region::drop_memory(block);
    cold_.push_back(block);
}

namespace {

#if defined(WEIR_SANITIZED)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

// Smaller ones are for the heap; larger ones are rare.
constexpr std::size_t smallest = 12 * 1024;
constexpr std::uint32_t most_blocks = 4096;  // 96 MiB of addresses; whoever needs more gets them from the heap

// Set once, before OpenSSL's first allocation. Never destroyed: OpenSSL frees at the very end.
block_region* all = nullptr;

thread_local bool thread_ends = false;

block_list* mine() {
    struct holder {
        block_list list{*all};
        ~holder() { thread_ends = true; }
    };
    if (thread_ends) return nullptr;
    thread_local holder here;
    return &here.list;
}

void* allocate(std::size_t size, const char*, int) {
    if (size == 0) return nullptr;
    if (size >= smallest && size <= block_region::block_size)
        if (block_list* const list = mine())
            if (char* const block = list->take()) return block;
    return std::malloc(size);
}

void release(void* at, const char*, int) {
    if (!all->owns(at)) {
        std::free(at);
    } else if (block_list* const list = mine()) {
        list->give_back(static_cast<char*>(at));
    } else {
        all->give_back(static_cast<char*>(at));
    }
}

void* reallocate(void* at, std::size_t size, const char* file, int line) {
    if (at == nullptr) return allocate(size, file, line);
    if (size == 0) {
        release(at, file, line);
        return nullptr;
    }
    if (!all->owns(at)) return std::realloc(at, size);
    if (size <= block_region::block_size) return at;
    void* const larger = std::malloc(size);
    if (larger == nullptr) return nullptr;
    std::memcpy(larger, at, block_region::block_size);
    release(at, file, line);
    return larger;
}

}  // namespace

bool keep_tls_buffers_apart() {
    if (sanitized) return false;
    if (all == nullptr) all = new block_region{most_blocks};
    return CRYPTO_set_mem_functions(allocate, reallocate, release) == 1;
}

}  // namespace weir::net
