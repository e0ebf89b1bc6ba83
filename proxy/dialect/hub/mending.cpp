// What a history lacks that strict providers insist on: one result for each call, directly behind it and in the order of the calls, under an id that
// is unique and that everybody takes. The same history is mended to the same one for ever, and what follows changes nothing in it.
// What can be read of results that came about at a provider is text from here on.
#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "dialect/hub/reading.hpp"
#include "dialect/hub/tool_names.hpp"
#include "dialect/hub/writing.hpp"

namespace weir::dialect::hub {
namespace {

class mender {
public:
    mender(conversation& of, notes& told) : of_(of), told_(told), words_(words_of(of.from)) {}

    void mend() {
        if (std::none_of(of_.parts.begin(), of_.parts.end(), [](const part& p) { return p.is == part::kind::call || p.is == part::kind::result; }))
            return;
        turns_.reserve(of_.turns.size());
        parts_.reserve(of_.parts.size());
        for (std::size_t begin = 0; begin < of_.turns.size();) {
            auto end = begin;
            while (end < of_.turns.size() && is_model(of_.turns[end])) ++end;
            const auto answered = end;
            while (end < of_.turns.size() && !is_model(of_.turns[end])) ++end;
            exchange(begin, answered, end);
            begin = end;
        }
        of_.turns = std::move(turns_);
        of_.parts = std::move(parts_);
    }

private:
    /// A result, until a call takes it.
    struct given {
        const part* what;
        bool taken = false;
    };
    /// Results that wait for calls, in their order.
    struct line {
        std::vector<std::size_t> all;
        std::size_t next = 0;
    };
    using lines = std::unordered_map<std::string_view, line>;

    // What ran at the provider may stand anywhere, and is left out.
    [[nodiscard]] bool is_model(const turn& t) const {
        if (t.who != turn::role::assistant) return false;
        const auto begin = of_.parts.begin() + t.first;
        return !std::all_of(begin, begin + t.count, [](const part& p) { return p.is == part::kind::hosted; });
    }

    void copy(const turn& t) {
        turns_.push_back(t);
        turns_.back().first = static_cast<std::uint32_t>(parts_.size());
        parts_.insert(parts_.end(), of_.parts.begin() + t.first, of_.parts.begin() + t.first + t.count);
    }

    // What the model said, and what came back before it spoke again.
    void exchange(std::size_t begin, std::size_t answered, std::size_t end) {
        results_.clear();
        for (auto i = answered; i < end; ++i) {
            const auto& t = of_.turns[i];
            if (t.who != turn::role::results) continue;
            for (auto at = t.first; at < t.first + t.count; ++at) results_.push_back({&of_.parts[at]});
        }
        sort_results();
        for (auto i = begin; i < answered; ++i) {
            copy(of_.turns[i]);
            answer(turns_.size() - 1);
        }
        for (auto i = answered; i < end; ++i)
            if (of_.turns[i].who != turn::role::results) copy(of_.turns[i]);
        if (std::any_of(results_.begin(), results_.end(), [](const given& g) { return !g.taken; }))
            told_.drop(words_.turns, "a result belongs to a call");
    }

    void answer(std::size_t number) {
        const auto begin = turns_[number].first, end = begin + turns_[number].count;
        bool begun = false;
        std::unordered_map<std::string_view, std::size_t> times;
        for (auto at = begin; at < end; ++at)
            if (parts_[at].is == part::kind::call) ++times[parts_[at].id.json];
        for (auto at = begin; at < end; ++at) {
            if (parts_[at].is != part::kind::call) continue;
            if (!std::exchange(begun, true)) turns_.push_back({turn::role::results, end, 0, {}});
            auto made = result_of(parts_[at], times[parts_[at].id.json] == 1);
            name(parts_[at]);
            made.id = parts_[at].id;
            made.name = parts_[at].name;
            made.space = parts_[at].space;
            made.custom = parts_[at].custom;
            parts_.push_back(made);
            ++turns_.back().count;
        }
    }

    // By its id; of several the last, unless several calls have it. Results without an id are of the tool that they name, or come in order.
    part result_of(const part& call, bool alone) {
        auto* found = call.id.empty() ? nullptr : of_id(call.id.json, alone);
        if (!found) found = next_of(by_name_, call.name.json);
        if (!found) found = next_of(by_name_, {});
        if (!found) return missing();
        found->taken = true;
        return *found->what;
    }

    // Those without an id wait by the name of their tool, or by none.
    void sort_results() {
        by_id_.clear();
        by_name_.clear();
        for (std::size_t i = 0; i < results_.size(); ++i) {
            const auto& p = *results_[i].what;
            (p.id.empty() ? by_name_[p.name.json] : by_id_[p.id.json]).all.push_back(i);
        }
    }

    given* of_id(std::string_view id, bool alone) {
        if (!alone) return next_of(by_id_, id);
        given* found = nullptr;
        while (auto* each = next_of(by_id_, id)) {
            if (found) told_.change(words_.turns, "a call has one result");
            each->taken = true;
            found = each;
        }
        return found;
    }

    given* next_of(lines& in, std::string_view name) {
        const auto waiting = in.find(name);
        if (waiting == in.end() || waiting->second.next == waiting->second.all.size()) return nullptr;
        return &results_[waiting->second.all[waiting->second.next++]];
    }

    part missing() {
        told_.change(words_.turns, "a call has a result");
        part made;
        made.is = part::kind::result;
        made.failed = true;
        made.first = static_cast<std::uint32_t>(of_.inner.size());
        made.count = 1;
        of_.inner.emplace_back().text = raw_text{"no result was given"};
        return made;
    }

    // Some providers number the calls of each answer from nought.
    void name(part& call) {
        const auto number = calls_++;
        if (call.id.empty()) call.id = raw_text{of_.kept.keep("call_" + std::to_string(number))};
        const auto before = names_[std::string{call.id.json}]++;
        if (before == 0 && is_taken_everywhere(call.id.json)) return;
        call.id = raw_text{of_.kept.keep("call_" + short_hash(std::string{call.id.json} + "#" + std::to_string(before)))};
    }

    conversation& of_;
    notes& told_;
    const client_words& words_;
    std::vector<turn> turns_;
    std::vector<part> parts_;
    std::vector<given> results_;
    lines by_id_, by_name_;
    std::unordered_map<std::string, std::size_t> names_;  ///< how often an id was met
    std::size_t calls_ = 0;
};

}  // namespace

void mend(conversation& of, notes& told) {
    mender{of, told}.mend();
    for (auto& each : of.parts) {
        if (each.is != part::kind::hosted || !each.text.said) continue;
        each.is = part::kind::text;
        told.change(words_of(of.from).turns, "what ran elsewhere is told of as text");
    }
    // The list of tools may come again with each turn: the first of a name holds.
    std::unordered_map<std::string, bool> seen;
    std::erase_if(of.tools, [&](const tool& t) { return t.name.said && std::exchange(seen[std::string{t.name.json}], true); });
}

}  // namespace weir::dialect::hub
