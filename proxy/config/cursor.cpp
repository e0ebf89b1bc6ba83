// Reading with faults instead of exceptions.
#include "config/cursor.hpp"

#include <algorithm>

#include "config/expand.hpp"
#include "config/places.hpp"
#include "config/suggest.hpp"

namespace weir::config {

namespace {

std::string_view name_of(node::form form) {
    switch (form) {
        case node::form::null: return "nothing";
        case node::form::scalar: return "a plain value";
        case node::form::list: return "a list";
        case node::form::map: return "a map";
    }
    return "nothing";
}

bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

bool is_model_pattern(std::string_view text) {
    constexpr std::string_view foreign = "[]{}()|^$\\ ,";
    return !text.empty() && text.find_first_of(foreign) == std::string_view::npos && !has_control_character(text);
}

std::string any_of(const std::vector<std::string>& words) {
    std::string result;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) result += i + 1 == words.size() ? " or " : ", ";
        result += words[i];
    }
    return result;
}

void value::error(std::string message) const { in_->faults.add(in_->file, at(), false, std::move(message)); }

void value::warn(std::string message) const { in_->faults.add(in_->file, at(), true, std::move(message)); }

void value::error_at_key(std::string message) const { in_->faults.add(in_->file, key_at_, false, std::move(message)); }

void value::warn_at_key(std::string message) const { in_->faults.add(in_->file, key_at_, true, std::move(message)); }

void value::refuse(const std::string& problem, const std::string& suggestion) const {
    error(name_ + ": " + in_quotes(raw()) + " " + problem + did_you_mean(has_reference(raw()) ? std::string{} : suggestion));
}

void value::refuse_unseen(const std::string& problem, const std::string& suggestion) const {
    error(name_ + ": " + problem + did_you_mean(suggestion));
}

bool value::is(node::form wanted, std::string_view expected) const {
    if (form() == wanted) return true;
    error(name_ + ": expected " + std::string{expected} + ", found " + std::string{name_of(form())});
    return false;
}

std::optional<std::string> value::any_text() const {
    if (!is(node::form::scalar, "a plain value")) return std::nullopt;
    bool complete = true;
    for (auto& file : referred_files(raw(), in_->directory)) in_->included.push_back(std::move(file));
    std::string content = expand(raw(), in_->env, in_->directory, [&](const std::string& problem) {
        error(name_ + ": " + problem);
        complete = false;
    });
    if (!complete) return std::nullopt;
    return content;
}

std::optional<std::string> value::text_or_empty() const {
    auto content = any_text();
    if (content && has_control_character(*content)) {
        error(name_ + ": contains a line break or another control character");
        return std::nullopt;
    }
    return content;
}

std::optional<std::string> value::text() const {
    auto content = text_or_empty();
    if (content && content->empty()) {
        error(name_ + ": is empty");
        return std::nullopt;
    }
    return content;
}

std::optional<core::secret> value::secret() const {
    auto content = text();
    if (!content) return std::nullopt;
    if (!has_reference(raw()) && !in_->literal_secret) in_->literal_secret = at();
    // As a shell writes it. A secret that begins so is rare, and is not shown unless it reads like a variable's name.
    if (raw().starts_with('$') && !has_reference(raw())) {
        const bool named = raw().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", 1) == std::string::npos && raw().size() > 1;
        warn(name_ + ": is taken as it stands; an environment variable is written ${" + (named ? raw().substr(1) : "NAME") + "}");
    }
    return core::secret{std::move(*content)};
}

std::optional<bool> value::flag() const { return as(parse_flag); }

std::optional<std::int64_t> value::integer(std::int64_t low, std::int64_t high) const {
    const auto content = text();
    return content ? accept(parse_integer(*content, low, high)) : std::nullopt;
}

std::optional<std::uint64_t> value::size() const {
    const auto bytes = as(parse_size);
    if (bytes && *bytes == 0) {
        refuse("must be more than 0");
        return std::nullopt;
    }
    return bytes;
}

std::optional<std::chrono::milliseconds> value::duration(bool may_be_off) const {
    const auto content = text();
    if (!content) return std::nullopt;
    if (may_be_off && *content == "off") return std::chrono::milliseconds{0};
    auto read = parse_duration(*content);
    if (may_be_off && read.problem == "is not like 10s") read.problem = "is neither off nor like 10s";
    const auto time = accept(std::move(read));
    if (time && time->count() == 0 && !may_be_off) {
        refuse("must be longer than 0");
        return std::nullopt;
    }
    return time;
}

