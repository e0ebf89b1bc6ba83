#include "exchange/own/hidden_credential.hpp"

#include <cstring>
#include <string_view>
#include <utility>

namespace weir::exchange {

void hide_credential(const pools::upstream_runtime* of, char* text, std::size_t size) {
    constexpr std::size_t shortest = 8;  // a placeholder of a local server, such as "none", is a word that may stand anywhere
    if (!of || of->credential_name.empty()) return;
    std::string_view secret = of->credential_value.reveal();
    if (const auto blank = secret.rfind(' '); blank != std::string_view::npos) secret.remove_prefix(blank + 1);
    if (secret.size() < shortest) return;
    const std::string_view all{text, size};
    for (auto at = all.find(secret); at != std::string_view::npos; at = all.find(secret, at + secret.size()))
        std::memset(text + at, '*', secret.size());
}

std::string without_credential(const pools::upstream_runtime* of, std::string text) {
    hide_credential(of, text.data(), text.size());
    return text;
}

}  // namespace weir::exchange
