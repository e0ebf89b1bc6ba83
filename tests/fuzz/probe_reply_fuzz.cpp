// Any answer to a doctor's probe is read without a fault, and nothing but plain words of it would be quoted.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "probe/probe_reply.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string body{reinterpret_cast<const char*>(data), size};
    const auto reply = weir::probe::read_probe_reply("application/json", body);
    for (const char c : reply.error_code)
        if (c != '_' && (c < 'a' || c > 'z')) std::abort();
    if (reply.is_html && reply.is_json) std::abort();
    if (!reply.is_json && (reply.is_list || reply.is_error || reply.speaks)) std::abort();
    return 0;
}
