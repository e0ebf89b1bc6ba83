// Bodies of every dialect as upstreams of every other one get them: whatever comes, one sound JSON document goes out, the same each time, or the
// request is refused with a reason.
#include <cstdlib>
#include <memory>
#include <string>

#include "dialect/hub/reading.hpp"
#include "dialect/request.hpp"
#include "exchange/translation/translated_request.hpp"
#include "fuzz/json_document.hpp"

using namespace weir;
using namespace weir::dialect;

namespace {

/// What the model takes and what the pool is told, by the bits of two bytes.
struct taste {
    taste(unsigned model, unsigned pool) {
        hub::capability_entry any;
        any.pattern = "*";
        any.thinks = static_cast<hub::capabilities::reasoning>(model % 6);
        any.off = static_cast<hub::capabilities::off_by>(pool / 8 % 3);
        any.sampling = (model & 8) == 0;
        any.forced_tool = (model & 16) == 0;
        any.inline_system = (model & 32) != 0;
        any.developer_role = (model & 32) != 0;
        any.custom_tools = (model & 64) != 0;
        any.completion_cap = (model & 64) != 0;
        any.reasoning_back = (model & 128) != 0;
        any.binds = (model & 128) != 0;
        any.prefill = (pool & 1) == 0;
        by.capabilities = std::make_shared<hub::capability_book>(std::vector{any});
        of.name = "p";
        if (pool & 2) of.translation.is = config::translation_conf::mode::strict;
        if (pool & 4) of.translation.hosted = config::translation_conf::hosted_tools::drop;
        there.conf = &of;
    }

    config::conf by;
    config::pool_conf of;
    pools::pool_runtime there;
};

std::string translated(hub::spoke from, hub::spoke to, std::string_view body, exchange::asked& what, const taste& by) {
    what.target = hub::target_of(from, false, "m");
    exchange::service how;
    how.is = exchange::service::as::translated;
    how.from = from;
    how.to = to;
    const exchange::translated_request made{how, what, body, {&by.there, nullptr, "m"}, by.by, {}};
    if (!made.refused()) {
        if (!fuzz::is_document(made.body())) std::abort();
        return std::string{made.body()};
    }
    if (made.refused().message.empty()) std::abort();
    return made.refused().message;
}

// As a request for embeddings of either dialect, and as an answer with them: a sound document goes out, or nothing.
void embed(std::string_view body) {
    for (const auto of : {hub::spoke::chat, hub::spoke::gemini})
        for (const bool either : {false, true}) {
            const auto* const where = hub::index_of(body);
            if (where == nullptr) return;
            hub::embeddings_form form{.base64 = either, .single = either, .model = "m"};
            hub::notes told;
            std::string request, answer;
            const bool sent = hub::write_embeddings_request(of, json::cursor{*where}, "m", form, request, told);
            if (sent ? !fuzz::is_document(request) : !told.refused()) std::abort();
            if (hub::write_embeddings_answer(of, json::cursor{*where}, form, answer) && !fuzz::is_document(answer)) std::abort();
        }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const auto from = static_cast<hub::spoke>(data[0] % hub::spokes);
    std::string body{reinterpret_cast<const char*>(data + 3), size - 3};
    const auto length = body.size();
    body.append(64, '\0');
    embed({body.data(), length});
    exchange::asked what;
    // The server asks this first.
    if (inspect(hub::endpoint_of(from, false), body.data(), length, what.facts)) return 0;
    const taste by{data[1], data[2]};
    for (std::size_t to = 0; to < hub::upstream_spokes; ++to) {
        if (static_cast<hub::spoke>(to) == from) continue;
        const auto once = translated(from, static_cast<hub::spoke>(to), {body.data(), length}, what, by);
        if (once != translated(from, static_cast<hub::spoke>(to), {body.data(), length}, what, by)) std::abort();
    }
    return 0;
}
