#include "exchange/translation/stored_turn.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "dialect/hub/raw_text.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/percent_encoding.hpp"

namespace weir::exchange {
namespace {

namespace hub = dialect::hub;
namespace json = dialect::json;

// Two lists of items, one behind the other.
void append_items(std::string& out, std::string_view items) {
    if (items.empty()) return;
    if (!out.empty()) out += ',';
    out += items;
}

// What stands between the brackets of the array at hand.
std::string elements_at(json::cursor& at) {
    std::string out;
    at.elements([&](json::cursor& each) { append_items(out, hub::written(each)); });
    return out;
}

std::string message_of(std::string_view text) { return R"({"type":"message","role":"user","content":)" + std::string{text} + "}"; }

std::string parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto one = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), one.size() + 1));
        const auto equals = one.find('=');
        if (equals != std::string_view::npos && one.substr(0, equals) == name) return dialect::decode_percent(one.substr(equals + 1));
    }
    return {};
}

// The content of a message as parts, which is how it is shown whatever form it came in.
void write_content(hub::json_writer& out, std::string_view content, bool said_by_model) {
    if (!content.starts_with('"')) return out.member("content", content);
    out.open_member("content", '[');
    out.open('{');
    out.plain_member("type", said_by_model ? "output_text" : "input_text");
    out.member("text", content);
    if (said_by_model) out.member("annotations", "[]");
    out.close('}');
    out.close(']');
}

struct shown_item {
    std::string id, text;
};

// As the provider's own list has it: with an id, and a message with type and status.
shown_item show(json::cursor& at, std::string_view response_id, std::size_t number) {
    shown_item made;
    const auto id = hub::look_for_text(at, "id");
    const auto type = hub::look_for_text(at, "type");
    const bool message = !type.said || type.is("message");
    const bool by_model = hub::look_for_text(at, "role").is("assistant");
    made.id = id.empty() ? "item_" + std::string{response_id} + "_" + std::to_string(number) : id.decoded();
    hub::json_writer out{made.text};
    out.open('{');
    out.plain_member("id", made.id);
    if (!type.said) out.plain_member("type", "message");
    if (message && !hub::has_member(at, "status")) out.plain_member("status", "completed");
    at.members([&](std::string_view key, json::cursor& value) {
        const auto begin = value.offset();
        const auto name = value.text().substr(value.member_offset(), begin - value.member_offset());
        const auto what = hub::written(value);
        if (key == "id") return;
        if (message && key == "content") return write_content(out, what, by_model);
        out.value(std::string{name}.append(what));
    });
    out.close('}');
    return made;
}

}  // namespace

stored_turn read_turn(std::string_view body) {
    stored_turn out;
    const auto* where = hub::index_of(body);
    if (where == nullptr) return out;
    json::cursor at{*where};
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "store") out.is_kept = hub::boolean_at(value).value_or(true);
        if (key == "input") out.input = hub::written(value);
        if (key == "previous_response_id") out.previous = hub::text_at(value).decoded();
    });
    return out;
}

std::string items_of(std::string_view input) {
    if (input.starts_with('"')) return message_of(input);
    const auto* where = input.starts_with('[') ? hub::index_of(input) : nullptr;
    if (where == nullptr) return {};
    json::cursor at{*where};
    return elements_at(at);
}

std::string output_of(std::string_view document) {
    std::string out;
    const auto* where = hub::index_of(document);
    if (where == nullptr) return out;
    json::cursor at{*where};
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "output") out = elements_at(value);
    });
    return out;
}

std::string continued(std::string_view body, const ledger::stored_response& from) {
    std::string items = from.input;
    append_items(items, output_of(from.document));
    append_items(items, items_of(read_turn(body).input));
    std::string out;
    const auto* where = hub::index_of(body);
    if (where == nullptr) return std::string{body};
    out.reserve(body.size() + items.size());
    hub::json_writer writer{out};
    json::cursor at{*where};
    writer.open('{');
    at.members([&](std::string_view key, json::cursor& value) {
        const auto member = value.member_offset();
        (void)value.skip();
        if (key != "input" && key != "previous_response_id") writer.value(value.since(member));
    });
    writer.member("input", "[" + items + "]");
    writer.close('}');
    return out;
}

std::string_view ended_response(std::string_view said) {
    const auto ended_well = [](const json::cursor& at) {
        const auto status = hub::look_for_text(at, "status");
        return status.is("completed") || status.is("incomplete");
    };
    if (!said.starts_with('{')) {
        // No text within an event has a line break of its own.
        const auto last = said.rfind("\nevent: response.");
        said = said.substr(last == std::string_view::npos ? 0 : last + 1);
        if (!said.starts_with("event: response.completed\n") && !said.starts_with("event: response.incomplete\n")) return {};
        const auto data = said.find("\ndata: ");
        if (data == std::string_view::npos) return {};
        said.remove_prefix(data + std::string_view{"\ndata: "}.size());
        said = said.substr(0, said.find('\n'));
    }
    const auto* where = hub::index_of(said);
    if (where == nullptr) return {};
    json::cursor at{*where};
    if (hub::look_for_text(at, "object").is("response")) return ended_well(at) ? said : std::string_view{};
    std::string_view inner;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "response" || !ended_well(value)) return;
        inner = hub::written(value);
    });
    return inner;
}

std::string list_of_items(const ledger::stored_response& of, std::string_view query) {
    const std::string all = "[" + of.input + "]";
    std::vector<shown_item> items;
    if (const auto* where = hub::index_of(all)) {
        json::cursor at{*where};
        at.elements([&](json::cursor& each) { items.push_back(show(each, of.id, items.size())); });
    }
    if (parameter(query, "order") != "asc") std::reverse(items.begin(), items.end());
    if (const auto after = parameter(query, "after"); !after.empty()) {
        const auto found = std::find_if(items.begin(), items.end(), [&](const shown_item& each) { return each.id == after; });
        items.erase(items.begin(), found == items.end() ? found : found + 1);
    }
    std::size_t limit = 20;
    const auto asked = parameter(query, "limit");
    (void)std::from_chars(asked.data(), asked.data() + asked.size(), limit);
    limit = std::clamp<std::size_t>(limit, 1, 100);
    std::string out;
    hub::json_writer writer{out};
    writer.open('{');
    writer.plain_member("object", "list");
    writer.open_member("data", '[');
    const auto count = std::min(limit, items.size());
    for (std::size_t i = 0; i < count; ++i) writer.value(items[i].text);
    writer.close(']');
    for (const auto& [name, at] : {std::pair{"first_id", std::size_t{0}}, std::pair{"last_id", count - 1}}) {
        if (count == 0)
            writer.member(name, "null");
        else
            writer.plain_member(name, items[at].id);
    }
    writer.member("has_more", items.size() > count ? "true" : "false");
    writer.close('}');
    return out;
}

}  // namespace weir::exchange
