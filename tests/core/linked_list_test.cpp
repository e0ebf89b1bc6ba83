#include "core/linked_list.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace weir::core {
namespace {

struct guest {
    guest* next = nullptr;
    guest* previous = nullptr;
};

std::set<const guest*> here(const linked_list<guest>& list) {
    std::set<const guest*> out;
    list.for_each([&](const guest& g) { out.insert(&g); });
    return out;
}

TEST(LinkedList, KeepsWhoHasNotLeftInWhateverOrderTheyLeave) {
    std::array<int, 4> order{0, 1, 2, 3};
    do {
        std::array<guest, 4> guests;
        linked_list<guest> list;
        std::set<const guest*> expected;
        for (auto& g : guests) {
            list.add(g);
            expected.insert(&g);
        }
        for (const int i : order) {
            EXPECT_EQ(here(list), expected);
            list.remove(guests[static_cast<std::size_t>(i)]);
            expected.erase(&guests[static_cast<std::size_t>(i)]);
        }
        EXPECT_EQ(list.first(), nullptr);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST(LinkedList, LetsEachLeaveWhenItIsItsTurn) {
    std::array<guest, 3> guests;
    linked_list<guest> list;
    for (auto& g : guests) list.add(g);
    int turns = 0;
    list.for_each([&](guest& g) {
        ++turns;
        list.remove(g);
    });
    EXPECT_EQ(turns, 3);
    EXPECT_EQ(list.first(), nullptr);
}

}  // namespace
}  // namespace weir::core
