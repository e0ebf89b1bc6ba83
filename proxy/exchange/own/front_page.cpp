#include "exchange/own/front_page.hpp"

#include "dialect/json/json_text.hpp"

namespace weir::exchange {
namespace {

constexpr std::string_view favicon = "/favicon.ico";

std::string in_html(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '&': out += "&amp;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    }
    return out;
}

std::string as_html(std::string_view origin) {
    const auto here = in_html(origin);
    return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n"
           "<title>weir</title><link rel=\"icon\" href=\"data:,\">\n"
           "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:3em auto;padding:0 1em}code{background:#8882;padding:.1em .3em}"
           ":root{color-scheme:light dark}</style></head>\n"
           "<body><h1>weir</h1>\n<p>This is a gateway to large language models. Programs call it, there is nothing to click.</p>\n"
           "<ul><li>Base URL for OpenAI's SDKs and compatible clients: <code>" +
           here + "/v1</code></li>\n<li>for Anthropic's and Google's: <code>" + here +
           "</code></li>\n<li>What may be called, and how clients are pointed here: <code>" + here + "/v1/models</code> and <code>" + here +
           "/llms.txt</code>, with your key</li></ul>\n<p>Who runs it: <code>weir setup</code> says what a client needs; the status page is on the "
           "admin address.</p></body></html>\n";
}

std::string as_json(std::string_view origin) {
    const auto at = [&](std::string_view path) { return dialect::json::quoted(std::string{origin} + std::string{path}); };
    return "{\n  \"what\": \"weir, a gateway to large language models\",\n  \"base_url\": " + at("/v1") + ",\n  \"models\": " + at("/v1/models") +
           ",\n  \"help\": " + at("/llms.txt") + "\n}\n";
}

}  // namespace

bool is_front_page(std::string_view method, std::string_view path) {
    return (method == "GET" || method == "HEAD") && (path == "/" || path == "/v1" || path == "/v1/" || path == favicon);
}

front_page front_page_at(std::string_view path, std::string_view accept, std::string_view origin) {
    if (path == favicon) return {204, {}, {}};
    if (accept.find("text/html") != std::string_view::npos) return {200, as_html(origin), "text/html; charset=utf-8"};
    return {200, as_json(origin), "application/json"};
}

}  // namespace weir::exchange
