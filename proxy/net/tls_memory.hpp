// A place of its own for the large, short-lived buffers that OpenSSL takes for each record and each handshake (17 to 22 KiB): between the
// small, long-lived objects of connections on the heap they leave holes that never close, as much again as all connections use.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace weir::net {

/// Address space for blocks of one size. Memory comes with the first touch. Every thread may use it at once.
class block_region {
public:
    static constexpr std::size_t block_size = 24 * 1024;  ///< whole pages; OpenSSL's largest such buffer has 21,848 bytes

    /// Without address space (a limit on it) the region is empty, and everything stays on the heap.
    explicit block_region(std::uint32_t blocks);
    ~block_region();
    block_region(const block_region&) = delete;
    block_region& operator=(const block_region&) = delete;

    /// A block that nobody had yet, or one given back; nullptr when there is none.
    [[nodiscard]] char* take();
    /// Its memory goes back to the system.
    void give_back(char* block);
    static void drop_memory(char* block);

    [[nodiscard]] bool owns(const void* at) const {
        return reinterpret_cast<std::uintptr_t>(at) - reinterpret_cast<std::uintptr_t>(base_) < std::size_t{blocks_} * block_size;
    }

private:
    char* base_ = nullptr;
    std::uint32_t blocks_ = 0;
    std::atomic<std::uint32_t> fresh_{0};
    std::mutex lock_;
    std::vector<char*> returned_;
};

/// One thread's free blocks. The last one given back is the next one taken, while it is in the cache; beyond `warm` of them their memory
/// goes back to the system.
class block_list {
public:
    static constexpr std::size_t warm = 32;

    explicit block_list(block_region& region) : region_(region) { warm_.reserve(warm); }
    ~block_list();
    block_list(const block_list&) = delete;
    block_list& operator=(const block_list&) = delete;

    [[nodiscard]] char* take();
    void give_back(char* block);

private:
    block_region& region_;
    std::vector<char*> warm_, cold_;
};

/// Gives OpenSSL's large buffers such a place. For the start of the program, before anything uses OpenSSL; too late it changes nothing and
/// returns false, as it does in builds with a sanitizer, which wants to see every buffer itself.
bool keep_tls_buffers_apart();

}  // namespace weir::net
