#include "dialect/read/realtime.hpp"

#include <utility>

#include "dialect/endpoint.hpp"
#include "dialect/json/json_index.hpp"
#include "dialect/read/usage_report.hpp"

namespace weir::dialect {
namespace {

constexpr std::size_t longest_usage = 8192;
constexpr std::size_t longest_name = 128;  // of a member, a type or a model, escapes included

std::string plain(const std::string& raw) {
    std::string out;
    return json::unescape(raw, out) ? out : std::string{};
}

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

void realtime_reader::begin() {
    key_.clear();
    type_.clear();
    model_.clear();
    usage_.clear();
    depth_ = 0;
    next_ = reads_ = member::other;
    in_response_ = captures_ = captured_ = done_ = false;
    at_ = string_part::outside;
}

void realtime_reader::feed(std::string_view bytes) {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while (at != end && !done_) {
        if (at_ == string_part::inside && !captures_ && reads_ == member::other && (depth_ > 2 || key_.size() >= longest_name)) {
            // Audio and texts: nothing in them matters but their end.
            while (at != end && *at != '"' && *at != '\\') ++at;
            if (at == end) return;
        }
        step(*at++);
    }
}

void realtime_reader::step(char c) {
    if (captures_ && usage_.size() < longest_usage) usage_.push_back(c);
    if (at_ != string_part::outside) return inside_string(c);
    switch (c) {
        case '"':
            at_ = string_part::inside;
            reads_ = std::exchange(next_, member::other);
            if (reads_ == member::type)
                type_.clear();
            else if (reads_ == member::model)
                model_.clear();
            else
                reads_ = member::other, key_.clear();
            return;
        case ':': return name_is_over();
        case '{':
        case '[': return open(c);
        case '}':
        case ']': return close();
        default:
            if (is_space(c)) return;
            next_ = member::other;
            if (depth_ == 0) done_ = true;  // no object
    }
}

void realtime_reader::inside_string(char c) {
    if (at_ == string_part::inside && c == '"') {
        at_ = string_part::outside;
        if (std::exchange(reads_, member::other) == member::type && kind_now() == kind_of_message::other) done_ = true;
        return;
    }
    auto& into = reads_ == member::type ? type_ : reads_ == member::model ? model_ : key_;
    if (depth_ <= 2 && !captures_ && into.size() < longest_name) into.push_back(c);
    at_ = at_ == string_part::inside && c == '\\' ? string_part::escaped : string_part::inside;
}

void realtime_reader::name_is_over() {
    if (captures_ || depth_ == 0 || depth_ > 2) return;
    const auto name = plain(key_);
    next_ = member::other;
    if (depth_ == 1 && name == "type") next_ = member::type;
    if (depth_ == 1 && name == "response") next_ = member::response;
    if (depth_ == 2 && in_response_ && name == "usage") next_ = member::usage;
    if (depth_ == 2 && in_response_ && name == "model") next_ = member::model;
}

void realtime_reader::open(char c) {
    const auto which = std::exchange(next_, member::other);
    if (depth_ == 0 && c != '{') done_ = true;
    if (which == member::response && c == '{') in_response_ = true;
    if (which == member::usage && c == '{') {
        captures_ = true;
        captured_ = false;
        usage_.assign(1, c);
    }
    ++depth_;
}

void realtime_reader::close() {
    if (depth_ > 0) --depth_;
    if (captures_ && depth_ == 2) {
        captures_ = false;
        captured_ = usage_.size() < longest_usage;
    }
    if (depth_ == 1) in_response_ = false;
    if (depth_ == 0) done_ = true;
}

realtime_reader::kind_of_message realtime_reader::kind_now() const {
    const auto type = plain(type_);
    if (type == "error") return kind_of_message::error;
    if (type == "response.created") return kind_of_message::began;
    for (const auto* end : {"response.done", "response.completed", "response.failed", "response.incomplete", "response.cancelled"})
        if (type == end) return kind_of_message::ended;
    return kind_of_message::other;
}

realtime_facts realtime_reader::end() {
    realtime_facts out;
    const auto what = kind_now();
    out.response_began = what == kind_of_message::began;
    out.response_ended = what == kind_of_message::ended;
    out.error = what == kind_of_message::error;
    if (out.response_began || out.response_ended) {
        model_ = model_.size() < longest_name ? plain(model_) : std::string{};
        out.model = model_;
    }
    if (!out.response_ended || !captured_) return out;
    json::index& where = json::thread_index();
    if (where.build(usage_) != json::fault::none) return out;
    json::cursor at{where};
    usage_report report;
    if (!read_usage(kind::openai, at, report) || !at.at_end()) return out;
    out.has_usage = true;
    out.usage = counts_of(endpoint::realtime, report);
    return out;
}

}  // namespace weir::dialect
