// Preloaded into a program under test, counts in a shared file that run.py and the guard read while it runs: its calls of malloc, calloc and
// realloc, and the bytes that are alive. Calls do not show a program's own pools, which is the point of them; bytes show what pools hold.
//
//   LD_PRELOAD=libweir_bench_alloc_probe.so WEIR_BENCH_ALLOCATIONS=FILE program
//
// The file holds `shared`, below. What was allocated before the file was there is not in it: compare two moments.
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* memory);
}

namespace {

using counter = std::atomic<std::int64_t>;

constexpr std::size_t size_step = 16, sizes = 2048;

// bench/guard/guard.py knows this layout, too.
struct shared {
    counter calls;
    counter heap_bytes;     // alive, as malloc_usable_size() tells
    counter mapped_bytes;   // alive, of mappings that the program itself made; malloc makes its own past this library
    counter blocks[sizes];  // alive, by usable size divided by 16; the last are all larger ones
};

shared unshared{};
std::atomic<shared*> counts{&unshared};

shared& all() noexcept { return *counts.load(std::memory_order_relaxed); }

void add(counter& to, std::int64_t what) noexcept { to.fetch_add(what, std::memory_order_relaxed); }

void count_block(std::size_t size, std::int64_t times) noexcept {
    add(all().heap_bytes, times * static_cast<std::int64_t>(size));
    add(all().blocks[std::min(size / size_step, sizes - 1)], times);
}

void* count_new(void* memory) noexcept {
    add(all().calls, 1);
    if (memory != nullptr) count_block(malloc_usable_size(memory), 1);
    return memory;
}

std::int64_t whole_pages(std::size_t size) noexcept {
    constexpr std::size_t page = 4096;
    return static_cast<std::int64_t>((size + page - 1) / page * page);
}

// Mappings have no second name in the C library, so these go to the kernel themselves; -1 is MAP_FAILED.
void* kernel_address(long answer) noexcept { return reinterpret_cast<void*>(answer); }

void* map(void* at, std::size_t size, int protection, int flags, int fd, off_t offset) noexcept {
    void* const made = kernel_address(syscall(SYS_mmap, at, size, long{protection}, long{flags}, long{fd}, offset));
    if (made != MAP_FAILED) add(all().mapped_bytes, whole_pages(size));
    return made;
}

__attribute__((constructor)) void share_counts() {
    const char* path = std::getenv("WEIR_BENCH_ALLOCATIONS");
    if (path == nullptr) return;
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return;
    if (ftruncate(fd, sizeof(shared)) == 0) {
        const long at = syscall(SYS_mmap, nullptr, sizeof(shared), long{PROT_READ | PROT_WRITE}, long{MAP_SHARED}, long{fd}, 0L);
        if (void* page = kernel_address(at); page != MAP_FAILED) counts.store(static_cast<shared*>(page), std::memory_order_relaxed);
    }
    close(fd);
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) { return count_new(__libc_malloc(size)); }

void* calloc(std::size_t count, std::size_t size) { return count_new(__libc_calloc(count, size)); }

void* realloc(void* memory, std::size_t size) {
    const std::size_t before = malloc_usable_size(memory);
    void* const moved = __libc_realloc(memory, size);
    // Null means that nothing has happened, or, where no size was wanted, that the memory is gone.
    if (memory != nullptr && (moved != nullptr || size == 0)) count_block(before, -1);
    return count_new(moved);
}

void* memalign(std::size_t alignment, std::size_t size) { return count_new(__libc_memalign(alignment, size)); }

void* aligned_alloc(std::size_t alignment, std::size_t size) { return count_new(__libc_memalign(alignment, size)); }

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
    *memory = count_new(__libc_memalign(alignment, size));
    return *memory == nullptr ? 12 : 0;  // ENOMEM
}

void free(void* memory) {
    if (memory == nullptr) return;
    count_block(malloc_usable_size(memory), -1);
    __libc_free(memory);
}

// Mappings of files count as well: what unmaps says nothing of what was mapped.
void* mmap(void* at, std::size_t size, int protection, int flags, int fd, off_t offset) { return map(at, size, protection, flags, fd, offset); }

void* mmap64(void* at, std::size_t size, int protection, int flags, int fd, off_t offset) { return map(at, size, protection, flags, fd, offset); }

int munmap(void* at, std::size_t size) {
    const int answer = static_cast<int>(syscall(SYS_munmap, at, size));
    if (answer == 0) add(all().mapped_bytes, -whole_pages(size));
    return answer;
}

void* mremap(void* at, std::size_t before, std::size_t after, int flags, ...) {
    std::va_list more;
    va_start(more, flags);
    void* const wanted = (flags & MREMAP_FIXED) != 0 ? va_arg(more, void*) : nullptr;
    va_end(more);
    void* const moved = kernel_address(syscall(SYS_mremap, at, before, after, long{flags}, wanted));
    if (moved != MAP_FAILED) add(all().mapped_bytes, whole_pages(after) - whole_pages(before));
    return moved;
}
}
