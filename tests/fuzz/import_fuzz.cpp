// Confs of other programs: any bytes give a conf or a problem, never both; and a conf that is made is one.
#include <cstdlib>
#include <string>

#include "config/load.hpp"
#include "import/imported.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    const auto made = data[0] % 2 == 0 ? weir::import::from_litellm(text, "config.yaml") : weir::import::from_new_api(text, "channels.json");
    if (made.conf.empty() == made.problem.empty()) std::abort();
    if (made.conf.empty()) return 0;
    // Here every variable is an address, which also does for a secret: only inside of an address it does not.
    for (auto at = made.conf.find("url: "); at != std::string::npos; at = made.conf.find("url: ", at + 1))
        if (made.conf.substr(at, made.conf.find('\n', at) - at).find("${") != std::string::npos) return 0;
    const auto result =
        weir::config::load_text(made.conf, "/nonexistent/weir.yaml", [](std::string_view) { return std::string{"https://a.example"}; });
    if (!result.value) std::abort();
    return 0;
}
