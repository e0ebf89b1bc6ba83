#include "net/task.hpp"

#include <array>
#include <cstdint>
#include <new>

namespace weir::net {
namespace {

// Fine steps: a stream that is held has half a dozen frames, and what a step rounds up to is lost for as long.
constexpr std::size_t step = 16, classes = 256, kept_per_class = 256;

struct free_lists {
    struct node {
        node* next;
    };
    std::array<node*, classes> first{};
    std::array<std::uint16_t, classes> kept{};
    ~free_lists() {
        for (auto* n : first)
            while (n) ::operator delete(std::exchange(n, n->next));
    }
};
thread_local free_lists lists;

constexpr std::size_t class_of(std::size_t size) { return (size + step - 1) / step; }

}  // namespace

void* allocate_frame(std::size_t size) {
    const auto c = class_of(size);
    if (c >= classes) return ::operator new(size);
    if (auto* n = lists.first[c]) {
        lists.first[c] = n->next;
        --lists.kept[c];
        return n;
    }
    return ::operator new(c * step);
}

void release_frame(void* frame, std::size_t size) noexcept {
    const auto c = class_of(size);
    if (c >= classes || lists.kept[c] >= kept_per_class) return ::operator delete(frame);
    auto* n = static_cast<free_lists::node*>(frame);
    n->next = lists.first[c];
    lists.first[c] = n;
    ++lists.kept[c];
}

}  // namespace weir::net
