// A byte machine that counts depth and looks at names; texts that nobody wants are stepped over in one go.
#include "dialect/json/member_scan.hpp"

#include <utility>

#include "dialect/json/json_index.hpp"

namespace weir::dialect {

void member_scan::reset() {
    depth_ = capture_depth_ = 0;
    pending_ = none;
    arrays_ = 0;
    value_next_ = overflow_ = false;
    at_ = string_part::outside;
    text_.clear();
}

void member_scan::feed(std::string_view bytes, sink& to) {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while (at != end) {
        if (at_ == string_part::inside && !kept_) {
            while (at != end && *at != '"' && *at != '\\') ++at;
            if (at == end) return;
        }
        step(*at++, to);
    }
}

void member_scan::capture(char c) {
    if (text_.size() < longest_value)
        text_.push_back(c);
    else
        overflow_ = true;
}

void member_scan::step(char c, sink& to) {
    if (at_ != string_part::outside) {
        if (at_ == string_part::inside && c == '"') return end_string(to);
        if (kept_) capture(c);
        at_ = at_ == string_part::inside && c == '\\' ? string_part::escaped : string_part::inside;
        return;
    }
    if (capture_depth_ > 0) capture(c);
    switch (c) {
        case '"':
            at_ = string_part::inside;
            // A name, a wanted value, or part of one.
            kept_ = capture_depth_ > 0 || !value_next_ || pending_ != none;
            if (capture_depth_ == 0) {
                text_.clear();
                overflow_ = false;
            }
            return;
        case ':': return name_ended();
        case '{':
        case '[': return open(c);
        case '}':
        case ']': return close(to);
        case ',':
            if (capture_depth_ > 0) return;
            pending_ = none;
            value_next_ = depth_ > 0 && depth_ <= 32 && (arrays_ >> (depth_ - 1) & 1U) != 0;
            return;
        default: return;
    }
}

void member_scan::end_string(sink& to) {
    at_ = string_part::outside;
    if (capture_depth_ > 0) return capture('"');
    if (!value_next_) return;  // a name: what follows it says so
    if (const std::size_t which = std::exchange(pending_, none); which != none && !overflow_) to.found(which, text_);
}

void member_scan::name_ended() {
    if (capture_depth_ > 0) return;
    value_next_ = true;
    std::string name;
    if (overflow_ || text_.size() > longest_name || !json::unescape(text_, name)) name.clear();
    pending_ = match(name);
    if (depth_ >= 1 && depth_ <= names_.size()) names_[depth_ - 1] = std::move(name);
}

std::size_t member_scan::match(std::string_view name) const {
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
        const member_path& path = wanted_[i];
        if (path.anywhere && path.names[0] == name) return i;
        if (path.anywhere || path.depth != depth_ || path.names[path.depth - 1] != name) continue;
        bool leads_here = true;
        for (std::size_t at = 0; at + 1 < path.depth; ++at) leads_here = leads_here && (arrays_ >> at & 1U) == 0 && names_[at] == path.names[at];
        if (leads_here) return i;
    }
    return none;
}

void member_scan::open(char c) {
    ++depth_;
    if (depth_ <= 32) {
        const std::uint32_t bit = 1U << (depth_ - 1);
        arrays_ = c == '[' ? arrays_ | bit : arrays_ & ~bit;
    }
    if (capture_depth_ > 0) return;
    if (depth_ <= names_.size()) names_[depth_ - 1].clear();
    if (pending_ != none && c == '{') {
        capture_depth_ = depth_;
        text_.assign(1, '{');
        overflow_ = false;
    } else {
        pending_ = none;
    }
    value_next_ = c == '[';
}

void member_scan::close(sink& to) {
    if (capture_depth_ > 0 && depth_ == capture_depth_) {
        capture_depth_ = 0;
        if (const std::size_t which = std::exchange(pending_, none); which != none && !overflow_) to.found(which, text_);
    }
    pending_ = capture_depth_ > 0 ? pending_ : none;
    if (depth_ > 0) --depth_;
    value_next_ = false;
    if (depth_ == 0) {
        reset();
        to.document_ended();
    }
}

}  // namespace weir::dialect
