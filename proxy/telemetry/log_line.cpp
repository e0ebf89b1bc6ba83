#include "telemetry/log_line.hpp"

#include <bit>
#include <charconv>
#include <cstring>

#include "core/shown_text.hpp"
#include "telemetry/text.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir::telemetry {
namespace {

// A byte may become six (\u001f or one U+FFFD of three): 15 strings of the record and 2 of each attempt, the path, plus the fixed text.
constexpr std::size_t most_strings = 15 + 2 * record::max_attempts_recorded;
static_assert(longest_line >= most_strings * (6 * longest_logged_string + 2) + 6 * core::longest_shown_path + 6 * 1024);

void two_digits(char* out, unsigned value) {
    out[0] = static_cast<char>('0' + value / 10 % 10);
    out[1] = static_cast<char>('0' + value % 10);
}

// Bytes that stand in a JSON string as they are.
constexpr bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

std::size_t plain_prefix(std::string_view s) {
    std::size_t n = 0;
#if defined(__SSE2__)
    // Bytes from 0x80 on are negative as signed numbers, so one comparison finds them with the control characters.
    const __m128i blank = _mm_set1_epi8(0x20), del = _mm_set1_epi8(0x7f), quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    for (; n + 16 <= s.size(); n += 16) {
        const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(s.data() + n));
        const __m128i odd = _mm_or_si128(_mm_or_si128(_mm_cmplt_epi8(x, blank), _mm_cmpeq_epi8(x, del)),
                                         _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash)));
        if (const int mask = _mm_movemask_epi8(odd); mask != 0) return n + static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(mask)));
    }
#endif
    while (n < s.size() && is_plain(static_cast<unsigned char>(s[n]))) ++n;
    return n;
}

class json_line {
public:
    explicit json_line(char* out) : start_(out), at_(out) {}

    void raw(std::string_view text) {
        std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
    }
    void string(std::string_view name, std::string_view value, std::size_t most = longest_logged_string) {
        raw(name);
        value_string(value, most);
    }
    template <class Number>
    void number(std::string_view name, Number value) {
        raw(name);
        at_ = std::to_chars(at_, at_ + 24, value).ptr;
    }
    void boolean(std::string_view name, bool value) {
        raw(name);
        raw(value ? "true" : "false");
    }
    void money(std::string_view name, usage::nanousd value) {
        raw(name);
        at_ = write_decimal(at_, value, 9);
    }
    void time(std::string_view name, core::wall_time value) {
        raw(name);
        *at_++ = '"';
        write_timestamp(at_, value);
        at_ += timestamp_size;
        *at_++ = '"';
    }
    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(at_ - start_); }

private:
    void value_string(std::string_view value, std::size_t most) {
        if (value.empty()) return raw("null");
        value = value.substr(0, most);
        *at_++ = '"';
        while (!value.empty()) {
            const std::size_t plain = plain_prefix(value);
            raw(value.substr(0, plain));
            value.remove_prefix(plain);
            if (!value.empty()) value.remove_prefix(special(value));
        }
        *at_++ = '"';
    }

    // Writes the character at the start of `text` that needs care; returns how many bytes it took there.
    std::size_t special(std::string_view text) {
        const auto c = static_cast<unsigned char>(text[0]);
        if (c == '"' || c == '\\') {
            *at_++ = '\\';
            *at_++ = text[0];
            return 1;
        }
        if (c < 0x20 || c == 0x7f) {
            constexpr char hex[] = "0123456789abcdef";
            raw("\\u00");
            *at_++ = hex[c >> 4];
            *at_++ = hex[c & 15];
            return 1;
        }
        const std::size_t length = utf8_length(text);
        raw(length == 0 ? "\xef\xbf\xbd" : text.substr(0, length));
        return length == 0 ? 1 : length;
    }

    char* start_;
    char* at_;
};

void append_translation(json_line& line, const record::translation& what) {
    if (!what.label.empty()) line.string(",\"translated\":", what.label);
    if (!what.dropped.empty()) line.string(",\"dropped\":", what.dropped);
    if (!what.changed.empty()) line.string(",\"changed\":", what.changed);
}

