// What the store answers, copied out of the protocol reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::fleet {

struct reply {
    enum class kind : std::uint8_t { nil, text, integer, list, error };
    kind is = kind::nil;
    std::int64_t number = 0;   ///< of an integer
    std::string text;          ///< of a text or an error
    std::vector<reply> parts;  ///< of a list

    /// The i-th part as an integer, written as one or as a text; `otherwise` when it is neither.
    [[nodiscard]] std::int64_t number_at(std::size_t i, std::int64_t otherwise = 0) const;
};

/// A command with its arguments.
using command = std::vector<std::string>;

/// The command as it is written to the server (RESP2 array of bulk strings).
[[nodiscard]] std::string write_command(const command& what);

/// Reads replies out of bytes that come in any pieces.
class reply_reader {
public:
    reply_reader();
    ~reply_reader();
    reply_reader(const reply_reader&) = delete;
    reply_reader& operator=(const reply_reader&) = delete;

    enum class got : std::uint8_t { nothing_yet, one, broken };
    /// The next bytes that came. They are copied.
    void feed(std::string_view bytes);
    /// The next whole reply into `out`. Broken: this is not the protocol, and nothing more can be read.
    [[nodiscard]] got next(reply& out);

private:
    void* reader_;
};

}  // namespace weir::fleet
