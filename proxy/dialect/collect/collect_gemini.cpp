// Chunks of :streamGenerateContent, put together. Every chunk is a whole answer; only parts, citations and log
// probabilities continue from chunk to chunk, all else is said anew.
#include <algorithm>
#include <vector>

#include "dialect/collect/collectors.hpp"

namespace weir::dialect {
namespace {

using json::cursor;
using json::raw_string;
using json::tree;

struct candidate {
    std::int64_t number = 0;
    tree value, role;
    std::vector<tree> parts;
    bool has_content = false;
};

/// What decides whether a part continues the one before.
struct part_facts {
    bool has_text = false, thought = false, signed_ = false, other = false;
    std::string_view text;
};

part_facts facts_of(cursor part) {
    part_facts out;
    raw_string raw;
    part.members([&](std::string_view key, cursor& at) {
        if (key == "text") {
            out.has_text = at.string(raw);
            out.text = raw.text;
        } else if (key == "thought") {
            at.boolean(out.thought);
        } else if (key == "thoughtSignature") {
            out.signed_ = true;
        } else {
            out.other = true;
        }
    });
    return out;
}

bool is_thought(const tree& part) {
    const tree* found = part.find("thought");
    return found != nullptr && found->written() == "true";
}

class gemini_collector final : public collector {
public:
    explicit gemini_collector(std::size_t limit) : collector(limit) {}

private:
    bool read(std::string_view, cursor data) override {
        return data.members([&](std::string_view key, cursor& at) {
            if (key == "candidates") {
                document_.member(key, room());  // keeps its place among the members
                std::int64_t position = 0;
                at.elements([&](cursor& one) { read_candidate(one, position++); });
            } else {
                keep_last(document_.member(key, room()), at);
            }
        });
    }

    void keep_last(tree& to, cursor& at) {
        if (to.what() == tree::form::absent || json::says_something(at)) to.set(at, room());
    }

    candidate& candidate_at(std::int64_t number) {
        const auto known = std::find_if(candidates_.begin(), candidates_.end(), [&](const auto& c) { return c.number == number; });
        if (known != candidates_.end()) return *known;
        if (!room().take(sizeof(candidate))) return spare_;
        candidates_.emplace_back().number = number;
        return candidates_.back();
    }

    void read_candidate(cursor& one, std::int64_t position) {
        std::int64_t number = position;
        cursor look = one;
        look.members([&](std::string_view key, cursor& at) {
            if (key == "index") at.integer(number);
        });
        candidate& to = candidate_at(number);
        one.members([&](std::string_view key, cursor& at) {
            tree& known = to.value.member(key, room());
            if (key == "content" && at.peek() == '{') {
                read_content(to, known, at);
            } else if ((key == "citationMetadata" || key == "logprobsResult") && at.peek() == '{') {
                join_lists(known, at);
            } else {
                keep_last(known, at);
            }
        });
    }

    void join_lists(tree& known, cursor& at) {
        at.members([&](std::string_view key, cursor& value) {
            tree& field = known.member(key, room());
            if (value.peek() == '[') {
                field.append_elements(value, room());
            } else {
                keep_last(field, value);
            }
        });
    }

    void read_content(candidate& to, tree& content, cursor& at) {
        to.has_content = true;
        at.members([&](std::string_view key, cursor& value) {
            tree& field = content.member(key, room());
            if (key == "parts") {
                value.elements([&](cursor& part) { read_part(to, part); });
            } else {
                keep_last(field, value);
            }
        });
    }

    // Text continues text of its kind. A signature closes the part it came with, so that it still vouches for just that
    // text; one that comes with an empty text belongs to the text before.
    void read_part(candidate& to, cursor& part) {
        const part_facts facts = facts_of(part);
        const bool plain = facts.has_text && !facts.other;
        tree* last = to.parts.empty() ? nullptr : &to.parts.back();
        const bool after_text = last != nullptr && last->find("text") != nullptr;
        if (plain && facts.text.empty() && !facts.signed_ && last != nullptr) {
            part.skip();
            return;
        }
        const bool open = after_text && last->find("thoughtSignature") == nullptr && is_thought(*last) == facts.thought;
        const bool continues = plain && open && (!facts.signed_ || facts.text.empty());
        if (!continues) {
            if (!room().take(2 * sizeof(tree))) return;
            last = &to.parts.emplace_back();
        }
        part.members([&](std::string_view key, cursor& at) {
            tree& field = last->member(key, room());
            raw_string raw;
            if (key == "text" && at.string(raw)) {
                field.append_text(raw.text, room());
            } else {
                field.set(at, room());
            }
        });
    }

    void finish(candidate& one) {
        if (!one.has_content) return;
        // The empty text of a first chunk is nothing once something follows.
        if (one.parts.size() > 1) {
            const tree& first = one.parts.front();
            const tree* text = first.find("text");
            if (text != nullptr && !text->filled() && first.find("thoughtSignature") == nullptr) one.parts.erase(one.parts.begin());
        }
        tree* content = one.value.find("content");
        tree* parts = content == nullptr ? nullptr : content->find("parts");
        if (parts == nullptr) return;
        parts->set_raw("[]", room());
        for (tree& part : one.parts) parts->add(room()) = std::move(part);
    }

    void compose(std::string& out) override {
        if (document_.what() != tree::form::object) return fail("its stream is empty");
        std::sort(candidates_.begin(), candidates_.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
        for (candidate& one : candidates_) {
            finish(one);
            document_.member("candidates", room()).add(room()) = std::move(one.value);
        }
        if (room().over()) return fail("its answer is larger than limits.collected");
        document_.write(out);
    }

    tree document_;
    std::vector<candidate> candidates_;
    candidate spare_;
};

}  // namespace

std::unique_ptr<collector> collect_gemini(std::size_t limit) { return std::make_unique<gemini_collector>(limit); }

}  // namespace weir::dialect