void append_attempts(json_line& line, const record::request_record& what) {
    line.raw(",\"attempts\":[");
    const std::size_t count = std::min<std::size_t>(what.attempt_count, record::max_attempts_recorded);
    for (std::size_t i = 0; i < count; ++i) {
        const record::attempt& a = what.attempts[i];
        if (i > 0) line.raw(",");
        line.string("{\"pool\":", a.pool);
        line.string(",\"upstream\":", a.upstream);
        if (a.status != 0) line.number(",\"status\":", a.status);
        if (a.why != record::failure::none) line.string(",\"reason\":", record::name_of(a.why));
        if (a.hedge) line.boolean(",\"hedge\":", true);
        line.number(",\"ms\":", a.ms);
        line.raw("}");
    }
    line.raw("]");
}

void append_usage(json_line& line, const record::request_record& what) {
    const usage::counts& used = what.usage;
    line.number(",\"input_tokens\":", used.input);
    line.number(",\"cached_input_tokens\":", used.cached_input);
    line.number(",\"cache_write_tokens\":", used.cache_write);
    line.number(",\"output_tokens\":", used.output);
    line.number(",\"reasoning_tokens\":", used.reasoning);
    line.number(",\"audio_input_tokens\":", used.audio_input);
    line.number(",\"audio_output_tokens\":", used.audio_output);
    line.number(",\"image_output_tokens\":", used.image_output);
    line.number(",\"prompt_tokens\":", used.prompt());
    line.number(",\"completion_tokens\":", used.completion());
    line.money(",\"cost_usd\":", what.cost);
    if (what.discarded_cost > 0) line.money(",\"discarded_cost_usd\":", what.discarded_cost);
    line.boolean(",\"estimated\":", what.estimated || what.discarded_cost > 0);
    if (!what.priced) line.boolean(",\"unpriced\":", true);
}

}  // namespace

void write_timestamp(char* out, core::wall_time when) {
    using namespace std::chrono;
    const auto day = floor<days>(when);
    const year_month_day date{day};
    const hh_mm_ss clock{floor<milliseconds>(when - day)};
    const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
    two_digits(out, year / 100);
    two_digits(out + 2, year % 100);
    out[4] = '-';
    two_digits(out + 5, static_cast<unsigned>(date.month()));
    out[7] = '-';
    two_digits(out + 8, static_cast<unsigned>(date.day()));
    out[10] = 'T';
    two_digits(out + 11, static_cast<unsigned>(clock.hours().count()));
    out[13] = ':';
    two_digits(out + 14, static_cast<unsigned>(clock.minutes().count()));
    out[16] = ':';
    two_digits(out + 17, static_cast<unsigned>(clock.seconds().count()));
    out[19] = '.';
    const auto ms = static_cast<unsigned>(clock.subseconds().count());
    out[20] = static_cast<char>('0' + ms / 100);
    two_digits(out + 21, ms % 100);
    out[23] = 'Z';
}

std::size_t format_line(char* out, const record::request_record& what) {
    json_line line(out);
    line.time("{\"time\":", what.time);
    line.string(",\"request_id\":", what.request_id);
    if (!what.trace.empty()) {
        char digits[32];
        line.string(",\"trace_id\":", {digits, static_cast<std::size_t>(core::write_trace_id(digits, what.trace) - digits)});
    }
    line.string(",\"client\":", what.client);
    line.string(",\"key\":", what.key);
    line.string(",\"endpoint\":", what.endpoint);
    if (!what.path.empty()) line.string(",\"path\":", core::shown(what.path, core::longest_shown_path), core::longest_shown_path);
    line.string(",\"model\":", core::shown(what.model));
    line.string(",\"served_model\":", core::shown(what.served_model));
    line.string(",\"pool\":", what.pool);
    line.string(",\"upstream\":", what.upstream);
    line.number(",\"status\":", what.status);
    line.string(",\"code\":", core::name_of(what.code));
    line.boolean(",\"stream\":", what.stream);
    append_attempts(line, what);
    if (what.first_token_ms >= 0) {
        line.number(",\"first_token_ms\":", what.first_token_ms);
    } else {
        line.raw(",\"first_token_ms\":null");
    }
    line.number(",\"duration_ms\":", what.duration_us / 1000);
    if (what.queued_ms > 0) line.number(",\"queued_ms\":", what.queued_ms);
    line.number(",\"bytes_in\":", what.bytes_in);
    line.number(",\"bytes_out\":", what.bytes_out);
    append_usage(line, what);
    if (what.translated != nullptr) append_translation(line, *what.translated);
    line.string(",\"close_reason\":", what.close_reason);
    line.raw("}\n");
    return line.size();
}

}  // namespace weir::telemetry
