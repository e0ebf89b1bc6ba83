// What spans and log records have in common in the JSON encoding of OTLP: attributes, and the envelope of an export request.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "telemetry/text.hpp"

namespace weir::telemetry {

/// Names and values of what is the same for all that a process exports.
using otlp_resource = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t longest_attribute = 256;  ///< bytes of a text's value; what is longer is cut

inline void append_integer(std::string& out, std::int64_t value) {
    char digits[24];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

/// The attributes of one item. Empty texts are left out.
class attributes {
public:
    explicit attributes(std::string& out) : out_(out) { out_ += "\"attributes\":["; }
    void text(std::string_view key, std::string_view value) {
        if (value.empty()) return;
        begin(key);
        out_ += "{\"stringValue\":";
        append_json_string(out_, value.substr(0, longest_attribute));
        out_ += "}}";
    }
    void number(std::string_view key, std::int64_t value) {
        begin(key);
        out_ += "{\"intValue\":\"";
        append_integer(out_, value);
        out_ += "\"}}";
    }
    void flag(std::string_view key, bool value) {
        begin(key);
        out_.append("{\"boolValue\":").append(value ? "true" : "false") += "}}";
    }
    void decimal(std::string_view key, std::int64_t value, int decimals) {
        char digits[32];
        begin(key);
        out_.append("{\"doubleValue\":").append(digits, write_decimal(digits, value, decimals)) += "}}";
    }
    void end() { out_ += "]"; }

private:
    void begin(std::string_view key) {
        if (!first_) out_ += ',';
        first_ = false;
        out_.append("{\"key\":\"").append(key) += "\",\"value\":";
    }
    std::string& out_;
    bool first_ = true;
};

/// How an export request calls its parts: `resourceSpans`, `scopeSpans`, `spans`.
struct envelope_names {
    std::string_view of_resources, of_scopes, items;
};
[[nodiscard]] std::string export_envelope(const envelope_names& names, std::string_view items, const otlp_resource& resource);

}  // namespace weir::telemetry
