// What the messages of a WebSocket session (/v1/realtime, /v1/responses) say about usage, read as their bytes go by: nothing of a message is held
// but its `type`, and the model and the usage object of a response.
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
    bool response_ended = false;  ///< response.done, or as /v1/responses says it response.completed, .failed, .incomplete, .cancelled
    bool error = false;           ///< {"type":"error"}: over /v1/responses a response that had begun goes no further
    bool has_usage = false;
    usage::counts usage;     ///< of that response
    std::string_view model;  ///< of a response that began or ended; empty: it names none, or a longer one than 127 bytes. Until the next begin()
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
    enum class string_part : std::uint8_t { outside, inside, escaped };

    enum class member : std::uint8_t { other, type, response, usage, model };
    enum class kind_of_message : std::uint8_t { other, began, ended, error };

    void step(char c);
    void inside_string(char c);
    void name_is_over();
    void open(char c);
    void close();
    [[nodiscard]] kind_of_message kind_now() const;

    std::string key_;  ///< the last string where a member's name may stand, raw, cut
    std::string type_;
    std::string model_;  ///< of the response, raw, cut; when the message is over, its meaning
    std::string usage_;  ///< the usage object, as far as it came
    std::uint32_t depth_ = 0;
    member next_ = member::other;   ///< whose value comes next
    member reads_ = member::other;  ///< whose value the string at hand is: type, model
    string_part at_ = string_part::outside;
    bool in_response_ = false, captures_ = false, captured_ = false, done_ = false;
};

}  // namespace weir::dialect
