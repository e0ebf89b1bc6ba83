// Reading with faults instead of exceptions.
#include "config/cursor.hpp"

#include <algorithm>
#include <cassert>

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

// Which key of a section a single value is meant for: the first one that must be there, else the first that is written like it. What may be a
// secret is not shown.
std::string as_section(const key_table& below, const std::string& written) {
    const bool has_secrets = std::any_of(below.keys.begin(), below.keys.end(), [](const key& k) { return k.is == shape::secret; });
    if (has_secrets && (written.find("://") == std::string::npos || written.find('@') != std::string::npos)) return {};
    const bool number = !written.empty() && std::all_of(written.begin(), written.end(), [](char c) { return c >= '0' && c <= '9'; });
    const bool time = !number && parse_duration(written).value.has_value();
    const auto fits = [&](const key& k) {
        if (k.in != arrangement::one) return false;
        if (number) return k.is == shape::integer;
        return time ? k.is == shape::duration : k.required && k.is != shape::integer && k.is != shape::secret;
    };
    const auto found = std::find_if(below.keys.begin(), below.keys.end(), fits);
    return found == below.keys.end() ? std::string{} : "{" + std::string{found->name} + ": " + written + "}";
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

void value::error(std::string message) const { in_->faults.add(file().name, at(), false, std::move(message)); }

void value::warn(std::string message) const { in_->faults.add(file().name, at(), true, std::move(message)); }

void value::error_at_key(std::string message) const { in_->faults.add(file().name, key_at_, false, std::move(message)); }

void value::warn_at_key(std::string message) const { in_->faults.add(file().name, key_at_, true, std::move(message)); }

void value::refuse(const std::string& problem, const std::string& suggestion) const {
    error(name_ + ": " + in_quotes(raw()) + " " + problem + did_you_mean(has_reference(raw()) ? std::string{} : suggestion));
}

void value::refuse_unseen(const std::string& problem, const std::string& suggestion) const {
    error(name_ + ": " + problem + did_you_mean(suggestion));
}

bool value::is(node::form wanted, std::string_view expected) const {
    if (form() == wanted) return true;
    error(name_ + ": expected " + std::string{expected} + ", found " + std::string{name_of(form())} + form_meant(wanted));
    return false;
}

// How what was written is meant to be written, if that can be told.
std::string value::form_meant(node::form wanted) const {
    if (known_ == nullptr || form() == node::form::null) return {};
    const bool plain = form() == node::form::scalar;
    const bool space_lacks = plain && wanted == node::form::map && !here().quoted && raw().find(':') != std::string::npos &&
                             known_->below != nullptr && known_->below->find(raw().substr(0, raw().find(':'))) != nullptr;
    if (space_lacks) return "; a space belongs behind the ':' of " + in_quotes(raw().substr(0, raw().find(':')));
    if (plain && known_->is != shape::secret) {
        const auto inside = known_->below != nullptr ? as_section(*known_->below, raw()) : raw();
        if (inside.empty() || raw().empty()) return {};
        if (wanted == node::form::list) return "; write [" + inside + "]";
        if (wanted == node::form::map && known_->in != arrangement::map) return "; write " + inside;
    }
    if (form() == node::form::list && wanted == node::form::map && known_->in == arrangement::map)
        return "; write each as NAME: {…}, without the '-'";
    if (wanted == node::form::scalar && known_->is == shape::path) return "; write the path of a file";
    return {};
}

std::optional<std::string> value::any_text() const {
    if (!is(node::form::scalar, "a plain value")) return std::nullopt;
    bool complete = true;
    for (auto& file : referred_files(raw(), file().directory)) in_->included.push_back(std::move(file));
    std::string content = expand(raw(), in_->env, file().directory, [&](const std::string& problem) {
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
    if (!has_reference(raw())) note_literal_secret();
    // As a shell writes it. A secret that begins so is rare, and is not shown unless it reads like a variable's name.
    for (const std::string_view sign : {"$", "os.environ/", "env:"}) {
        if (!raw().starts_with(sign) || has_reference(raw())) continue;
        const auto variable = raw().substr(sign.size());
        const bool named = variable.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos && !variable.empty();
        warn(name_ + ": is taken as it stands; an environment variable is written ${" + (named ? variable : "NAME") + "}");
        break;
    }
    return core::secret{std::move(*content)};
}

std::optional<bool> value::flag() const { return as(parse_flag); }

std::optional<std::int64_t> value::integer() const {
    assert(known_ != nullptr && known_->is == shape::integer);
    const auto content = text();
    if (!content) return std::nullopt;
    auto read = parse_integer(*content, known_->low, known_->high);
    if (!known_->words.empty() && read.problem == "is not a whole number")
        read.problem = "is neither " + any_of(words_of(*known_)) + " nor a whole number";
    return accept(std::move(read));
}

std::optional<std::size_t> value::word([[maybe_unused]] std::size_t count) const {
    assert(known_ != nullptr && known_->is == shape::word);
    const auto content = text();
    if (!content) return std::nullopt;
    const auto words = words_of(*known_);
    assert(words.size() == count);
    const auto found = std::find(words.begin(), words.end(), *content);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    // `on` and `off` may be said in the other words of a flag.
    if (const auto as_flag = parse_flag(*content).value; as_flag && knows(*as_flag ? "on" : "off"))
        return static_cast<std::size_t>(std::find(words.begin(), words.end(), *as_flag ? "on" : "off") - words.begin());
    const auto near = nearest(*content, words);
    refuse("is not " + any_of(words), near.empty() ? word_meant(*content, words) : near);
    return std::nullopt;
}

bool value::knows(std::string_view word) const {
    const auto words = known_ == nullptr ? std::vector<std::string>{} : words_of(*known_);
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::optional<std::uint64_t> value::size() const {
    const auto bytes = as(parse_size);
    if (bytes && *bytes == 0) {
        refuse("must be more than 0");
        return std::nullopt;
    }
    return bytes;
}

std::optional<std::chrono::milliseconds> value::duration() const {
    const bool may_be_off = knows("off");
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
    return (file().directory / std::filesystem::path{*content}).lexically_normal().string();
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
    for (const node_index i : here().items) result.emplace_back(*in_, i, in_->tree[i].at, name_, known_);
    return result;
}

std::vector<value> value::entries() const {
    if (!is(node::form::map, "a map")) return {};
    std::vector<value> result;
    for (const auto& [key, member] : here().members) {
        const node& k = in_->tree[key];
        if (k.text.empty()) in_->faults.add(in_->files[k.file].name, k.at, false, name_ + ": a name is empty");
        result.emplace_back(*in_, member, k.at, k.text, known_);
    }
    return result;
}

section::section(const value& from, const key_table& known) : self_(from), known_(known) {
    if (self_.form() != node::form::null) (void)self_.is(node::form::map, std::string{known_.what} + " (a map)");
}

std::optional<value> section::find(std::string_view key) {
    const auto* const known = known_.find(key);
    assert(known != nullptr);
    if (std::find(asked_.begin(), asked_.end(), known->name) == asked_.end()) asked_.push_back(known->name);
    if (self_.form() != node::form::map) return std::nullopt;
    for (const auto& [k, member] : self_.here().members) {
        const node& name = self_.in_->tree[k];
        if (name.text == key) return value{*self_.in_, member, name.at, name.text, known};
    }
    return std::nullopt;
}

std::optional<value> section::require(std::string_view key) {
    auto found = find(key);
    // A section of the wrong kind has its fault already.
    const bool could_have = self_.form() == node::form::map || self_.form() == node::form::null;
    if (!found && could_have) self_.error(std::string{known_.what} + " needs '" + std::string{key} + "'");
    return found;
}

bool section::default_is(std::string_view key, std::string_view written) const {
    std::string_view told = known_.find(key)->fallback;
    if (told.starts_with('"')) told = told.substr(1, told.size() - 2);
    return told.empty() || told == written;
}

bool section::default_is_word(std::string_view key, std::size_t index) const {
    const auto words = words_of(*known_.find(key));
    return index < words.size() && default_is(key, words[index]);
}

template <class T>
bool section::default_is(std::string_view key, const T& target, parsed<T> (*parse)(std::string_view)) const {
    const auto told = known_.find(key)->fallback;
    return told.empty() || parse(told).value == target;
}

void section::text(std::string_view key, std::string& target) {
    const auto v = find(key);
    assert(v || default_is(key, target));
    if (auto content = v ? v->text() : std::nullopt) target = std::move(*content);
}

void section::path(std::string_view key, std::string& target) {
    if (const auto v = find(key))
        if (auto content = v->path()) target = std::move(*content);
}

void section::flag(std::string_view key, bool& target) {
    const auto v = find(key);
    assert(v || default_is(key, target, parse_flag));
    if (v) target = v->flag().value_or(target);
}

void section::size(std::string_view key, std::size_t& target) {
    const auto v = find(key);
    assert(v || default_is(key, std::uint64_t{target}, parse_size));
    if (v) target = v->size().value_or(target);
}

void section::percent(std::string_view key, int& target) {
    const auto v = find(key);
    assert(v || default_is(key, target, parse_percent));
    if (v) target = v->percent().value_or(target);
}

void section::duration(std::string_view key, std::chrono::milliseconds& target) {
    const auto v = find(key);
    assert(v || default_is(key, target, parse_duration));
    if (v) target = v->duration().value_or(target);
}

void section::finish() {
    if (self_.form() != node::form::map) return;
    assert(asked_.size() == known_.keys.size());
    const auto names = known_.names();
    const std::string what{known_.what};
    for (const auto& [k, member] : self_.here().members) {
        const node& key = self_.in_->tree[k];
        if (self_.in_->faults.full()) return;
        if (known_.find(key.text) != nullptr) continue;
        const std::string meant = nearest(key.text, names);
        const std::string elsewhere = meant.empty() ? meant_elsewhere(key.text, what) : std::string{};
        const std::string help = meant.empty() ? elsewhere + " (it knows " + any_of(names) + ")" : did_you_mean(meant);
        self_.in_->faults.add(self_.in_->files[key.file].name, key.at, false, "unknown key " + in_quotes(key.text) + " in " + what + help);
    }
}

}  // namespace weir::config
