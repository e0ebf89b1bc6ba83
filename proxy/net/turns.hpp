// Counts how often the coroutines of one event loop asked their sockets in vain without sleeping in between. Such a loop holds up every
// connection of its worker and no deadline can end it, so that it is a defect wherever it stands. Only with assertions on: else it is nothing.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace weir::net {

#ifndef NDEBUG

class turn_counter {
public:
    /// More than any coroutine needs between two sleeps: a few of its sockets have nothing to say.
    static constexpr unsigned most = 10000;

    void slept() { in_vain_ = 0; }
    void moved() { in_vain_ = 0; }
    void in_vain() {
        if (++in_vain_ < most) return;
        std::fputs("weir: a loop turns without progress and without sleeping\n", stderr);
        std::abort();
    }

private:
    unsigned in_vain_ = 0;
};

#else

class turn_counter {
public:
    void slept() {}
    void moved() {}
    void in_vain() {}
};

#endif

}  // namespace weir::net
