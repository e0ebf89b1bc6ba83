#include "dialect/hub/cut_envelopes.hpp"

#include <cstring>

#include "dialect/hub/envelope.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/hub/spokes.hpp"

namespace weir::dialect::hub {
namespace {

constexpr std::string_view mark = "weir1.", mark_in_base64 = "d2VpcjEu";

bool is_ours(raw_text what) { return is_envelope(what) || (what.said && what.json.starts_with(mark_in_base64)); }

/// The elements of one list, or the members of one object: some go, each with one comma.
class list_cutter {
public:
    explicit list_cutter(std::vector<edit>& into) : into_(into) {}

    void add(std::size_t begin, std::size_t end, bool goes) {
        settle(begin);
        if (goes && kept_)
            into_.push_back({{last_end_, end}, {}});
        else if (goes)
            open_ = begin, is_open_ = true;
        kept_ = kept_ || !goes;
        last_end_ = end;
    }
    /// The element that was added last ends there.
    void moved_to(std::size_t end) { last_end_ = end; }
    /// No more follow.
    void end() { settle(last_end_); }

private:
    // Before anything that stays, what goes takes the comma behind it along.
    void settle(std::size_t next) {
        if (!std::exchange(is_open_, false)) return;
        into_.push_back({{open_, next}, {}});
    }
    std::vector<edit>& into_;
    std::size_t last_end_ = 0, open_ = 0;
    bool kept_ = false, is_open_ = false;
};

class envelope_cutter {
public:
    explicit envelope_cutter(std::vector<edit>& into) : into_(into) {}

    void cut(spoke of, json::cursor& body) {
        body.members([&](std::string_view key, json::cursor& at) {
            if (key != name_of_turns(of) || at.peek() != '[') return;
            if (of == spoke::responses) return elements(at, [](json::cursor one) { return is_ours(look_for_text(one, "encrypted_content")); });
            at.elements([&](json::cursor& each) {
                if (of == spoke::chat) return details(each);
                each.members([&](std::string_view inside, json::cursor& value) {
                    if (value.peek() != '[') return;
                    if (of == spoke::messages && inside == "content") elements(value, is_thought_of_others);
                    if (of == spoke::gemini && inside == "parts") parts(value);
                });
            });
        });
    }

private:
    static bool is_thought_of_others(json::cursor block) {
        return is_ours(look_for_text(block, "signature")) || is_ours(look_for_text(block, "data"));
    }

    template <class Goes>
    void elements(json::cursor& at, Goes&& goes) {
        list_cutter cuts{into_};
        at.elements([&](json::cursor& each) {
            const auto begin = each.offset();
            const bool is_ours_alone = each.peek() == '{' && goes(each);
            (void)each.skip();
            cuts.add(begin, each.end_of_last(), is_ours_alone);
        });
        cuts.end();
    }

    // What a chat's client holds of thoughts: entries, and their text once more.
    void details(json::cursor& message) {
        bool ours = false;
        auto look = message;
        look.members([&](std::string_view key, json::cursor& value) {
            if (key != "reasoning_details" || value.peek() != '[') return;
            value.elements([&](json::cursor& each) {
                ours = ours || is_ours(look_for_text(each, "signature")) || is_ours(look_for_text(each, "data"));
                (void)each.skip();
            });
        });
        if (!ours) return;
        list_cutter cuts{into_};
        message.members([&](std::string_view key, json::cursor& value) {
            const auto begin = value.member_offset();
            const bool goes = key == "reasoning_details" || key == "reasoning_content" || key == "reasoning";
            (void)value.skip();
            cuts.add(begin, value.end_of_last(), goes);
        });
        cuts.end();
    }

    void parts(json::cursor& at) {
        list_cutter cuts{into_};
        at.elements([&](json::cursor& each) {
            const auto begin = each.offset();
            const bool ours = is_ours(look_for_text(each, "thoughtSignature")) || is_ours(look_for_text(each, "thought_signature"));
            bool thought = false;
            auto look = each;
            look.members([&](std::string_view key, json::cursor& value) {
                if (key == "thought") thought = boolean_at(value).value_or(false);
            });
            if (!ours || thought) {
                (void)each.skip();
                return cuts.add(begin, each.end_of_last(), ours);
            }
            cuts.add(begin, begin, false);
            list_cutter members{into_};
            each.members([&](std::string_view key, json::cursor& value) {
                const auto from = value.member_offset();
                (void)value.skip();
                members.add(from, value.end_of_last(), key == "thoughtSignature" || key == "thought_signature");
            });
            members.end();
            cuts.moved_to(each.end_of_last());
        });
        cuts.end();
    }

    std::vector<edit>& into_;
};

}  // namespace

bool may_hold_envelopes(std::string_view body) {
    return memmem(body.data(), body.size(), mark.data(), mark.size()) != nullptr ||
           memmem(body.data(), body.size(), mark_in_base64.data(), mark_in_base64.size()) != nullptr;
}

std::vector<edit> cut_envelopes(spoke of, std::string_view body) {
    std::vector<edit> out;
    auto& where = json::thread_index();
    if (where.build(body) != json::fault::none) return out;
    json::cursor at{where};
    envelope_cutter{out}.cut(of, at);
    return out;
}

}  // namespace weir::dialect::hub
