// Making and checking what only the provider itself can read.
#include "mock/strict/state.hpp"

#include <cstdint>

#include "mock/strict/rules.hpp"

namespace weir::mock::strict {
namespace {

constexpr std::string_view families[] = {"claude", "gpt", "gemini"};

// FNV-1a: enough to tell prefixes apart.
std::string hash_of(std::string_view text) {
    std::uint64_t state = 0xcbf29ce484222325U;
    for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    std::string out;
    for (int i = 60; i >= 0; i -= 4) out += "0123456789abcdef"[(state >> static_cast<unsigned>(i)) & 15U];
    return out;
}

std::string maker_of(family of) { return "mock of " + std::string{families[static_cast<std::size_t>(of)]} + " "; }

std::string sealed(family of, std::string_view before, std::string_view own) { return base64(maker_of(of) + hash_of(before) + hash_of(own)); }

void add_member(json::object& to, const json::value& from, std::string_view name) {
    if (const auto* found = said(from, name)) to[name] = *found;
}

json::array first_of(const json::array& all, std::size_t count) {
    json::array out;
    for (std::size_t i = 0; i < count && i < all.size(); ++i) out.push_back(all[i]);
    return out;
}

json::array merged(const json::value& body, std::string_view turns, std::string_view inside) {
    json::array out;
    const auto* all = member(body, turns);
    if (all == nullptr || !all->is_array()) return out;
    for (const auto& each : all->as_array()) {
        const auto role = said(each, "role") == nullptr ? "user" : string_member(each, "role");
        const auto* content = member(each, inside);
        json::array parts;
        if (content != nullptr && content->is_array()) parts = content->as_array();
        if (content != nullptr && content->is_string()) parts.push_back({{"type", "text"}, {"text", *content}});
        if (out.empty() || string_member(out.back(), "role") != role) out.push_back({{"role", role}, {inside, json::array{}}});
        auto& into = out.back().as_object()[inside].as_array();
        into.insert(into.end(), parts.begin(), parts.end());
    }
    return out;
}

}  // namespace

json::array merged_messages(const json::value& body) { return merged(body, "messages", "content"); }
json::array merged_contents(const json::value& body) { return merged(body, "contents", "parts"); }

json::array plain_items(const json::value& body) {
    json::array out;
    const auto* input = member(body, "input");
    if (input == nullptr) return out;
    const auto text_item = [](std::string_view role, const json::value& text) {
        return json::value{{"type", "message"},
                           {"role", role},
                           {"content", json::array{{{"type", role == "assistant" ? "output_text" : "input_text"}, {"text", text}}}}};
    };
    if (input->is_string()) out.push_back(text_item("user", *input));
    if (!input->is_array()) return out;
    for (const auto& each : input->as_array()) {
        auto item = without(each, "id status annotations logprobs");
        const auto* content = member(item, "content");
        if (member(item, "role") != nullptr && content != nullptr && content->is_string())
            item = text_item(string_member(item, "role"), *content);
        else if (item.is_object() && member(item, "type") == nullptr)
            item.as_object()["type"] = "message";
        out.push_back(std::move(item));
    }
    return out;
}

std::string messages_before(const json::value& body, const json::array& turns, std::size_t count) {
    json::object out;
    if (const auto* system = said(body, "system"); system != nullptr && system->is_string())
        out["system"] = json::array{{{"type", "text"}, {"text", *system}}};
    else
        add_member(out, body, "system");
    add_member(out, body, "tools");
    out["messages"] = first_of(turns, count);
    return json::serialize(without(out, "cache_control"));
}

std::string responses_before(const json::value& body, const json::array& items, std::size_t count) {
    json::object out;
    add_member(out, body, "instructions");
    add_member(out, body, "tools");
    if (const auto* settings = said(body, "text")) add_member(out, *settings, "format");
    out["input"] = first_of(items, count);
    return json::serialize(out);
}

std::string gemini_before(const json::value& body, const json::array& contents, std::size_t count) {
    json::object out;
    add_member(out, body, "systemInstruction");
    add_member(out, body, "tools");
    out["contents"] = first_of(contents, count);
    return json::serialize(out);
}

std::string own_of_part(const json::value& part) {
    const auto* call = member(part, "functionCall");
    if (call == nullptr) return "text";
    const auto* arguments = said(*call, "args");
    return string_member(*call, "name") + (arguments == nullptr ? "{}" : json::serialize(*arguments));
}

std::string state_for(family of, const json::value& body, const saying& answer) {
    if (of == family::gpt) {
        const auto items = plain_items(body);
        return sealed(of, responses_before(body, items, items.size()), thought_of(answer));
    }
    if (of == family::claude) {
        const auto turns = merged_messages(body);
        return sealed(of, messages_before(body, turns, turns.size()), thought_of(answer));
    }
    const auto contents = merged_contents(body);
    json::value part = json::object{};
    if (!answer.tools.empty())
        part = {{"functionCall", {{"name", answer.tools.front().name}, {"args", json::parse(answer.tools.front().arguments)}}}};
    return sealed(of, gemini_before(body, contents, contents.size()), own_of_part(part));
}

void check_state(family of, const std::string& state, const std::string& before, std::string_view own, const std::string& path) {
    const auto expected = sealed(of, before, own);
    if (state == expected) return;
    // Base64 of 3 bytes is 4 characters: up to the last whole group it says who made it.
    const auto maker = base64(maker_of(of));
    const auto sure = maker_of(of).size() / 3 * 4;
    demand(state.size() == expected.size() && state.starts_with(std::string_view{maker}.substr(0, sure)), path,
           "Invalid signature: it was not made here, or is not the one that was given out");
    constexpr std::size_t digits = 16;
    const auto own_at = (maker_of(of).size() + digits + 2) / 3 * 4;
    demand(state.substr(own_at) == expected.substr(own_at), path, "what it was given out with cannot be modified");
    refuse(path, "it is bound to a different conversation: what stands before it was changed");
}

}  // namespace weir::mock::strict
