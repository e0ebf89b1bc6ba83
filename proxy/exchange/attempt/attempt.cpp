#include "exchange/attempt/attempt.hpp"

#include "exchange/attempt/holder.hpp"
#include "exchange/attempt/sender.hpp"

namespace weir::exchange {

net::task<void> attempt::run(bool fresh) {
    bool has_head = false;
    {
        // The frame of what led to the answer is not kept while its first events are waited for.
        sender out{talk_, what_, through_};
        auto reaching = out.reach_head(fresh);
        has_head = co_await std::move(reaching);
    }
    if (has_head) {
        holder back{talk_, what_};
        auto holding = back.hold();
        co_await std::move(holding);
        if (!talk_.in().is_stream() || what_.collects()) talk_.forgive();
    }
}

}  // namespace weir::exchange
