// Preloaded into a program under test, counts its calls of malloc, calloc and realloc in a shared file that run.py
// reads before and after. Does not see a program's own pools, which is the point of them.
//
//   LD_PRELOAD=libweir_bench_alloc_probe.so WEIR_BENCH_ALLOCATIONS=FILE program
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

using counter = std::atomic<std::uint64_t>;

counter unshared{0};
std::atomic<counter*> calls{&unshared};

void count_one() noexcept { calls.load(std::memory_order_relaxed)->fetch_add(1, std::memory_order_relaxed); }

__attribute__((constructor)) void share_counter() {
    const char* path = std::getenv("WEIR_BENCH_ALLOCATIONS");
    if (path == nullptr) return;
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return;
    if (ftruncate(fd, sizeof(counter)) == 0) {
        void* page = mmap(nullptr, sizeof(counter), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (page != MAP_FAILED) calls.store(static_cast<counter*>(page), std::memory_order_relaxed);
    }
    close(fd);
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) {
    count_one();
    return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) {
    count_one();
    return __libc_calloc(count, size);
}

void* realloc(void* memory, std::size_t size) {
    count_one();
    return __libc_realloc(memory, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
    count_one();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
    count_one();
    *memory = __libc_memalign(alignment, size);
    return *memory == nullptr ? 12 : 0;  // ENOMEM
}
}