std::optional<int> value::percent() const { return as(parse_percent); }

std::optional<std::string> value::path() const {
    const auto content = text();
    if (!content) return std::nullopt;
    return (in_->directory / std::filesystem::path{*content}).lexically_normal().string();
}

std::optional<std::string> value::glob() const {
    auto content = text();
    if (!content) return std::nullopt;
    if (!is_model_pattern(*content)) {
        refuse("is neither a model name nor a pattern: patterns know only '*' (any run) and '?' (one character)");
        return std::nullopt;
    }
    return content;
}

std::vector<value> value::items(bool may_be_empty) const {
    if (may_be_empty && form() == node::form::null) return {};
    if (!is(node::form::list, "a list")) return {};
    if (here().items.empty() && !may_be_empty) error(name_ + ": the list is empty");
    std::vector<value> result;
    for (const node_index i : here().items) result.emplace_back(*in_, i, in_->tree[i].at, name_);
    return result;
}

std::vector<value> value::entries() const {
    if (!is(node::form::map, "a map")) return {};
    std::vector<value> result;
    for (const auto& [key, member] : here().members) {
        const node& k = in_->tree[key];
        if (k.text.empty()) in_->faults.add(in_->file, k.at, false, name_ + ": a name is empty");
        result.emplace_back(*in_, member, k.at, k.text);
    }
    return result;
}

section::section(const value& from, std::string what) : self_(from), what_(std::move(what)) {
    if (self_.form() != node::form::null) (void)self_.is(node::form::map, what_ + " (a map)");
}

std::optional<value> section::find(std::string_view key) {
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) asked_.emplace_back(key);
    if (self_.form() != node::form::map) return std::nullopt;
    for (const auto& [k, member] : self_.here().members) {
        const node& name = self_.in_->tree[k];
        if (name.text == key) return value{*self_.in_, member, name.at, name.text};
    }
    return std::nullopt;
}

std::optional<value> section::require(std::string_view key) {
    auto found = find(key);
    // A section of the wrong kind has its fault already.
    const bool could_have = self_.form() == node::form::map || self_.form() == node::form::null;
    if (!found && could_have) self_.error(what_ + " needs '" + std::string{key} + "'");
    return found;
}

void section::text(std::string_view key, std::string& target) {
    if (const auto v = find(key))
        if (auto content = v->text()) target = std::move(*content);
}

void section::path(std::string_view key, std::string& target) {
    if (const auto v = find(key))
        if (auto content = v->path()) target = std::move(*content);
}

void section::flag(std::string_view key, bool& target) {
    if (const auto v = find(key)) target = v->flag().value_or(target);
}

void section::size(std::string_view key, std::size_t& target) {
    if (const auto v = find(key)) target = v->size().value_or(target);
}

void section::percent(std::string_view key, int& target) {
    if (const auto v = find(key)) target = v->percent().value_or(target);
}

void section::duration(std::string_view key, std::chrono::milliseconds& target) {
    if (const auto v = find(key)) target = v->duration(false).value_or(target);
}

void section::duration_or_off(std::string_view key, std::chrono::milliseconds& target) {
    if (const auto v = find(key)) target = v->duration(true).value_or(target);
}

void section::unknown_choice(const value& v, std::string_view word, const std::vector<std::string>& known) {
    v.refuse("is not " + any_of(known), nearest(word, known));
}

void section::finish() {
    if (self_.form() != node::form::map) return;
    for (const auto& [k, member] : self_.here().members) {
        const node& key = self_.in_->tree[k];
        if (self_.in_->faults.full()) return;
        if (std::find(asked_.begin(), asked_.end(), key.text) != asked_.end()) continue;
        const std::string meant = nearest(key.text, asked_);
        const std::string elsewhere = meant.empty() ? meant_elsewhere(key.text, what_) : std::string{};
        const std::string help = meant.empty() ? elsewhere + " (it knows " + any_of(asked_) + ")" : did_you_mean(meant);
        self_.in_->faults.add(self_.in_->file, key.at, false, "unknown key " + in_quotes(key.text) + " in " + what_ + help);
    }
}

}  // namespace weir::config
