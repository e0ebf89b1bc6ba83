// The bytes of one answer on their way through: whole events are found and read where they stand, and what of them goes on is moved to the front. It
// reads no source and decides nothing.
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>

#include "dialect/read/answer.hpp"
#include "http/sse_scanner.hpp"
#include "net/buffer.hpp"

namespace weir::exchange {

class answer_reader {
public:
    explicit answer_reader(dialect::endpoint spoken) : said_(spoken) {}

    /// Payload that has not gone on. A source reads into it.
    net::buffer& window() { return window_; }
    [[nodiscard]] const net::buffer& window() const { return window_; }
    /// Room for another read. False: an event is larger than `limit` bytes.
    [[nodiscard]] bool make_room(std::size_t limit);

    /// What happened so far.
    [[nodiscard]] const dialect::stream_reader& said() const { return said_; }
    /// The first token came.
    [[nodiscard]] bool has_content() const { return has_content_; }
    /// An error in place of an answer, or behind its beginning: what follows is not read.
    [[nodiscard]] bool has_error() const { return has_error_; }
    /// The last event that was read is the last one that goes on.
    [[nodiscard]] bool is_cut() const { return cut_; }
    void cut() { cut_ = true; }

    /// Reads the events that are whole; with `ended` also one that lacks its blank line. `judge(const dialect::event_facts&, char* event, std::size_t
    /// size)` sees each of them; it may blank bytes of it, and cut(). `hides_usage`: of usage that the client did not ask for nothing goes on.
    template <class F>
    void read_events(bool ended, dialect::text_sink* text, bool hides_usage, F&& judge) {
        char* const base = window_.data();
        while (seen_ < window_.size() && !has_error_ && !cut_) {
            const auto size = size_of_event({base + seen_, window_.size() - seen_}, ended);
            if (size == 0) return;
            const auto facts = said_.read({base + seen_, size}, text);
            note(facts);
            judge(facts, base + seen_, size);
            keep(size, facts, hides_usage);
            seen_ += size;
        }
    }
    /// The same of bytes that stand elsewhere (`plain`, followed by 64 readable bytes), and nothing of them goes on: they become one document.
    /// Returns how many of them are done with. `judge` says whether to go on.
    template <class F>
    std::size_t read_elsewhere(std::string_view plain, bool ended, dialect::text_sink* text, F&& judge) {
        std::size_t done = 0;
        while (done < plain.size() && !said_.terminated()) {
            const auto size = size_of_event(plain.substr(done), ended);
            if (size == 0) return done;
            const auto event = plain.substr(done, size);
            const auto facts = said_.read(event, text);
            note(facts);
            done += size;
            if (!judge(facts, event)) return done;
        }
        return said_.terminated() ? plain.size() : done;  // what follows says nothing
    }

    /// Of events: what goes on of those that were read.
    [[nodiscard]] std::string_view passing() const { return {window_.data(), kept_}; }
    /// Bytes that were read as events.
    [[nodiscard]] std::size_t seen() const { return seen_; }
    /// It has gone on.
    void passed() {
        window_.consume(seen_);
        seen_ = kept_ = 0;
    }
    /// A document in the place of all that was read.
    void replace(std::string_view document);

private:
    [[nodiscard]] std::size_t size_of_event(std::string_view bytes, bool ended) {
        const auto size = events_.find(bytes);
        return size == 0 && ended ? bytes.size() : size;
    }
    void note(const dialect::event_facts& facts) {
        has_error_ = has_error_ || facts.error;
        has_content_ = has_content_ || facts.content || facts.finish || facts.terminator;
    }
    // What follows in this batch moves up behind it.
    void keep(std::size_t size, const dialect::event_facts& facts, bool hides_usage) {
        if (!hides_usage || facts.usage_end == 0) return move_up(seen_, seen_ + size);
        if (facts.usage_only) return;
        move_up(seen_, seen_ + facts.usage_begin);
        move_up(seen_ + facts.usage_end, seen_ + size);
    }
    void move_up(std::size_t from, std::size_t to) {
        char* const base = window_.data();
        if (kept_ != from) std::memmove(base + kept_, base + from, to - from);
        kept_ += to - from;
    }

    net::buffer window_;
    std::size_t seen_ = 0;  ///< bytes that were read as whole events
    std::size_t kept_ = 0;  ///< of these what goes on, moved to the front
    http::sse_scanner events_;
    dialect::stream_reader said_;
    bool has_content_ = false, has_error_ = false, cut_ = false;
};

}  // namespace weir::exchange
