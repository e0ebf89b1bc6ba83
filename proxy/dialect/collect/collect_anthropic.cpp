// Events of /v1/messages, put together: message_start has the frame, blocks grow by their deltas, message_delta has the
// end and corrects the usage.
#include <algorithm>
#include <optional>
#include <vector>

#include "dialect/collect/collectors.hpp"

namespace weir::dialect {
namespace {

using json::cursor;
using json::raw_string;
using json::tree;

/// A content block on its way.
struct block {
    std::int64_t number = 0;
    tree value;
    std::string input;  ///< a tool's input so far: the JSON text itself
    bool has_input = false;
};

// Later reports correct single fields; one that says null corrects nothing.
void correct(tree& known, cursor& report, json::allowance& room) {
    if (report.peek() != '{') {
        if (known.what() == tree::form::absent || !report.is_null()) known.set(report, room);
        return;
    }
    report.members([&](std::string_view key, cursor& at) {
        tree& field = known.member(key, room);
        if (field.what() == tree::form::absent || !at.is_null()) field.set(at, room);
    });
}

class messages_collector final : public collector {
public:
    explicit messages_collector(std::size_t limit) : collector(limit) {}

private:
    struct seen {
        std::string_view type;
        std::optional<cursor> message, block, delta, usage;
        std::int64_t number = 0;
    };

    bool read(std::string_view name, cursor data) override {
        seen event;
        event.type = name;
        const cursor whole = data;
        const bool sound = data.members([&](std::string_view key, cursor& at) {
            raw_string raw;
            if (key == "type") {
                if (at.string(raw)) event.type = raw.text;
            } else if (at.peek() == '{' && key == "message") {
                event.message = at;
            } else if (at.peek() == '{' && key == "content_block") {
                event.block = at;
            } else if (at.peek() == '{' && key == "delta") {
                event.delta = at;
            } else if (at.peek() == '{' && key == "usage") {
                event.usage = at;
            } else if (key == "index") {
                at.integer(event.number);
            }
        });
        if (!sound) return false;
        if (event.type == "message_start" && event.message) start(*event.message);
        if (event.type == "content_block_start" && event.block) start_block(event.number, *event.block);
        if (event.type == "content_block_delta" && event.delta) grow_block(event.number, *event.delta);
        if (event.type == "message_delta") end(event, whole);
        return true;
    }

    void start(cursor message) {
        started_ = true;
        message.members([&](std::string_view key, cursor& at) {
            tree& field = message_.member(key, room());
            if (key == "usage") {
                correct(field, at, room());
            } else if (key != "content") {  // keeps its place; the blocks come in later
                field.set(at, room());
            }
        });
    }

    block* find_block(std::int64_t number) {
        const auto at = std::find_if(blocks_.begin(), blocks_.end(), [&](const block& b) { return b.number == number; });
        return at == blocks_.end() ? nullptr : &*at;
    }

    void start_block(std::int64_t number, cursor content) {
        if (find_block(number) != nullptr) return fail("a content block of its stream starts twice");
        if (!room().take(sizeof(block))) return;
        block& to = blocks_.emplace_back();
        to.number = number;
        content.members([&](std::string_view key, cursor& at) { to.value.member(key, room()).set(at, room()); });
    }

    void grow_block(std::int64_t number, cursor delta) {
        block* to = find_block(number);
        if (to == nullptr) return fail("a delta of its stream belongs to no content block");
        std::string_view type;
        cursor look = delta;
        look.members([&](std::string_view key, cursor& at) {
            raw_string raw;
            if (key == "type" && at.string(raw)) type = raw.text;
        });
        delta.members([&](std::string_view key, cursor& at) {
            raw_string raw;
            if (key == "type" || at.is_null()) return;
            if (key == "partial_json") {
                if (at.string(raw)) grow_input(*to, raw.text);
            } else if (key == "citation") {
                to->value.member("citations", room()).append_raw_element(json::text_of(at), room());
            } else if (type == "signature_delta") {
                to->value.member(key, room()).set(at, room());
            } else if (at.string(raw)) {
                to->value.member(key, room()).append_text(raw.text, room());
            } else {
                to->value.member(key, room()).set(at, room());
            }
        });
    }

    void grow_input(block& to, std::string_view raw) {
        if (!room().take(raw.size())) return;
        to.has_input = true;
        json::unescape(raw, to.input);
    }

    void end(const seen& event, cursor whole) {
        if (event.delta) {
            cursor delta = *event.delta;
            delta.members([&](std::string_view key, cursor& at) {
                tree& field = message_.member(key, room());
                if (field.what() == tree::form::absent || !at.is_null()) field.set(at, room());
            });
        }
        if (event.usage) {
            cursor usage = *event.usage;
            correct(message_.member("usage", room()), usage, room());
        }
        whole.members([&](std::string_view key, cursor& at) {
            if (key != "type" && key != "delta" && key != "usage") message_.member(key, room()).set(at, room());
        });
    }

    // An input that the output limit cut is closed where it broke; in a call that is to be made it must be whole.
    bool finish_input(block& of) {
        if (!of.has_input || of.input.find_first_not_of(" \t\r\n") == std::string::npos) return true;
        json::index& where = json::thread_index();
        bool whole = where.build(of.input) == json::fault::none && json::check_escapes(of.input);
        if (whole) {
            cursor at{where};
            whole = at.skip() && at.at_end();
        }
        const tree* reason = message_.find("stop_reason");
        if (!whole && reason != nullptr && reason->written() == "tool_use") return false;
        of.value.member("input", room()).set_raw(whole ? of.input : json::closed(of.input), room());
        return true;
    }

    void compose(std::string& out) override {
        if (!started_) return fail("its stream has no message_start");
        std::sort(blocks_.begin(), blocks_.end(), [](const block& a, const block& b) { return a.number < b.number; });
        tree& content = message_.member("content", room());
        content.set_raw("[]", room());
        for (block& one : blocks_) {
            if (!finish_input(one)) return fail("the input of a tool call in its stream is not JSON");
            content.add(room()) = std::move(one.value);
        }
        if (room().over()) return fail("its answer is larger than limits.collected");
        message_.write(out);
    }

    tree message_;
    std::vector<block> blocks_;
    bool started_ = false;
};

}  // namespace

std::unique_ptr<collector> collect_anthropic(std::size_t limit) { return std::make_unique<messages_collector>(limit); }

}  // namespace weir::dialect
