// The texts of requests and answers: any bytes, and nothing outside them is given out.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dialect/prompt_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body{reinterpret_cast<const char*>(data), size};
    std::size_t given = 0;
    const auto count = [&](std::string_view text) { given += text.size(); };
    const auto seen = weir::dialect::read_prompt_texts(body, count);
    // A tool's parameter is given out once with its name; nothing else comes twice.
    if (given > 2 * size + static_cast<std::size_t>(2 * (seen.functions + seen.parameters))) std::abort();
    if (seen.choice_lists > seen.parameters || seen.functions_with_parameters > seen.functions) std::abort();
    given = 0;
    weir::dialect::read_answer_texts(body, count);
    if (given > size) std::abort();
    return 0;
}
