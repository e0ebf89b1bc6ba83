#include "dialect/read/stream_access.hpp"

namespace weir::dialect {
namespace {

// Where escaped text is decoded; its memory is kept from event to event.
std::string& scratch() {
    thread_local std::string mine;
    mine.clear();
    return mine;
}

// Codes are strings, numbers (OpenRouter, Gemini) or null.
bool read_code(json::cursor& at, std::string& out) {
    json::raw_string raw;
    std::int64_t number = 0;
    if (at.string(raw)) {
        out.clear();
        json::unescape(raw.text.substr(0, 128), out);
        return !out.empty();
    }
    if (!at.integer(number)) return false;
    out = std::to_string(number);
    return true;
}

}  // namespace

std::string shortened(std::string text) {
    constexpr std::size_t most = 300;
    if (text.size() <= most) return text;
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
    return text;
}

void read_error(kind dialect, json::cursor& at, error_text& out) {
    json::raw_string raw;
    if (at.string(raw)) {
        json::unescape(raw.text, out.message);
        return;
    }
    std::string code, type, status;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "code") {
            read_code(value, code);
        } else if (key == "type") {
            read_code(value, type);
        } else if (key == "status") {
            read_code(value, status);
        } else if (key == "message" && value.string(raw)) {
            out.message.clear();
            json::unescape(raw.text, out.message);
        }
    });
    // Gemini's code is the HTTP status again; its status is the name.
    std::string& first = dialect == kind::gemini ? status : code;
    out.code = !first.empty() ? first : !type.empty() ? type : !code.empty() ? code : !status.empty() ? status : out.code;
}

bool has_searched(json::cursor& at) {
    bool any = false;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "webSearchQueries" || key == "groundingChunks") value.elements([&](json::cursor&) { any = true; });
    });
    return any;
}

bool stream_access::piece(std::uint32_t lane, const json::raw_string& raw) const {
    if (raw.text.empty()) return false;
    if (notes) notes->text(lane, raw.text);
    if (text == nullptr) return true;
    if (!raw.escaped) {
        text->text(lane, raw.text);
        return true;
    }
    std::string& plain = scratch();
    json::unescape(raw.text, plain);
    text->text(lane, plain);
    return true;
}

bool stream_access::piece(std::uint32_t lane, json::cursor& at) const {
    json::raw_string raw;
    return at.string(raw) && piece(lane, raw);
}

void stream_access::model(json::cursor& at) const {
    json::raw_string raw;
    if (!reader.served_model_.empty() || !at.string(raw)) return;
    json::unescape(raw.text, reader.served_model_);
    if (notes) notes->more_than_text();
}

void stream_access::tier(json::cursor& at) const {
    json::raw_string raw;
    if (at.string(raw) && is_special_tier(raw.text)) hosted_call();
}

void stream_access::hosted_call() const { reader.usage_.add_beyond_tokens(); }

void stream_access::set_error(error_text&& what) const {
    if (notes) notes->more_than_text();
    reader.error_code_ = std::move(what.code);
    reader.error_message_ = shortened(std::move(what.message));
}

void stream_access::error(json::cursor& at) const {
    error_text found;
    read_error(dialect_of(where()), at, found);
    set_error(std::move(found));
}

bool stream_access::publish(const usage_report& what) const {
    if (notes) notes->more_than_text();
    reader.usage_.take(where(), what);
    return true;
}

bool stream_access::usage(json::cursor& at) const {
    usage_report fresh;
    if (!read_usage(dialect_of(where()), at, fresh)) return false;
    if (dialect_of(where()) == kind::anthropic) reader.report_ = std::make_unique<usage_report>(fresh);  // once: of message_start
    return publish(fresh);
}

bool stream_access::correct_usage(json::cursor& at) const {
    if (!reader.report_) reader.report_ = std::make_unique<usage_report>();
    return read_usage(dialect_of(where()), at, *reader.report_) && publish(*reader.report_);
}

}  // namespace weir::dialect
