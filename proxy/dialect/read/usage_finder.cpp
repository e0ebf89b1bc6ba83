// A byte machine that only counts depth and looks at the names of members.
#include "dialect/read/usage_finder.hpp"

#include <utility>

#include "dialect/json/json_index.hpp"

namespace weir::dialect {
namespace {

constexpr std::size_t largest_report = 8192;
constexpr std::size_t longest_text = 96;  // "usageMetadata" with every letter escaped is 78 bytes

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

void usage_finder::feed(std::string_view bytes) {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while (at != end && document_ != document::over) {
        if (at_ == string_part::inside && capture_ == capture::off && depth_ != member_depth_) {
            // Long texts, vectors and images: nothing in them matters but their end.
            while (at != end && *at != '"' && *at != '\\') ++at;
            if (at == end) return;
        }
        step(*at++);
    }
}

void usage_finder::step(char c) {
    if (capture_ == capture::on) keep(c);
    if (at_ != string_part::outside) return inside_string(c);
    switch (c) {
        case '"':
            at_ = string_part::inside;
            if (member_ == member::usage) member_ = member::other;  // a string reports nothing
            text_.clear();
            return;
        case ':':
            if (among_members()) name_ended();
            return;
        case '{':
        case '[': return open(c);
        case '}':
        case ']': return close();
        default:
            if (!is_space(c)) member_ = member::other;
    }
}

void usage_finder::inside_string(char c) {
    if (at_ == string_part::inside && c == '"') {
        at_ = string_part::outside;
        if (among_members()) string_ended();
        return;
    }
    if (among_members() && text_.size() < longest_text) text_.push_back(c);
    at_ = at_ == string_part::inside && c == '\\' ? string_part::escaped : string_part::inside;
}

// A string among the members: a name, or the value behind one.
void usage_finder::string_ended() {
    const member value_of = std::exchange(member_, member::other);
    if (value_of == member::service_tier && is_special_tier(text_)) usage_.add_beyond_tokens();
    if (value_of == member::model && model_.empty()) (void)json::unescape(text_, model_);
}

void usage_finder::name_ended() {
    std::string name;
    member_ = json::unescape(text_, name) ? member_of(name) : member::other;
}

usage_finder::member usage_finder::member_of(std::string_view name) const {
    if (name == (dialect_of(endpoint_) == kind::gemini ? "usageMetadata" : "usage")) return member::usage;
    if (name == "model" || name == "modelVersion") return member::model;
    return name == "service_tier" ? member::service_tier : member::other;
}

void usage_finder::start_document(char c) {
    const bool is_list = c == '[';
    document_ = is_list && dialect_of(endpoint_) != kind::gemini ? document::over : document::open;
    if (is_list) member_depth_ = 2;
}

void usage_finder::open(char c) {
    if (document_ == document::ahead) start_document(c);
    if (std::exchange(member_, member::other) == member::usage && c == '{') {
        capture_ = capture::on;
        captured_.assign(1, c);
    }
    ++depth_;
}

void usage_finder::close() {
    if (depth_ > 0) --depth_;
    if (depth_ == member_depth_ && std::exchange(capture_, capture::off) == capture::on) read_captured();
    if (depth_ == 0) document_ = document::over;
}

void usage_finder::keep(char c) {
    if (captured_.size() < largest_report) {
        captured_.push_back(c);
    } else {
        capture_ = capture::too_large;
    }
}

void usage_finder::read_captured() {
    json::index& where = json::thread_index();
    if (where.build(captured_) != json::fault::none) return;
    json::cursor at{where};
    usage_report report;
    // One that reports nothing takes nothing back.
    if (read_usage(dialect_of(endpoint_), at, report) && at.at_end()) usage_.take(endpoint_, report);
}

bool usage_finder::result(usage::counts& out) const {
    if (usage_.has_report()) out = usage_.counts();
    return usage_.has_report();
}

}  // namespace weir::dialect
