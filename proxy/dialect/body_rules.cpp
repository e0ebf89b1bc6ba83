#include "dialect/body_rules.hpp"

#include <algorithm>
#include <utility>

#include "dialect/json/json_text.hpp"

namespace weir::dialect {

// One body, object by object: what the edits are, in the order in which they are found.
class rule_planner {
public:
    using node = member_rules::node;
    explicit rule_planner(std::vector<rule_change>* told) : told_(told) {}

    std::vector<edit> plan(const json::index& body, const node& top) {
        json::cursor at{body};
        if (at.peek() != '{') return {};
        object(at, top, {});
        if (at.why() != json::fault::none) return {};
        std::sort(edits_.begin(), edits_.end(),
                  [](const edit& a, const edit& b) { return a.at.begin != b.at.begin ? a.at.begin < b.at.begin : a.at.end < b.at.end; });
        return std::move(edits_);
    }

private:
    struct member {
        std::size_t begin, end;
        bool gone;
    };

    void object(json::cursor& at, const node& rules, const std::string& path) {
        const std::size_t inside = at.offset() + 1;
        std::vector<member> all;
        std::vector<bool> seen(rules.inside.size());
        at.members([&](std::string_view key, json::cursor& value) {
            const std::size_t begin = value.member_offset();
            const auto rule = std::find_if(rules.inside.begin(), rules.inside.end(), [&](const node& each) { return each.name == key; });
            bool gone = false;
            if (rule == rules.inside.end()) {
                value.skip();
            } else {
                const auto n = static_cast<std::size_t>(rule - rules.inside.begin());
                gone = met(*rule, path + rule->name, seen[n], value);
                seen[n] = true;
            }
            all.push_back({begin, value.end_of_last(), gone});
        });
        remove(all);
        insert(rules, seen, path, {inside, inside}, std::any_of(all.begin(), all.end(), [](const member& each) { return !each.gone; }));
    }

    // The value at hand has a rule; `before`: a member of that name stood before it. True: the member goes.
    bool met(const node& rule, const std::string& path, bool before, json::cursor& value) {
        const std::size_t begin = value.offset();
        if (rule.is == node::action::inside && value.peek() == '{') {
            object(value, rule, path + '.');
            return false;
        }
        value.skip();
        switch (rule.is) {
            case node::action::drop:
                if (!before) tell(path, {});
                return true;
            case node::action::set:
                // Of two, servers take the one or the other.
                if (!before) replace({begin, value.end_of_last()}, value.since(begin), rule, path);
                return before;
            case node::action::inside:
                if (member_rules::sets(rule)) replace({begin, value.end_of_last()}, value.since(begin), rule, path);
                return false;
        }
        return false;
    }

    void replace(range where, std::string_view old, const node& rule, const std::string& path) {
        std::string text;
        member_rules::write(rule, text);
        if (text == old) return;
        tell(path, text);
        edits_.push_back({where, std::move(text)});
    }

    // Those that go, with the commas that they leave behind.
    void remove(const std::vector<member>& all) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (!all[i].gone) continue;
            std::size_t last = i;
            while (last + 1 < all.size() && all[last + 1].gone) ++last;
            if (last + 1 < all.size())
                edits_.push_back({{all[i].begin, all[last + 1].begin}, {}});
            else
                edits_.push_back({{i > 0 ? all[i - 1].end : all[i].begin, all[last].end}, {}});
            i = last;
        }
    }

    void insert(const node& rules, const std::vector<bool>& seen, const std::string& path, range where, bool others) {
        std::string text;
        for (std::size_t n = 0; n < rules.inside.size(); ++n) {
            const node& rule = rules.inside[n];
            if (seen[n] || !member_rules::sets(rule)) continue;
            if (!text.empty()) text += ',';
            text += json::quoted(rule.name) + ':';
            const std::size_t begin = text.size();
            member_rules::write(rule, text);
            tell(path + rule.name, text.substr(begin));
        }
        if (text.empty()) return;
        if (others) text += ',';
        edits_.push_back({where, std::move(text)});
    }

    void tell(std::string path, std::string json) const {
        if (told_) told_->push_back({std::move(path), std::move(json)});
    }

    std::vector<rule_change>* told_;
    std::vector<edit> edits_;
};

void member_rules::add(const core::body_rules& more) {
    for (const auto& path : more.drop) change(top_, path, 0, node::action::drop, {});
    for (const auto& one : more.set) change(top_, one.at, 0, node::action::set, one.json);
}

void member_rules::change(node& top, const names& path, std::size_t from, node::action what, const std::string& json) {
    node* at = &top;
    for (std::size_t i = from; i < path.size(); ++i) {
        if (at->is == node::action::drop) {
            if (what == node::action::drop) return;
            at->is = node::action::set;
            at->json = "{}";
        }
        if (at->is == node::action::set) {
            // A value of an earlier rule is itself a text to be edited.
            node inner;
            change(inner, path, i, what, json);
            json::index where;
            const bool whole = where.build(at->json) == json::fault::none;
            if (whole && at->json.starts_with('{'))
                at->json = edited(at->json, rule_planner{nullptr}.plan(where, inner));
            else if (sets(inner))
                write(inner, at->json = {});
            return;
        }
        auto found = std::find_if(at->inside.begin(), at->inside.end(), [&](const node& each) { return each.name == path[i]; });
        if (found == at->inside.end()) found = at->inside.insert(found, node{path[i], node::action::inside, {}, {}});
        at = &*found;
    }
    at->is = what;
    at->json = json;
    at->inside.clear();
}

bool member_rules::sets(const node& what) {
    return what.is == node::action::set || std::any_of(what.inside.begin(), what.inside.end(), [](const node& each) { return sets(each); });
}

void member_rules::write(const node& what, std::string& out) {
    if (what.is == node::action::set) {
        out += what.json;
        return;
    }
    out += '{';
    bool first = true;
    for (const node& each : what.inside) {
        if (!sets(each)) continue;
        if (!first) out += ',';
        first = false;
        out += json::quoted(each.name) + ':';
        write(each, out);
    }
    out += '}';
}

std::vector<edit> member_rules::edits_for(const json::index& body, std::vector<rule_change>* told) const {
    return rule_planner{told}.plan(body, top_);
}

std::string edited(std::string_view body, const std::vector<edit>& edits) {
    std::string out;
    out.reserve(edited_size(body.size(), edits));
    std::size_t at = 0;
    for (const auto& one : edits) {
        out.append(body.substr(at, one.at.begin - at)).append(one.with);
        at = one.at.end;
    }
    return out.append(body.substr(at));
}

}  // namespace weir::dialect
