// Chunks of /v1/chat/completions and /v1/completions, put together. Members that only some providers have
// (reasoning_content, reasoning_details, annotations, …) follow the rule that OpenAI's own SDKs apply to deltas: strings
// join, objects merge, array elements meet by their index.
#include <algorithm>
#include <charconv>
#include <vector>

#include "dialect/collect/collectors.hpp"

namespace weir::dialect {
namespace {

using json::cursor;
using json::raw_string;
using json::tree;

// Deltas are shallow; what lies deeper than this is taken as a whole.
constexpr int deepest = 16;

bool is_one_of(std::string_view key, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), key) != names.end();
}

/// What an array element of a delta says about where it belongs.
struct place {
    std::string_view id, type, name;
    std::int64_t index = -1;
};

place place_of(cursor element) {
    place out;
    raw_string raw;
    element.members([&](std::string_view key, cursor& at) {
        if (key == "index") {
            at.integer(out.index);
        } else if (key == "id" && at.string(raw)) {
            out.id = raw.text;
        } else if (key == "type" && at.string(raw)) {
            out.type = raw.text;
        } else if (key == "function" || key == "custom") {
            at.members([&](std::string_view inner, cursor& value) {
                if (inner == "name" && value.string(raw)) out.name = raw.text;
            });
        }
    });
    return out;
}

std::string_view written(const tree& of, std::string_view key) {
    const tree* found = of.find(key);
    return found != nullptr && found->filled() ? found->written() : std::string_view{};
}

std::int64_t index_of(const tree& element) {
    const std::string_view digits = written(element, "index");
    std::int64_t out = -1;
    std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return out;
}

bool differ(std::string_view a, std::string_view b) { return !a.empty() && !b.empty() && a != b; }

class chat_collector final : public collector {
public:
    explicit chat_collector(std::size_t limit) : collector(limit) {}

private:
    bool read(std::string_view, cursor data) override {
        return data.members([&](std::string_view key, cursor& at) { read_member(key, at); });
    }

    void read_member(std::string_view key, cursor& at) {
        if (key == "choices") {
            document_.member(key, room());  // keeps its place among the members
            at.elements([&](cursor& choice) { read_choice(choice); });
        } else if (key == "object") {
            read_object_name(at);
        } else if (is_one_of(key, {"id", "created", "model"})) {
            keep_first(document_.member(key, room()), at);
        } else if (key == "usage") {
            // While it runs a stream may say null; an answer has the member only with something in it.
            if (json::says_something(at)) document_.member(key, room()).set(at, room());
        } else if (key != "obfuscation") {
            keep_last(document_.member(key, room()), at);
        }
    }

    void read_object_name(cursor& at) {
        raw_string name;
        if (!at.string(name) || name.text.empty()) return;
        constexpr std::string_view chunk = ".chunk";
        if (name.text.ends_with(chunk)) name.text.remove_suffix(chunk.size());
        document_.member("object", room()).set_text(name.text, room());
    }

    void keep_first(tree& to, cursor& at) {
        const bool says = json::says_something(at);
        if (to.what() == tree::form::absent || (says && !to.filled())) {
            to.set(at, room());
        } else if (says && (to.written() == "0")) {
            to.set(at, room());  // Azure opens with an empty frame
        }
    }

    void keep_last(tree& to, cursor& at) {
        if (to.what() == tree::form::absent || json::says_something(at)) to.set(at, room());
    }

    tree& choice_of(cursor choice) {
        std::int64_t number = 0;
        choice.members([&](std::string_view key, cursor& at) {
            if (key == "index") at.integer(number);
        });
        const auto known = std::find(numbers_.begin(), numbers_.end(), number);
        if (known != numbers_.end()) return choices_[static_cast<std::size_t>(known - numbers_.begin())];
        if (!room().take(sizeof(tree) + sizeof number)) return spare_;
        numbers_.push_back(number);
        tree& out = choices_.emplace_back();
        out.member("index", room()).set_raw(std::to_string(number), room());
        return out;
    }

    void read_choice(cursor& choice) {
        tree& to = choice_of(choice);
        bool has_delta = false;
        cursor look = choice;
        look.members([&](std::string_view key, cursor&) { has_delta |= key == "delta"; });
        choice.members([&](std::string_view key, cursor& at) {
            if (key == "delta" || (key == "message" && !has_delta)) {
                if (at.peek() == '{') merge_object(to.member("message", room()), at, 0);
            } else if (key == "text") {
                raw_string text;
                if (at.string(text)) to.member(key, room()).append_text(text.text, room());
            } else if (key == "logprobs") {
                read_logprobs(to.member(key, room()), at);
            } else if (key == "usage") {  // Moonshot's place for it
                if (json::says_something(at)) usage_in_choice_.set(at, room());
            } else if (key != "index" && key != "message") {
                keep_last(to.member(key, room()), at);
            }
        });
    }

    void read_logprobs(tree& to, cursor& at) {
        if (at.peek() != '{') {
            if (to.what() == tree::form::absent) to.set(at, room());
            return;
        }
        at.members([&](std::string_view key, cursor& list) {
            tree& known = to.member(key, room());
            if (list.peek() == '[') {
                known.append_elements(list, room());
            } else {
                keep_last(known, list);
            }
        });
    }

