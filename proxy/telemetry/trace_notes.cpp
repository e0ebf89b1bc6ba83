#include "telemetry/trace_notes.hpp"

namespace weir::telemetry {

std::string_view name_of(kept why) {
    switch (why) {
        case kept::no: return "no";
        case kept::sampled: return "sampled";
        case kept::error: return "error";
        case kept::slow: return "slow";
    }
    return "";
}

bool is_sampled(core::trace_id id, int percent) {
    // The last 56 bits are random (W3C Trace Context level 2, section 2.2.2.1 of its trace ids).
    constexpr std::uint64_t random_bits = (std::uint64_t{1} << 56) - 1;
    return (id.low & random_bits) < (random_bits / 100 + 1) * static_cast<std::uint64_t>(percent);
}

kept reason_to_keep(const record::request_record& what, const trace_notes& notes, std::chrono::milliseconds slow) {
    if (notes.sampled) return kept::sampled;
    if (what.status >= 500 || !what.interrupted_phase.empty() ||
        (what.status >= 400 && what.attempt_count > 0 && what.code != core::code::client_closed))
        return kept::error;
    return slow.count() > 0 && what.duration_us >= slow.count() * 1'000 ? kept::slow : kept::no;
}

}  // namespace weir::telemetry
