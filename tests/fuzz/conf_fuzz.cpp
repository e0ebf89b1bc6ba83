// Conf and price files from nowhere: any bytes give a value or faults, never a crash, and never both a value and an
// error.
#include <cstdlib>

#include "config/load.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    const weir::config::environment env = [](std::string_view name) -> std::optional<std::string> {
        if (name.starts_with('A')) return "value of A\xC3\xA4";
        return std::nullopt;
    };
    if (data[0] % 4 == 0) {
        const auto prices = weir::config::load_prices_text(text, "prices.yaml");
        for (const auto& fault : prices.faults)
            if (fault.line < 1 || fault.column < 1 || weir::config::to_string(fault).find('\n') != std::string::npos) std::abort();
        return 0;
    }
    const auto result = weir::config::load_text(text, "/nonexistent/weir.yaml", env);
    bool has_error = false;
    for (const auto& fault : result.faults) {
        has_error = has_error || !fault.warning;
        if (fault.line < 1 || fault.column < 1 || weir::config::to_string(fault).find('\n') != std::string::npos) std::abort();
    }
    if (has_error == (result.value != nullptr)) std::abort();
    return 0;
}
