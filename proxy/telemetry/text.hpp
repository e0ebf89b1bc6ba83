// Small text writers that the logs and the metrics share: strings that may be invalid UTF-8, exact decimals.
// No allocation beyond what the target itself does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::telemetry {

/// Length of the valid UTF-8 character at the start of `text` (RFC 3629: no overlong forms, no surrogates); 0: none is there.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

/// A label value for the text format: backslash, quote and newline escaped, invalid UTF-8 replaced by U+FFFD.
void append_label_value(std::string& out, std::string_view value);

/// `value` as it stands within a JSON string, and with the quotes around it; invalid UTF-8 replaced by U+FFFD.
void append_json_text(std::string& out, std::string_view value);
void append_json_string(std::string& out, std::string_view value);

/// `value` / 10^decimals exactly, without trailing zeros: (1500000, 9) -> 0.0015. Returns the end of what was written;
/// needs 24 bytes.
char* write_decimal(char* out, std::int64_t value, int decimals);

}  // namespace weir::telemetry
