// What one run of the exchange target plays, decoded from the fuzzer's bytes: what the client sends, what the upstreams answer, and in which
// pieces. Every input gives some scene; bytes that are missing read as zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::fuzz {

// So odd that they are nowhere by chance.
inline constexpr std::string_view client_secret = "sk-weir-client-8c1f2ab0e7d4495a";
inline constexpr std::string_view upstream_secret = "sk-upstream-51d0c8a3f6be4e27";
inline constexpr std::string_view answer_mark = "X-Fuzz-Answer: ";
inline constexpr std::string_view model_asked = "renamed-in", model_sent = "renamed-out";
/// Models whose pools change what is asked and what is answered: a stream put together, a stream held back and asked for its usage.
inline constexpr std::string_view model_collected = "collected", model_held = "held";

/// The fuzzer's bytes, from the front.
class byte_source {
public:
    explicit byte_source(std::string_view bytes) : bytes_(bytes) {}
    [[nodiscard]] std::uint8_t byte();
    [[nodiscard]] std::size_t number();  ///< two bytes
    [[nodiscard]] bool chance(unsigned one_in) { return byte() % one_in == one_in - 1; }
    /// A length byte, then so many bytes.
    [[nodiscard]] std::string text();
    [[nodiscard]] bool empty() const { return bytes_.empty(); }

private:
    std::string_view bytes_;
};

/// One request of the client.
struct request_plan {
    std::string wire;     ///< as the client sends it
    std::string body;     ///< without framing; what must reach the upstream unless `renamed` says otherwise
    std::string renamed;  ///< the body after weir's own edit
    bool has_body = false;
    bool rewritten = false;  ///< its pool changes requests and answers: their bytes are not compared
    bool odd_field = false;  ///< holds a field line that the fuzzer wrote
    bool reframed = false;   ///< where it ends is the fuzzer's word: nothing is known from here on
    bool waits = false;      ///< is sent after the answer to the one before it
};

/// What an upstream does with the next request that comes, whichever it is.
struct answer_plan {
    std::string wire;             ///< as it is sent; the four digits behind `answer_mark` are filled in then
    std::string body;             ///< without framing, as far as it comes
    std::size_t proper_size = 0;  ///< what comes behind is no part of the answer, and comes along with its end
    bool refuses = false;         ///< the connection to it fails, where a new one is made
    bool early = false;           ///< it answers once it has the request's head
    bool whole = false;           ///< ends as its framing says, and the framing is beyond doubt
    bool stream = false;          ///< events
    bool odd_field = false;       ///< holds a field line that the fuzzer wrote
    bool reusable = false;        ///< after it the connection is at a message boundary
    bool closes = false;          ///< the connection is ended after it
    int status = 200;
};

struct scene {
    std::vector<request_plan> requests;  ///< 1 to 3
    std::vector<answer_plan> answers;    ///< 1 to 4; the last one repeats
    std::string pieces;                  ///< a byte for each step: who moves, and by how much
    bool client_leaves = false;          ///< once it has had the first bytes of an answer
};

[[nodiscard]] scene make_scene(std::string_view bytes);

}  // namespace weir::fuzz
