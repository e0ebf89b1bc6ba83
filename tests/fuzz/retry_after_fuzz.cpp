// Retry-After and rate limit resets from any upstream: never out of range, never a crash, and the same answer for the same bytes.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "policy/ip_block.hpp"
#include "policy/upstreams/rate_resets.hpp"
#include "policy/upstreams/retry_after.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto cut = text.find('\n');
    const auto first = text.substr(0, cut);
    const auto second = cut == std::string_view::npos ? std::string_view{} : text.substr(cut + 1);
    const weir::core::wall_time now{std::chrono::seconds{1'795'219'200}};
    const auto pause = weir::policy::retry_after(first, second, now);
    if (pause && (pause->count() < 0 || *pause > std::chrono::hours{24})) std::abort();
    if (pause != weir::policy::retry_after(first, second, now)) std::abort();
    const auto reset = weir::policy::reset_time(first, now);
    if (reset && (reset->count() < 0 || *reset > std::chrono::hours{24})) std::abort();
    weir::policy::rate_resets resets;
    resets.see(first, second);
    resets.see("x-ratelimit-reset-tokens", first);
    if (const auto longest = resets.pause(now); longest && (longest->count() < 0 || *longest > std::chrono::hours{24})) std::abort();
    const auto address = weir::policy::ip_address::parse(first);
    const auto block = weir::policy::ip_block::parse(first);
    // An address that can be read is a block that contains itself.
    if (address && (!block || !block->contains(*address))) std::abort();
    return 0;
}
