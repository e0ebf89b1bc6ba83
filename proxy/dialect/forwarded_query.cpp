#include "dialect/forwarded_query.hpp"

#include <algorithm>
#include <array>

#include "dialect/collect/collector.hpp"
#include "dialect/lower_case.hpp"
#include "dialect/percent_encoding.hpp"

namespace weir::dialect {
namespace {

std::string_view name_of(std::string_view parameter) { return parameter.substr(0, parameter.find('=')); }

// As servers of every kind would take it: unescaped, in lower case, without what stands between words.
std::string bare_name(std::string_view parameter) {
    std::string out;
    for (const char c : decode_percent(name_of(parameter)))
        if (c != '-' && c != '_' && c != '+' && c > ' ') out.push_back(lower(c));
    return out;
}

bool repeats(std::string_view parameter, std::string_view secret) {
    constexpr std::size_t shortest_looked_for = 8;  // a shorter one could stand in anything
    if (secret.empty()) return false;
    const std::string plain = decode_percent(parameter);
    if (secret.size() >= shortest_looked_for) return plain.find(secret) != std::string::npos;
    return std::string_view{plain}.substr(std::min(plain.size(), plain.find('=') + 1)) == secret;
}

}  // namespace

bool is_tracker(std::string_view parameter) {
    constexpr std::array<std::string_view, 9> names{"fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "twclid", "mc_cid", "mc_eid"};
    const auto name = name_of(parameter);
    return name.starts_with("utm_") || std::find(names.begin(), names.end(), name) != names.end();
}

bool is_key_parameter(std::string_view parameter) {
    constexpr std::array<std::string_view, 8> names{"key",         "apikey",        "xapikey",   "xgoogapikey",
                                                    "accesstoken", "authorization", "secretkey", "subscriptionkey"};
    return std::find(names.begin(), names.end(), bare_name(parameter)) != names.end();
}

void append_forwarded_query(std::string& out, std::string_view query, const query_filter& how) {
    char separator = '?';
    while (!query.empty()) {
        const auto parameter = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), parameter.size() + 1));
        if (parameter.empty() || is_tracker(parameter)) continue;
        if (how.drop_keys && (is_key_parameter(parameter) || repeats(parameter, how.secret))) continue;
        if (how.to_stream && is_answer_format(parameter)) continue;
        out += separator;
        out += parameter;
        separator = '&';
    }
    if (how.to_stream) out.append(1, separator).append("alt=sse");
}

}  // namespace weir::dialect
