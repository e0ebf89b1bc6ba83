// Channels of New API or one-api as a conf: each key of a channel is an upstream, models that the same channels serve share a route, and lower
// priorities are fallbacks.
#include <algorithm>
#include <array>
#include <map>

#include "config/cursor.hpp"
#include "import/channel_types.hpp"
#include "import/foreign.hpp"
#include "import/imported.hpp"
#include "import/planner.hpp"
#include "import/source_text.hpp"

namespace weir::import {
namespace {

/// Texts inside texts: `model_mapping` and the like hold JSON as a string.
class inner_json {
public:
    explicit inner_json(const foreign& from) {
        if (from.is_map() || from.is_list()) {
            root_ = from;
            return;
        }
        const auto text = from.text();
        is_empty_ = text.empty() || text == "{}" || text == "null" || text == "[]";
        if (is_empty_) return;
        tree_ = config::parse_document(json_as_yaml(text), [](config::position, const std::string&) {});
        if (tree_) root_ = foreign{*tree_, tree_->root, from.line()};
    }
    [[nodiscard]] bool is_empty() const { return is_empty_; }
    [[nodiscard]] const foreign& root() const { return root_; }

private:
    std::optional<config::document> tree_;
    foreign root_;
    bool is_empty_ = false;
};

std::vector<std::string> parts(std::string_view text, char between) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto end = std::min(text.find(between), text.size());
        auto part = text.substr(0, end);
        while (!part.empty() && static_cast<unsigned char>(part.front()) <= ' ') part.remove_prefix(1);
        while (!part.empty() && static_cast<unsigned char>(part.back()) <= ' ') part.remove_suffix(1);
        if (!part.empty()) out.emplace_back(part);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

/// A list, or a text with commas.
std::vector<std::string> texts_of(const foreign& from) {
    if (!from.is_list()) return parts(from.text(), ',');
    std::vector<std::string> out;
    for (const auto& each : from.items())
        if (auto text = each.text(); !text.empty()) out.push_back(std::move(text));
    return out;
}

struct left_key {
    std::string_view name, why;
};
constexpr std::array left_keys{
    left_key{"status_code_mapping", "weir passes statuses on as they are"},
    left_key{"other", "weir has no place for it; Azure's v1 API needs no version"},
    left_key{"setting", "weir has nothing of that kind for an upstream (no proxy between, no answers changed)"},
    left_key{"settings", "weir has nothing of that kind for an upstream (no proxy between, no answers changed)"},
    left_key{"config", "weir has nothing of that kind for an upstream"},
    left_key{"system_prompt", "weir adds no texts to prompts"},
};

class channel_reader {
public:
    channel_reader(const foreign& from, bool is_one_api, draft& into) : from_(from), into_(into), is_one_api_(is_one_api) {
        id_ = from["id"].text().empty() ? std::to_string(from.line()) : from["id"].text();
        name_ = from["name"].text();
    }

    void read(std::map<std::string, served_name>& names, std::vector<std::string>& order) {
        type_ = find_channel_type(from_["type"].integer().value_or(-1), is_one_api_);
        if (!is_served()) return;
        place_.name = name_.empty() ? "channel-" + id_ : name_;
        place_.origin = "channel " + id_ + (type_->name.empty() ? "" : ", " + std::string{type_->name}) + ", line " + std::to_string(from_.line());
        place_.dialect = std::string{type_->dialect};
        if (!read_address()) return;
        read_weight();
        read_rules();
        say_what_is_left();
        const auto mapping = read_mapping();
        for (const auto& key : keys()) {
            auto one = place_;
            one.api_key = key;
            const auto index = place_index(into_.places, std::move(one));
            for (const auto& model : texts_of(from_["models"])) add(model, mapping, index, names, order);
        }
    }

private:
    void leave_out(std::string_view why) { into_.left_out.add(from_.line(), "channel " + id_ + (name_.empty() ? "" : " (" + name_ + ")"), why); }

