// Builds the tree from yaml-cpp's events. The library reads leniently; the checks it lacks are here.
#include "config/document.hpp"

#include <openssl/crypto.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <limits>
#include <sstream>
#include <unordered_map>

namespace weir::config {

namespace {

using report = std::function<void(position, std::string)>;

// An alias to a list of aliases to lists of aliases would grow without end.
constexpr std::size_t most_expanded_nodes = 1'000'000;

position place(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

/// What the library says, in words that name the remedy.
std::string in_plain_words(const std::string& message) {
    static const std::unordered_map<std::string, std::string> words = {
        {"end of map not found", "this line's indentation fits no block above it"},
        {"end of sequence not found", "this line's indentation fits no list above it"},
        {"end of map flow not found", "a map opened with '{' is not closed before here"},
        {"end of sequence flow not found", "a list opened with '[' is not closed before here"},
        {"illegal map value", "a ':' cannot stand here; quote the value or check the indentation"},
        {"illegal block entry", "a '- ' cannot stand here; check the indentation"},
        {"unknown token", "this character cannot start a value; quote the value"},
        {"the referenced anchor is not defined", "an alias to an anchor that is not defined above; quote a value that starts with '*'"},
        {"alias not found after *", "a value that begins with '*' needs quotes: \"*\""},
        {"illegal flow end", "a '}' or ']' cannot stand here; check what was opened"},
        {"bad file", "nested too deeply"},
    };
    const auto known = words.find(message);
    return "YAML: " + (known == words.end() ? message : known->second);
}

/// Offsets of line starts, to look at the source where the library says a value stands.
class source_map {
public:
    explicit source_map(std::string_view text) : text_(text) {
        starts_.push_back(0);
        for (std::size_t i = 0; i < text.size(); ++i)
            if (text[i] == '\n') starts_.push_back(i + 1);
    }

    /// Whether the line or the one before has a reference that stands outside quotes.
    [[nodiscard]] bool has_bare_reference_near(position at) const {
        const std::size_t end = std::min(text_.find('\n', offset(at)), text_.size());
        const std::size_t start = offset({std::max(at.line - 1, 1), 1});
        const std::string_view near = text_.substr(start, end - start);
        return near.find(" ${") != std::string_view::npos || near.find("[${") != std::string_view::npos;
    }

    /// Whether the quoted scalar whose tag, anchor or quote stands at `at` has its closing quote.
    [[nodiscard]] bool quote_is_closed(position at) const {
        std::size_t i = offset(at);
        while (i < text_.size() && (text_[i] == '&' || text_[i] == '!'))
            i = text_.find_first_not_of(" \r\n", std::min(text_.find_first_of(" \r\n", i), text_.size()));
        return i >= text_.size() || (text_[i] != '"' && text_[i] != '\'') || end_of_quote(i) < text_.size();
    }

    /// Where the first quote before `at` opens that does not close on its own line: what is wrong begins there.
    [[nodiscard]] std::optional<position> long_quote_before(position at) const {
        const auto end = offset(at);
        char before = '\n';  // what was last, white space aside
        for (std::size_t i = 0; i < end; ++i) {
            const char c = text_[i];
            const bool spaced = i == 0 || text_[i - 1] == ' ' || text_[i - 1] == '\n';
            if (c == '#' && spaced) {
                i = std::min(text_.find('\n', i), end);
                before = '\n';
            } else if ((c == '"' || c == '\'') && std::string_view{"\n{[,:-"}.find(before) != std::string_view::npos) {
                const auto closed = end_of_quote(i);
                if (text_.substr(i, closed - i).find('\n') != std::string_view::npos) return place_of(i);
                i = closed;
                before = c;
            } else if (c != ' ' && c != '\r') {
                before = c;
            }
        }
        return std::nullopt;
    }

private:
    /// Where the quote that opens at `i` closes; the end of the text where it does not.
    [[nodiscard]] std::size_t end_of_quote(std::size_t i) const {
        const char quote = text_[i];
        for (++i; i < text_.size(); ++i) {
            if (quote == '"' && text_[i] == '\\') {
                ++i;
            } else if (text_[i] == quote) {
                if (quote == '"' || i + 1 >= text_.size() || text_[i + 1] != quote) return i;
                ++i;
            }
        }
        return text_.size();
    }
    [[nodiscard]] position place_of(std::size_t offset) const {
        const auto next = std::upper_bound(starts_.begin(), starts_.end(), offset);
        return {static_cast<int>(next - starts_.begin()), static_cast<int>(offset - *(next - 1)) + 1};
    }
    [[nodiscard]] std::size_t offset(position at) const {
        const auto line = static_cast<std::size_t>(at.line - 1);
        if (line >= starts_.size()) return text_.size();
        return std::min(starts_[line] + static_cast<std::size_t>(at.column - 1), text_.size());
    }
    std::string_view text_;
    std::vector<std::size_t> starts_;
};

class builder final : public YAML::EventHandler {
public:
    builder(std::string_view text, const report& on_fault) : source_(text), on_fault_(on_fault) {}

    [[nodiscard]] bool failed() const { return failed_; }
    /// What is probably behind a syntax fault at `at`.
    [[nodiscard]] std::string hint(position at) const {
        if (const auto quote = source_.long_quote_before(at))
            return "; the quote that opens at line " + std::to_string(quote->line) + ", column " + std::to_string(quote->column) +
                   " does not close on its line";
        return source_.has_bare_reference_near(at) ? " (inside { } or [ ], put quotes around ${...})" : "";
    }
    [[nodiscard]] document take() && { return std::move(tree_); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ > 0) fail(place(mark), "a second document: one file is one conf");
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        // The library marks a missing value at whatever comes next, perhaps lines below: its parent or key is nearer.
        const position at = open_.empty() ? place(mark) : place_of_missing();
        add(node{.at = at}, anchor, false);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
        const bool quoted_scalar = tag == "!" || tag.starts_with("tag:");
        if (quoted_scalar && !source_.quote_is_closed(place(mark))) fail(place(mark), "the quote that opens here is not closed");
        add(node{.is = node::form::scalar, .at = place(mark), .text = value, .quoted = tag == "!" || tag == "tag:yaml.org,2002:str"}, anchor, false);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto target = anchors_.find(anchor);
        if (target == anchors_.end()) return fail(place(mark), "an alias to an anchor that is not defined above");
        if (is_open(target->second)) return fail(place(mark), "an alias inside what it stands for");
        attach(target->second);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
        add(node{.is = node::form::list, .at = place(mark)}, anchor, true);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
        add(node{.is = node::form::map, .at = place(mark)}, anchor, true);
    }
    void OnMapEnd() override {
        if (!failed_ && !open_.empty()) report_duplicates(tree_.nodes[open_.back().self]);
        close();
    }

private:
    struct level {
        node_index self;
        std::optional<node_index> key;  ///< of a map: read, its value still to come
        std::size_t expanded = 1;       ///< nodes below, aliases counted as if written out
    };

    void fail(position at, std::string message) {
        if (!failed_) on_fault_(at, std::move(message));
        failed_ = true;
    }

    // Nobody means a map to be a key: a quote that runs over into the next lines makes one of what follows.
    void fail_at_key(position at) {
        const auto quote = source_.long_quote_before({std::numeric_limits<int>::max(), 1});
        if (quote)
            fail(*quote, "the quote that opens here does not close on its line");
        else
            fail(at, "a key must be plain text");
    }

    [[nodiscard]] position place_of_missing() const {
        const level& parent = open_.back();
        return tree_.nodes[parent.key ? *parent.key : parent.self].at;
    }

    [[nodiscard]] bool is_open(node_index i) const {
        return std::any_of(open_.begin(), open_.end(), [i](const level& l) { return l.self == i; });
    }

    void add(node what, YAML::anchor_t anchor, bool opens) {
        if (failed_) return;
        const auto index = static_cast<node_index>(tree_.nodes.size());
        tree_.nodes.push_back(std::move(what));
        expanded_.push_back(1);
        if (anchor != 0) anchors_[anchor] = index;
        attach(index);
        if (opens && !failed_) open_.push_back({.self = index});
    }

    void attach(node_index child) {
        if (failed_) return;
        if (open_.empty()) {
            tree_.root = child;
            return;
        }
        level& parent = open_.back();
        node& owner = tree_.nodes[parent.self];
        const node& added = tree_.nodes[child];
        parent.expanded += expanded_[child];
        if (parent.expanded > most_expanded_nodes) return fail(added.at, "too many values (aliases count as often as they are used)");
        if (owner.is == node::form::list) {
            owner.items.push_back(child);
        } else if (parent.key) {
            owner.members.emplace_back(*parent.key, child);
            parent.key.reset();
        } else {
            if (added.is != node::form::scalar) fail_at_key(added.at);
            parent.key = child;
        }
    }

    void close() {
        if (failed_ || open_.empty()) return;
        const level done = open_.back();
        open_.pop_back();
        expanded_[done.self] = done.expanded;
        if (open_.empty()) return;
        open_.back().expanded += done.expanded - 1;
        if (open_.back().expanded > most_expanded_nodes) fail(tree_.nodes[done.self].at, "too many values (aliases count as often as they are used)");
    }

    void report_duplicates(const node& map) {
        std::unordered_map<std::string_view, position> seen;
        for (const auto& [key, value] : map.members) {
            const node& k = tree_.nodes[key];
            const auto [first, fresh] = seen.emplace(k.text, k.at);
            if (!fresh) on_fault_(k.at, "duplicate key " + in_quotes(k.text) + ", first given at line " + std::to_string(first->second.line));
        }
    }

    source_map source_;
    const report& on_fault_;
    document tree_;
    std::vector<level> open_;
    std::vector<std::size_t> expanded_;
    std::unordered_map<YAML::anchor_t, node_index> anchors_;
    int documents_ = 0;
    bool failed_ = false;
};

}  // namespace

const node_index* document::member(node_index map, std::string_view key) const {
    for (const auto& [name, value] : nodes[map].members)
        if (nodes[name].text == key) return &value;
    return nullptr;
}

document::~document() {
    for (auto& each : nodes) OPENSSL_cleanse(each.text.data(), each.text.size());
}

std::optional<document> parse_document(std::string_view text, const report& on_fault) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    builder build{text, on_fault};
    try {
        std::istringstream stream{std::string{text}};
        YAML::Parser parser{stream};
        while (!build.failed() && parser.HandleNextDocument(build)) {
        }
    } catch (const YAML::Exception& e) {
        if (!build.failed()) on_fault(place(e.mark), in_plain_words(e.msg) + build.hint(place(e.mark)));
        return std::nullopt;
    } catch (const std::exception& e) {
        if (!build.failed()) on_fault({}, std::string{"YAML: "} + e.what());
        return std::nullopt;
    }
    if (build.failed()) return std::nullopt;
    document tree = std::move(build).take();
    if (tree.nodes.empty()) tree.nodes.emplace_back();
    return tree;
}

}  // namespace weir::config
