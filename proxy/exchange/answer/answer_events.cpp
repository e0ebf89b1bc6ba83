#include "exchange/answer/answer_events.hpp"

#include <chrono>

#include "exchange/charge.hpp"
#include "exchange/own/hidden_credential.hpp"

namespace weir::exchange {

void read_new_events(request& of, answer& in) {
    in.reader.read_events(in.ended(), in.meters.counted.get(), in.how.hides_usage,
                          [&](const dialect::event_facts& facts, char* event, std::size_t size) {
                              if (facts.error) hide_credential(in.at.to, event, size);
                              if (in.translated) in.translated->take({event, size});
                              note_event(of, in, facts);
                              if (!in.reader.said().terminated() && !budget_allows(of, in)) in.reader.cut();
                          });
}

void note_event(request& of, answer& in, const dialect::event_facts& facts) {
    if (!facts.content && !facts.finish && !facts.terminator) return;
    const auto now = of.now();
    if (in.times.first_at == core::time_point{}) {
        in.times.first_at = now;
    } else if (facts.content) {
        const auto gap = std::chrono::duration_cast<std::chrono::nanoseconds>(now - in.times.last_at).count();
        in.meters.between_tokens.observe_scaled(gap);
        in.times.longest_gap_ns = std::max<std::int64_t>(in.times.longest_gap_ns, gap);
    }
    in.times.last_at = now;
}

void tell_times(request& of, const answer& in) {
    if (in.times.first_at == core::time_point{}) return;
    of.told.note_first_token(in.times.first_at);
    of.told.record.longest_gap_ns = in.times.longest_gap_ns;
}

}  // namespace weir::exchange
