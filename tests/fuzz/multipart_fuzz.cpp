// multipart/form-data bodies: what is found must lie inside the body and be what it says.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "dialect/request.hpp"

using namespace weir::dialect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const std::size_t line = std::min(text.find('\n'), size);
    const std::string_view type = text.substr(0, line), body = text.substr(std::min(size, line + 1));
    for (const std::string_view content_type : {type, std::string_view{"multipart/form-data; boundary=XX"}}) {
        request_facts facts;
        if (inspect_multipart(content_type, body, facts)) continue;
        if (facts.model_at.end > body.size() || facts.model != body.substr(facts.model_at.begin, facts.model_at.end - facts.model_at.begin))
            std::abort();
    }
    return 0;
}
