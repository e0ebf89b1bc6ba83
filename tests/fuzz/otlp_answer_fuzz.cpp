// Whatever a collector answers: a number that is not negative comes out.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "telemetry/otlp_answer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string answer(reinterpret_cast<const char*>(data), size);  // of its own, so that a step too far is seen
    if (weir::telemetry::rejected_items(answer) < 0) std::abort();
    return 0;
}
