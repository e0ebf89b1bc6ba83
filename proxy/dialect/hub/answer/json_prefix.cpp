#include "dialect/hub/answer/json_prefix.hpp"

#include "dialect/json/json_index.hpp"

namespace weir::dialect::hub {
namespace {

constexpr std::size_t deepest = json::max_depth;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

void json_prefix::read(std::string_view piece) {
    // Whatever is not ASCII means the same here: it may stand in strings alone.
    constexpr char other = '\x80';
    while (!piece.empty() && now_ != state::broken) {
        if (piece.front() != '\\') {
            take(piece.front());
            piece.remove_prefix(1);
            continue;
        }
        const auto size = json::escape_length(piece);
        if (size == 0) {
            now_ = state::broken;
            return;
        }
        std::string meant;
        (void)json::unescape(piece.substr(0, size), meant);
        take(meant.size() == 1 ? meant.front() : other);
        piece.remove_prefix(size);
    }
}

void json_prefix::take(char c) {
    if (now_ == state::string || now_ == state::escape || now_ == state::hex) return in_string(c);
    if (now_ >= state::minus && now_ <= state::exponent) return in_number(c);
    if (now_ == state::word) {
        now_ = c == rest_.front() ? now_ : state::broken;
        rest_.remove_prefix(1);
        if (now_ == state::word && rest_.empty()) end_value();
        return;
    }
    if (!is_blank(c)) between(c);
}

void json_prefix::in_string(char c) {
    if (now_ == state::hex) {
        now_ = !is_hex(c) ? state::broken : --digits_ == 0 ? state::string : state::hex;
    } else if (now_ == state::escape) {
        digits_ = 4;
        now_ = c == 'u' ? state::hex : std::string_view{"\"\\/bfnrt"}.find(c) != std::string_view::npos ? state::string : state::broken;
    } else if (c == '\\') {
        now_ = state::escape;
    } else if (c == '"') {
        if (is_name_)
            now_ = state::colon;
        else
            end_value();
    } else if (static_cast<unsigned char>(c) < 0x20) {
        now_ = state::broken;
    }
}

void json_prefix::in_number(char c) {
    const bool digit = is_digit(c);
    switch (now_) {
        case state::minus: now_ = !digit ? state::broken : c == '0' ? state::zero : state::digits; return;
        case state::point: now_ = digit ? state::fraction : state::broken; return;
        case state::exponent_sign: now_ = digit ? state::exponent : c == '+' || c == '-' ? state::exponent_digit : state::broken; return;
        case state::exponent_digit: now_ = digit ? state::exponent : state::broken; return;
        default: break;
    }
    if (digit && now_ != state::zero) return;
    const bool may_have_point = now_ == state::zero || now_ == state::digits;
    if (c == '.' && may_have_point) {
        now_ = state::point;
    } else if ((c == 'e' || c == 'E') && now_ != state::exponent) {
        now_ = state::exponent_sign;
    } else {
        end_value();
        take(c);
    }
}

void json_prefix::begin_value(char c) {
    if (c == '{' || c == '[') {
        open_ += c;
        now_ = open_.size() > deepest ? state::broken : c == '{' ? state::first_name : state::first_value;
    } else if (c == '"') {
        is_name_ = false;
        now_ = state::string;
    } else if (c == '-' || is_digit(c)) {
        now_ = c == '-' ? state::minus : c == '0' ? state::zero : state::digits;
    } else {
        rest_ = c == 't' ? "rue" : c == 'f' ? "alse" : c == 'n' ? "ull" : "";
        now_ = rest_.empty() ? state::broken : state::word;
    }
}

void json_prefix::close(char bracket) {
    const bool fits = !open_.empty() && (bracket == '}' || bracket == ']') && open_.back() == (bracket == '}' ? '{' : '[');
    if (!fits) {
        now_ = state::broken;
        return;
    }
    open_.pop_back();
    end_value();
}

void json_prefix::between(char c) {
    switch (now_) {
        case state::before: return c == '{' ? begin_value(c) : void(now_ = state::broken);
        case state::first_name:
            if (c == '}') return close(c);
            [[fallthrough]];
        case state::name:
            is_name_ = true;
            now_ = c == '"' ? state::string : state::broken;
            return;
        case state::colon: now_ = c == ':' ? state::value : state::broken; return;
        case state::first_value:
            if (c == ']') return close(c);
            [[fallthrough]];
        case state::value: return begin_value(c);
        case state::comma:
            if (c != ',') return close(c);
            now_ = open_.back() == '{' ? state::name : state::value;
            return;
        default: now_ = state::broken;
    }
}

}  // namespace weir::dialect::hub
