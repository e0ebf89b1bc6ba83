// The Accept header of a scraper: whatever it holds, one of the formats comes out, and OpenMetrics only for who names it.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "telemetry/exposition.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace weir::telemetry;
    std::string accept(reinterpret_cast<const char*>(data), size);
    const auto chosen = choose_exposition(accept);
    if (content_type_of(chosen).empty()) std::abort();
    std::transform(accept.begin(), accept.end(), accept.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (chosen != exposition::text && accept.find("application/openmetrics-text") == std::string::npos) std::abort();
    return 0;
}