    bool is_served() {
        const auto status = from_["status"].integer().value_or(1);
        if (status != 1) {
            const auto models = texts_of(from_["models"]);
            std::string named;
            for (std::size_t i = 0; i < models.size() && i < 8; ++i) named += (i == 0 ? "" : ", ") + models[i];
            leave_out((status == 3 ? "disabled by New API itself; it had " : "disabled; it had ") + (named.empty() ? "no models" : named) +
                      (models.size() > 8 ? " and others" : ""));
        } else if (type_ == nullptr) {
            leave_out("its type is not known here");
        } else if (!type_->why_not.empty()) {
            leave_out(std::string{type_->name} + ": " + std::string{type_->why_not});
        } else if (texts_of(from_["models"]).empty()) {
            leave_out("it has no models");
        } else {
            return true;
        }
        return false;
    }

    bool read_address() {
        auto written = from_["base_url"].text();
        if (written.empty()) written = std::string{type_->url};
        if (written.empty()) return leave_out("it has no base_url"), false;
        if (const auto at = written.find("{model}"); at != std::string::npos) written.resize(at);
        constexpr std::string_view version = "/v1";
        while (written.ends_with('/')) written.pop_back();
        if (type_->behind == version && written.ends_with(version)) written.resize(written.size() - version.size());
        const auto base = base_address_of(written, type_->behind);
        if (!base.problem.empty()) return leave_out(base.problem), false;
        place_.url = base.url;
        if (type_->dialect != "openai" && place_.url.ends_with(version)) place_.url.resize(place_.url.size() - version.size());
        return true;
    }

    void read_weight() {
        constexpr std::int64_t heaviest = 10'000;
        const auto weight = from_["weight"].integer().value_or(0);
        place_.weight = static_cast<int>(std::clamp<std::int64_t>(weight, 0, heaviest));
        tier_ = -std::clamp<std::int64_t>(from_["priority"].integer().value_or(0), -1'000'000'000, 1'000'000'000);
        if (from_["auto_ban"].integer() == 0)
            into_.left_out.add(from_["auto_ban"].line(), "auto_ban: 0", "an upstream that fails rests, and comes back by itself");
    }

    void read_rules() {
        const inner_json overrides{from_["param_override"]};
        for (const auto& [name, value] : overrides.root().members()) {
            const auto json = value.as_json();
            if (name != "operations" && json && can_be_set(name, *json))
                place_.set.emplace_back(name, *json);
            else
                into_.left_out.add(from_["param_override"].line(), "param_override: " + name, "`set` and `drop` cannot say it");
        }
        const inner_json headers{from_["header_override"]};
        add_headers(place_, headers.root(), "CHANNEL_" + id_, into_);
        if (const auto organization = from_["openai_organization"]; !organization.text().empty())
            add_header(place_, "OpenAI-Organization", organization, "CHANNEL_" + id_, into_);
    }

    std::map<std::string, std::string> read_mapping() {
        std::map<std::string, std::string> out;
        const inner_json mapping{from_["model_mapping"]};
        for (const auto& [name, value] : mapping.root().members())
            if (auto to = value.text(); !to.empty()) out.emplace(name, std::move(to));
        if (!mapping.is_empty() && !from_["model_mapping"].is_absent() && !mapping.root().is_map())
            into_.left_out.add(from_["model_mapping"].line(), "model_mapping", "it is no JSON object");
        return out;
    }

    /// As variables. None in the file: one variable.
    std::vector<std::string> keys() {
        const auto line = from_["key"].line();
        const std::string wanted = "CHANNEL_" + id_ + "_KEY";
        const auto written = parts(from_["key"].text(), '\n');
        std::vector<std::string> out;
        if (written.empty()) return {into_.secrets.to_be_made(wanted, "key of channel " + id_ + (name_.empty() ? "" : ", " + shown(name_)))};
        const inner_json info{from_["channel_info"]};
        const auto states = info.root()["multi_key_status_list"];
        for (std::size_t i = 0; i < written.size(); ++i) {
            if (states[std::to_string(i)].integer().value_or(1) != 1) {
                into_.left_out.add(line, "key " + std::to_string(i + 1) + " of channel " + id_, "disabled");
                continue;
            }
            const auto name = written.size() == 1 ? wanted : wanted + "_" + std::to_string(i + 1);
            out.push_back(into_.secrets.for_secret(written[i], name, line));
        }
        return out;
    }

