// What the messages of a realtime session say about usage, read as their bytes go by: nothing of a message is held but its `type` and the usage
// object of a finished response.
// It does not know frames (http/websocket_scanner.hpp does), and decides nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "usage/counts.hpp"

namespace weir::dialect {

/// What one message of the server was.
struct realtime_facts {
    bool response_began = false;  ///< response.created: from here on tokens cost money
    bool response_ended = false;  ///< response.done: completed, cancelled, incomplete or failed
    bool has_usage = false;
    usage::counts usage;          ///< of that response
};

/// Reads the server's text messages, each fed in arbitrary slices. One per session.
class realtime_reader {
public:
    void begin();
    void feed(std::string_view bytes);
    /// The message is over. What was no JSON object, or names no type, says nothing.
    [[nodiscard]] realtime_facts end();
    /// Nothing more of this message can matter.
    [[nodiscard]] bool indifferent() const { return done_; }

private:
    enum class member : std::uint8_t { other, type, response, usage };

    void step(char c);
    void inside_string(char c);
    void name_is_over();
    void open(char c);
    void close();
    void type_is_known();

    std::string key_;    ///< the last string where a member's name may stand, raw, cut
    std::string type_;
    std::string usage_;  ///< the usage object, as far as it came
    std::uint32_t depth_ = 0;
    member next_ = member::other;  ///< whose value comes next
    bool in_string_ = false, escape_ = false, reads_type_ = false, in_response_ = false, captures_ = false, captured_ = false, done_ = false;
};

}  // namespace weir::dialect
