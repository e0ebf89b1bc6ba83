// Finds the usage object of an answer that is never held whole: a byte machine that only counts depth and looks at
// member names.
#include <utility>

#include "dialect/json/json_index.hpp"
#include "dialect/read/answer.hpp"

namespace weir::dialect {
namespace {

constexpr std::size_t most = 8192;
constexpr std::size_t longest_key = 96;  // "usageMetadata" with every letter escaped is 78 bytes

std::string_view wanted_key(endpoint e) { return dialect_of(e) == kind::gemini ? "usageMetadata" : "usage"; }

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

void usage_finder::feed(std::string_view bytes) {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while (at != end && !done_) {
        if (in_string_ && !escape_ && !capturing_ && depth_ != member_depth_) {
            // Long texts, vectors and images: nothing in them matters but their end.
            while (at != end && *at != '"' && *at != '\\') ++at;
            if (at == end) return;
        }
        step(*at++);
    }
}

void usage_finder::step(char c) {
    if (capturing_) {
        if (captured_.size() < most) {
            captured_.push_back(c);
        } else {
            overflow_ = true;
        }
    }
    if (in_string_) return inside_string(c);
    switch (c) {
        case '"':
            in_string_ = true;
            wanted_ = false;
            key_.clear();
            return;
        case ':':
            if (depth_ != member_depth_ || capturing_) return;
            {
                std::string name;
                const bool sound = json::unescape(key_, name);
                wanted_ = sound && name == wanted_key(endpoint_);
                names_model_ = sound && (name == "model" || name == "modelVersion");
                names_tier_ = sound && name == "service_tier";
            }
            return;
        case '{':
        case '[': return start_value(c);
        case '}':
        case ']':
            if (depth_ > 0) --depth_;
            if (capturing_ && depth_ == member_depth_) end_capture();
            done_ = depth_ == 0;
            return;
        default:
            if (!is_space(c)) wanted_ = names_model_ = names_tier_ = false;
    }
}

void usage_finder::inside_string(char c) {
    if (!escape_ && c == '"') {
        in_string_ = false;
        if (depth_ == member_depth_ && !capturing_) end_value();
        return;
    }
    if (depth_ == member_depth_ && !capturing_ && key_.size() < longest_key) key_.push_back(c);
    escape_ = !escape_ && c == '\\';
}

// A string among the top-level members: a name, or the value behind one.
void usage_finder::end_value() {
    if (std::exchange(names_tier_, false)) beyond_tokens_ |= is_special_tier(key_);
    if (std::exchange(names_model_, false) && model_.empty()) (void)json::unescape(key_, model_);
}

void usage_finder::start_value(char c) {
    names_model_ = names_tier_ = false;
    if (!std::exchange(started_, true) && c == '[') {
        if (dialect_of(endpoint_) != kind::gemini) done_ = true;
        member_depth_ = 2;
    }
    if (std::exchange(wanted_, false) && c == '{') {
        capturing_ = true;
        overflow_ = false;
        captured_.assign(1, c);
    }
    ++depth_;
}

void usage_finder::end_capture() {
    capturing_ = false;
    if (overflow_) return;
    json::index& where = json::thread_index();
    if (where.build(captured_) != json::fault::none) return;
    json::cursor at{where};
    usage_report report;
    // One that reports nothing takes nothing back.
    if (!read_usage(dialect_of(endpoint_), at, report) || !at.at_end()) return;
    counts_ = counts_of(endpoint_, report);
    beyond_tokens_ |= report.beyond_tokens;
    found_ = true;
}

bool usage_finder::result(usage::counts& out) const {
    if (found_) out = counts_;
    return found_;
}

}  // namespace weir::dialect
