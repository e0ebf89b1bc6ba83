// Reads the textual form of a script.
#include "mock/script.hpp"

#include <charconv>
#include <functional>
#include <map>

namespace weir::mock {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

template <class Period>
bool read_time(std::string_view text, std::chrono::duration<std::int64_t, Period>& out) {
    std::int64_t n = 0;
    if (!read_number(text, n) || n < 0) return false;
    out = std::chrono::duration<std::int64_t, Period>{n};
    return true;
}

bool read_flag(std::string_view text, bool& out) {
    out = text == "on" || text == "true" || text == "1";
    return out || text == "off" || text == "false" || text == "0";
}

bool read_cut(std::string_view text, std::optional<cut>& out) {
    cut made;
    const auto colon = text.find(':');
    const auto where = text.substr(0, colon);
    auto rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
    if (where == "terminator") {
        made.at = cut::place::terminator;
        out = made;
        return rest.empty();
    }
    if (where == "head")
        made.at = cut::place::head;
    else if (where == "body")
        made.at = cut::place::body;
    else if (where == "event")
        made.at = cut::place::event;
    else
        return false;
    if (const auto plus = rest.find('+'); plus != std::string_view::npos) {
        if (!read_number(rest.substr(plus + 1), made.plus)) return false;
        rest = rest.substr(0, plus);
    }
    out = made;
    return read_number(rest, out->after);
}

bool read_framing(std::string_view text, framing& out) {
    static const std::map<std::string_view, framing> names = {{"automatic", framing::automatic},
                                                              {"chunked", framing::chunked},
                                                              {"length", framing::content_length},
                                                              {"close", framing::close},
                                                              {"unsaid", framing::unsaid}};
    const auto found = names.find(text);
    if (found == names.end()) return false;
    out = found->second;
    return true;
}

bool read_ending(std::string_view text, ending& out) {
    static const std::map<std::string_view, ending> names = {{"fin", ending::fin}, {"reset", ending::reset}, {"hang", ending::hang}};
    const auto found = names.find(text);
    if (found == names.end()) return false;
    out = found->second;
    return true;
}

template <class T, class Read>
auto optional_of(std::optional<T> script::* member, Read read) {
    return [member, read](script& s, std::string_view v) {
        T value{};
        if (!read(v, value)) return false;
        s.*member = std::move(value);
        return true;
    };
}

bool read_text(std::string_view text, std::string& out) {
    out = std::string{text};
    return true;
}

using setter = std::function<bool(script&, std::string_view)>;

template <class T, class Read>
setter to(T script::* member, Read read) {
    return [member, read](script& s, std::string_view v) { return read(v, s.*member); };
}

const std::map<std::string_view, setter>& setters() {
    static const std::map<std::string_view, setter> all = {
        {"status", to(&script::status, read_number<int>)},
        {"body", optional_of(&script::body, read_text)},
        {"type", to(&script::content_type, read_text)},
        {"binary", to(&script::binary, read_number<std::uint64_t>)},
        {"text", optional_of(&script::text, read_text)},
        {"words", to(&script::words, read_number<int>)},
        {"push", to(&script::push, read_number<std::uint64_t>)},
        {"cached", to(&script::cached, read_number<std::int64_t>)},
        {"reasoning", to(&script::reasoning, read_number<std::int64_t>)},
        {"calls", to(&script::calls, read_number<int>)},
        {"think", to(&script::think, read_flag)},
        {"again", to(&script::again, read_flag)},
        {"strict", to(&script::strict, read_flag)},
        {"usage", to(&script::usage, read_flag)},
        {"terminator", to(&script::terminator, read_flag)},
        {"error_event", optional_of(&script::error_event, read_number<int>)},
        {"before_head", to(&script::before_head, read_time<std::milli>)},
        {"first_event", optional_of(&script::first_event, read_time<std::milli>)},
        {"between", optional_of(&script::between, read_time<std::milli>)},
        {"stall_after", to(&script::stall_after, read_number<int>)},
        {"stall", to(&script::stall, read_time<std::milli>)},
        {"framing", to(&script::framing, read_framing)},
        {"chunk", to(&script::chunk, read_number<std::uint64_t>)},
        {"write", to(&script::write, read_number<std::uint64_t>)},
        {"write_pause_us", to(&script::write_pause, read_time<std::micro>)},
        {"end_pause", to(&script::end_pause, read_time<std::milli>)},
        {"events_per_write", to(&script::events_per_write, read_number<int>)},
        {"cut", to(&script::cut, read_cut)},
        {"ending", to(&script::ending, read_ending)},
        {"raw", to(&script::raw, read_text)},
        {"extra", to(&script::extra, read_text)},
        {"idle_bytes", to(&script::idle_bytes, read_text)},
        {"idle_after", to(&script::idle_after, read_time<std::milli>)},
        {"1xx",
         [](script& s, std::string_view v) {
             s.informational.push_back(0);
             return read_number(v, s.informational.back());
         }},
        {"keep_alive", to(&script::keep_alive, read_flag)},
        {"early", to(&script::early, read_flag)},
        {"drop", to(&script::drop, read_flag)},
    };
    return all;
}

bool set(script& s, std::string_view key, const std::string& value) {
    constexpr std::string_view header = "header.";
    if (key.starts_with(header) && key.size() > header.size()) {
        s.headers.emplace_back(std::string{key.substr(header.size())}, value);
        return true;
    }
    const auto found = setters().find(key);
    return found != setters().end() && found->second(s, value);
}

}  // namespace

std::optional<script> read_script(std::string_view text, std::string& fault) {
    script out;
    while (!text.empty()) {
        const auto comma = text.find(',');
        auto item = text.substr(0, comma);
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
        while (item.starts_with(' ')) item.remove_prefix(1);
        if (item.empty()) continue;
        const auto equals = item.find('=');
        const auto value = equals == std::string_view::npos ? std::string_view{"on"} : item.substr(equals + 1);
        if (!set(out, item.substr(0, equals), percent_decoded(value))) {
            fault = "not a mock script: " + std::string{item};
            return std::nullopt;
        }
    }
    return out;
}

}  // namespace weir::mock
