#include "exchange/translation/unlisted_models.hpp"

#include <functional>

#include "dialect/hub/capabilities.hpp"
#include "telemetry/event_log.hpp"

namespace weir::exchange {

bool names_once::is_first(std::string_view name) {
    const std::uint64_t hash = std::hash<std::string_view>{}(name) | 1U;
    for (std::size_t i = 0; i < room; ++i) {
        auto& slot = seen_[(hash / 2 + i) % room];
        std::uint64_t there = slot.load(std::memory_order_relaxed);
        if (there == 0 && slot.compare_exchange_strong(there, hash, std::memory_order_relaxed)) return true;
        if (there == hash) return false;
    }
    return false;
}

std::string words_about_unlisted(std::string_view model) {
    constexpr std::size_t longest_shown = 120;
    const std::string name{model.substr(0, longest_shown)};
    return "model '" + name +
           "' is translated for, but no table says what it accepts: no reasoning is asked for, at most 8192 tokens of output. Write into the file of "
           "'capabilities:' models: {\"" +
           name + "\": {reasoning: none, max_output: 8192}}, with what holds";
}

void note_unlisted(std::string_view model, const config::conf& by) {
    static names_once said;
    if (by.capabilities && by.capabilities->knows(model)) return;
    if (said.is_first(model)) telemetry::log(telemetry::level::warn, words_about_unlisted(model));
}

}  // namespace weir::exchange
