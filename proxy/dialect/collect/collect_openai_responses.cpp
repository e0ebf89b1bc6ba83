// Events of /v1/responses: the last one holds the whole response. Items are kept for providers whose last event has none.
#include <algorithm>
#include <utility>
#include <vector>

#include "dialect/collect/collectors.hpp"
#include "dialect/json/json_text.hpp"

namespace weir::dialect {
namespace {

using json::cursor;
using json::raw_string;
using json::tree;

class responses_collector final : public collector {
public:
    explicit responses_collector(std::size_t limit) : collector(limit) {}

private:
    bool read(std::string_view name, cursor data) override {
        std::string_view type = name, response, item;
        std::int64_t place = -1;
        const bool sound = data.members([&](std::string_view key, cursor& at) {
            raw_string raw;
            if (key == "type") {
                if (at.string(raw)) type = raw.text;
            } else if (key == "response") {
                if (at.peek() == '{') response = json::text_of(at);
            } else if (key == "item") {
                if (at.peek() == '{') item = json::text_of(at);
            } else if (key == "output_index") {
                at.integer(place);
            }
        });
        if (!sound) return false;
        const bool last = type == "response.completed" || type == "response.incomplete" || type == "response.failed" || type == "response.cancelled";
        if (last && !response.empty()) final_.set_raw(response, room());
        if (type == "response.output_item.done" && !item.empty()) keep_item(place, item);
        return true;
    }

    void keep_item(std::int64_t place, std::string_view item) {
        if (place < 0) place = static_cast<std::int64_t>(items_.size());
        if (!room().take(item.size() + sizeof(items_[0]))) return;
        const auto known = std::find_if(items_.begin(), items_.end(), [&](const auto& i) { return i.first == place; });
        if (known != items_.end()) {
            known->second = item;
        } else {
            items_.emplace_back(place, item);
        }
    }

    void compose(std::string& out) override {
        if (!final_.filled()) return fail("its stream ended without the whole response");
        json::index& where = json::thread_index();
        if (where.build(final_.written()) != json::fault::none) return fail("its response is not JSON");
        cursor response{where};
        bool has_output = false;
        std::string others;  // the members but `output`
        const bool sound = response.members([&](std::string_view key, cursor& at) {
            has_output |= key == "output" && json::says_something(at);
            if (key != "output") others.append(json::quoted(key)).append(1, ':').append(json::text_of(at)).append(1, ',');
        });
        if (!sound) return fail("its response is not JSON");
        if (has_output || items_.empty()) {
            out += final_.written();
            return;
        }
        std::sort(items_.begin(), items_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        out.append(1, '{').append(others).append("\"output\":[");
        for (std::size_t i = 0; i < items_.size(); ++i) out.append(i == 0 ? "" : ",").append(items_[i].second);
        out += "]}";
    }

    tree final_;
    std::vector<std::pair<std::int64_t, std::string>> items_;  ///< with their output_index
};

}  // namespace

std::unique_ptr<collector> collect_openai_responses(std::size_t limit) { return std::make_unique<responses_collector>(limit); }

}  // namespace weir::dialect