    void merge(tree& to, std::string_view key, cursor& at, int depth) {
        raw_string raw;
        if (at.is_null()) {
            if (to.what() == tree::form::absent) to.set(at, room());
        } else if (at.string(raw)) {
            merge_text(to, key, raw.text);
        } else if (depth >= deepest) {
            keep_last(to, at);
        } else if (at.peek() == '{') {
            merge_object(to, at, depth + 1);
        } else if (at.peek() == '[') {
            merge_array(to, key, at, depth + 1);
        } else {
            to.set(at, room());
        }
    }

    void merge_text(tree& to, std::string_view key, std::string_view raw) {
        if (to.what() == tree::form::array && !to.elements().empty()) {  // text behind Mistral's thinking parts
            tree& last = to.elements().back();
            tree& part = written(last, "type") == "text" ? last : to.add(room());
            part.member("type", room()).set_text("text", room());
            part.member("text", room()).append_text(raw, room());
        } else if (is_one_of(key, {"role", "id", "type", "format", "object", "status"})) {
            if (!to.filled()) to.set_text(raw, room());
        } else if (key != "name" || to.written() != raw) {  // some repeat the whole name
            to.append_text(raw, room());
        }
    }

    void merge_object(tree& to, cursor& at, int depth) {
        to.become_object(room());
        at.members([&](std::string_view key, cursor& value) { merge(to.member(key, room()), key, value, depth); });
    }

    void merge_array(tree& to, std::string_view key, cursor& at, int depth) {
        if (to.what() == tree::form::text && to.filled()) {
            const std::string before{to.written()};
            tree& part = to.add(room());
            part.member("type", room()).set_text("text", room());
            part.member("text", room()).append_text(before, room());
        }
        bool any = false;
        at.elements([&](cursor& element) {
            any = true;
            tree* known = nullptr;
            if (element.peek() == '{') {
                const place where = place_of(element);
                known = key == "tool_calls" ? same_call(to, where) : same_element(to, where);
            }
            merge(known != nullptr ? *known : to.add(room()), {}, element, depth);
        });
        if (!any && to.what() == tree::form::absent) to.set_raw("[]", room());
    }

    // By index, but for providers that give each of several calls the index 0 (and an id and a name of its own), and for
    // those that give no index at all. A new id alone is no new call: old vLLM makes one up for every fragment.
    static tree* same_call(tree& calls, const place& where) {
        auto& all = calls.elements();
        if (calls.what() != tree::form::array || all.empty()) return nullptr;
        for (auto one = all.rbegin(); one != all.rend(); ++one) {
            if (where.index >= 0 && index_of(*one) != where.index) continue;
            const bool other = differ(where.id, written(*one, "id"));
            if (where.index < 0 && other) continue;
            return other && !where.name.empty() ? nullptr : &*one;
        }
        return nullptr;
    }

    // Other arrays (reasoning_details, content parts, annotations, images): elements with an index meet there; parts of
    // a text without one continue the last of their type; the rest are elements of their own.
    static tree* same_element(tree& list, const place& where) {
        auto& all = list.elements();
        if (list.what() != tree::form::array || all.empty()) return nullptr;
        if (where.index < 0) {
            const bool continues = is_one_of(where.type, {"text", "thinking"});
            return continues && written(all.back(), "type") == where.type ? &all.back() : nullptr;
        }
        for (auto one = all.rbegin(); one != all.rend(); ++one) {
            if (index_of(*one) == where.index && !differ(where.type, written(*one, "type")) && !differ(where.id, written(*one, "id"))) return &*one;
        }
        return nullptr;
    }

    void finish_choice(tree& choice) {
        if (choice.find("text") == nullptr) {
            tree& due = choice.member("message", room());
            if (due.find("role") == nullptr) due.member("role", room()).set_text("assistant", room());
            if (due.find("content") == nullptr) due.member("content", room()).set_raw("null", room());
        }
        if (choice.find("finish_reason") == nullptr) choice.member("finish_reason", room()).set_raw("null", room());
        tree* message = choice.find("message");  // only now: a new member may move the others
        tree* calls = message == nullptr ? nullptr : message->find("tool_calls");
        if (calls == nullptr) return;
        for (tree& call : calls->elements()) call.erase("index");  // only streams number them
    }

    void compose(std::string& out) override {
        if (choices_.empty()) return fail("its stream ended without any choice");
        if (document_.find("object") == nullptr) document_.member("object", room()).set_text("chat.completion", room());
        if (document_.find("usage") == nullptr && usage_in_choice_.filled()) document_.member("usage", room()) = usage_in_choice_;
        std::vector<std::size_t> order(numbers_.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::sort(order.begin(), order.end(), [&](auto a, auto b) { return numbers_[a] < numbers_[b]; });
        tree& list = document_.member("choices", room());
        for (const std::size_t i : order) {
            finish_choice(choices_[i]);
            list.add(room()) = std::move(choices_[i]);
        }
        if (room().over()) return fail("its answer is larger than limits.collected");
        document_.write(out);
    }

    tree document_, usage_in_choice_;
    std::vector<tree> choices_;
    std::vector<std::int64_t> numbers_;  ///< the index of each choice
    tree spare_;
};

}  // namespace

std::unique_ptr<collector> collect_openai_chat(std::size_t limit) { return std::make_unique<chat_collector>(limit); }

}  // namespace weir::dialect
