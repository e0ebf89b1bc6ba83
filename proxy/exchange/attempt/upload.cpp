// Uploads that nobody can send twice, or would: the bytes go on while they come, through the buffer that the head was read into.
#include "exchange/attempt/sender.hpp"

namespace weir::exchange {
namespace {

using record::failure;
using flow = wire::upstream_stream::flow;

constexpr std::size_t turn_bytes = 256 * 1024;

}  // namespace

// Neither side moved since `moved_at`.
net::task<bool> sender::await_upload(core::time_point moved_at) {
    auto woken = net::woken::interrupted;
    const bool waits_for_client = of_.body.unsent().empty();
    const auto& limits = of_.conf().limits;
    const auto longest = waits_for_client ? core::duration{limits.body_timeout} : core::duration{talk_.in().at.pool->conf->timeouts.idle};
    if (!of_.watch.stopped()) woken = co_await talk_.sleep_until(std::min(of_.watch.deadline(), core::after(moved_at, longest)));
    if (of_.client.aborting()) {
        of_.watch.leave();
        talk_.stands = conversation::standing::over;
        co_return false;
    }
    if (of_.watch.stopped()) {
        talk_.last_word = of_.watch.order().error();
        co_return talk_.fail(failure::reset);
    }
    if (woken != net::woken::deadline) co_return true;
    if (of_.now() >= of_.watch.deadline()) co_return talk_.fail(failure::timeout_total);
    if (!waits_for_client) co_return talk_.fail(failure::timeout_idle, "it stopped reading the request");
    talk_.last_word = core::error{core::code::client_timeout, "the request body stopped for longer than limits.body_timeout"};
    co_return talk_.fail(failure::reset);
}

net::task<bool> sender::upload() {
    auto& in = talk_.in();
    auto& body = of_.body;
    auto& u = *body.uploading();
    std::size_t in_turn = 0;
    auto moved_at = of_.now();
    in.sent = request_state::not_whole;
    if (of_.client.head().expects_continue && u.taken == 0) {
        auto inviting = body.invite(of_.conf().limits);
        const bool invited = co_await std::move(inviting);
        if (!invited) of_.watch.leave();
    }
    of_.told.record.bytes_in += body.begin_upload();
    for (;;) {
        const auto came = body.unsent().empty() ? body.take_more() : 0;
        of_.told.record.bytes_in += came;
        if (body.client_left()) of_.watch.leave();
        if (of_.watch.left()) {
            talk_.stands = conversation::standing::over;
            co_return false;
        }
        std::size_t taken = 0;
        const auto how = in.from->send_more(body.unsent(), taken);
        u.sent += taken;
        u.taken += taken;
        in_turn += taken;
        if (how == flow::broken) {
            // It may have answered before it closed, as with bodies that are kept.
            in.times.sent_at = of_.now();
            if (!in.from->may_have_answered()) co_return talk_.fail(failure::reset);
            co_return true;
        }
        if (u.left == 0 && body.unsent().empty()) break;
        if (came > 0 || taken > 0) {
            moved_at = of_.now();
            if (in_turn > turn_bytes) {
                in_turn = 0;
                co_await of_.client.sleeper().yield();
            }
            continue;
        }
        if (in.from->has_answer()) {  // an early one: the rest is not wanted
            in.times.sent_at = of_.now();
            co_return true;
        }
        auto waiting = await_upload(moved_at);
        const bool goes_on = co_await std::move(waiting);
        if (!goes_on) co_return false;
    }
    in.sent = request_state::whole;
    in.from->sent_whole();
    body.announce(false);
    in.times.sent_at = of_.now();
    co_return true;
}

}  // namespace weir::exchange
