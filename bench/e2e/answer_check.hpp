// Compares one answer with what the mock must have said, while it arrives: byte for byte, or by its texts where the form is another dialect's.
// Does not see HTTP framing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "script.hpp"
#include "tally.hpp"

namespace weir::bench {

class answer_check {
public:
    /// `unary` is the one right body of a unary answer, `stream_end` what must follow the stamped events.
    answer_check(order expected, std::string unary, std::string stream_end, tally& counts);

    /// From now on the texts alone count, in their order, and that there is an end: the form is that of a translation.
    void by_text() { by_text_ = true; }

    void start(std::int64_t due_ns);
    void on_body(const char* data, std::size_t size, std::int64_t now);
    /// Null when the answer so far is exact and complete, else what is wrong with it.
    [[nodiscard]] const char* fault() const;
    /// The first stamped event has come, and none that was wrong: what a held stream waits for.
    [[nodiscard]] bool stands() const noexcept { return next_ != 0 && !wrong_; }

private:
    [[nodiscard]] std::size_t take_events(std::string_view text, std::int64_t now);
    void take_event(std::string_view event, std::int64_t now);
    void take_text(std::string_view event, std::int64_t now);
    [[nodiscard]] const char* fault_of_texts() const;

    order expected_;
    std::string unary_;
    std::string stream_end_;
    tally& counts_;
    std::string kept_;  // unary: the body so far; stream: an event that is not complete yet
    std::string end_;
    std::int64_t due_ns_ = 0;
    int next_ = 0;
    bool wrong_ = false;
    bool by_text_ = false;
};

}  // namespace weir::bench