    void add(const std::string& model, const std::map<std::string, std::string>& mapping, std::size_t index,
             std::map<std::string, served_name>& names, std::vector<std::string>& order) {
        if (!config::is_model_pattern(model) || model.find_first_of("*?") != std::string::npos)
            return into_.left_out.add(from_["models"].line(), model, "a name that clients ask for cannot have these characters here");
        std::string sent = model;
        // New API follows chains of names.
        for (int hops = 0; hops < 10; ++hops) {
            const auto next = mapping.find(sent);
            if (next == mapping.end() || next->second == sent) break;
            sent = next->second;
        }
        auto [at, fresh] = names.try_emplace(model);
        if (fresh) {
            at->second.model = model;
            order.push_back(model);
        }
        if (!config::is_model_pattern(sent) || sent.find_first_of("*?") != std::string::npos)
            return into_.left_out.add(from_["models"].line(), model, "a name that is sent cannot have these characters here");
        at->second.offers.push_back({index, tier_, sent, from_.line()});
    }

    void say_what_is_left() {
        for (const auto& [name, why] : left_keys) {
            const auto value = from_[name];
            if (!value.is_absent() && (value.is_map() ? !value.members().empty() : !inner_json{value}.is_empty()))
                into_.left_out.add(value.line(), name, why);
        }
        for (const auto& group : texts_of(from_["group"]))
            if (group != "default")
                into_.left_out.add(from_["group"].line(), "group " + group,
                                   "any key may use any model, unless the key says which: keys: [{name: …, models: […]}]");
    }

    const foreign& from_;
    draft& into_;
    bool is_one_api_;
    std::string id_, name_;
    const channel_type* type_ = nullptr;
    place place_;
    std::int64_t tier_ = 0;
};

bool is_channel(const foreign& item) { return item.is_map() && !item["type"].is_absent() && !item["models"].is_absent(); }

/// `data.items`, `data`, `channels`, or the list itself; or one channel, as it is asked for and made.
foreign channels_of(const foreign& root) {
    if (root.is_list() || is_channel(root)) return root;
    for (const auto name : {"data", "channels", "channel"}) {
        const auto inside = root[name];
        if (inside.is_list() || is_channel(inside)) return inside;
        if (const auto items = inside["items"]; items.is_list()) return items;
    }
    return {};
}

void read_channels(const std::vector<foreign>& all, draft& into) {
    // Each has a member that the other does not know.
    const auto has = [&](std::string_view key) {
        return std::any_of(all.begin(), all.end(), [&](const foreign& c) { return c.is_map() && !c[key].is_absent(); });
    };
    const bool is_one_api = (has("config") || has("system_prompt")) && !has("auto_ban") && !has("channel_info") && !has("setting");
    into.program = is_one_api ? "one-api" : "New API";
    std::map<std::string, served_name> by_name;
    std::vector<std::string> order;
    for (const auto& each : all) {
        if (is_channel(each))
            channel_reader{each, is_one_api, into}.read(by_name, order);
        else
            into.left_out.add(each.line(), "an entry", "it is no channel: it lacks type or models");
    }
    std::vector<served_name> names;
    for (const auto& name : order) names.push_back(std::move(by_name.at(name)));
    plan(into, names);
}

}  // namespace

imported from_new_api(std::string_view text, const std::string& name) {
    draft into;
    into.source = name;
    into.address = "127.0.0.1:3000";
    into.address_comment = "New API's port, on this machine alone; 0.0.0.0:3000 is every address, and then there should be tls";
    const auto parsed = parse_json_source(text, name, into.left_out);
    if (!parsed.tree) return {{}, parsed.problem};
    const auto all = channels_of({*parsed.tree, parsed.tree->root, 1}).items();
    if (std::none_of(all.begin(), all.end(), is_channel))
        return {{}, name + ":1:1: this is no list of channels: expected data.items, data or a list, of objects with type and models"};
    read_channels(all, into);
    into.keys.push_back(
        {"first", into.secrets.to_be_made("WEIR_KEY", "to be made up: what clients show"),
         "Clients' tokens are not among the channels. In New API's table `tokens` they stand in clear (`key`, to which clients put sk- in "
         "front); each becomes {name: NAME, secret: …, models: […]}, and clients keep theirs."});
    return {write_conf(into), {}};
}

}  // namespace weir::import
