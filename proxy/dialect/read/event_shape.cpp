#include "dialect/read/event_shape.hpp"

#include <simdjson.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>

#include "dialect/json/special_bytes.hpp"

namespace weir::dialect {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits alone, as JSON allows them (RFC 8259 section 6: no leading zero).
const char* end_of_number(const char* at, const char* end) {
    const char* const from = at;
    while (at < end && is_digit(*at)) ++at;
    return at == from || (*from == '0' && at - from > 1) ? nullptr : at;
}

struct string_end {
    const char* quote = nullptr;  ///< nullptr: it does not end, or has a control character
    bool escaped = false;
    bool odd = false;  ///< has bytes outside ASCII
};

string_end end_of_string(const char* at, const char* end) {
    string_end out;
    while (at < end) {
#if defined(__SSE2__)
        if (end - at >= 16) {
            const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
            const auto hits = static_cast<unsigned>(_mm_movemask_epi8(json::specials_of(x))) | 0x10000U;
            const int plain = std::countr_zero(hits);
            out.odd |= (static_cast<unsigned>(_mm_movemask_epi8(x)) & ((1U << plain) - 1)) != 0;
            at += plain;
            if (plain == 16) continue;
        }
#endif
        if (*at == '"') {
            out.quote = at;
            return out;
        }
        if (*at == '\\') {
            out.escaped = true;
            ++at;
            if (at == end) return out;
        }
        if (static_cast<unsigned char>(*at) < 0x20) return out;
        out.odd |= static_cast<signed char>(*at) < 0;
        ++at;
    }
    return out;
}

}  // namespace

void shape_notes::no_meaning(json::cursor& at) {
    if (free_count_ == free_.size()) return;
    json::raw_string raw;
    std::int64_t number = 0;
    const std::size_t from = at.offset();
    if (at.string(raw)) {
        free_[free_count_++] = {raw.text, false};
    } else if (at.integer(number)) {
        const std::string_view digits = at.since(from);
        if (std::all_of(digits.begin(), digits.end(), is_digit)) free_[free_count_++] = {digits, true};
    }
}

bool event_shape::learn(std::string_view event, const shape_notes& notes) {
    if (!notes.plain_ || notes.texts_ != 1 || event.size() > longest) return false;
    hole_count_ = 0;
    const auto add = [&](std::string_view bytes, kind what) {
        // Data in several lines was put together elsewhere.
        if (bytes.data() < event.data() || bytes.data() + bytes.size() > event.data() + event.size()) return false;
        const auto from = static_cast<std::uint16_t>(bytes.data() - event.data());
        holes_[hole_count_++] = {from, static_cast<std::uint16_t>(from + bytes.size()), what};
        return true;
    };
    if (!add(notes.text_, kind::text)) return false;
    for (std::size_t i = 0; i < notes.free_count_; ++i)
        if (!add(notes.free_[i].bytes, notes.free_[i].number ? kind::number : kind::string)) return false;
    std::sort(holes_.begin(), holes_.begin() + hole_count_, [](const hole& a, const hole& b) { return a.from < b.from; });
    if (!place_usage(event, notes.usage_)) return false;
    lane_ = notes.lane_;
    size_ = static_cast<std::uint16_t>(event.size());
    event.copy(bytes_.data(), event.size());
    return true;
}

// False where its bytes are not the event's own.
bool event_shape::place_usage(std::string_view event, std::string_view usage) {
    usage_behind_ = usage_from_ = usage_size_ = 0;
    if (usage.empty()) return true;
    if (usage.data() < event.data() || usage.data() + usage.size() > event.data() + event.size()) return false;
    const auto from = static_cast<std::uint16_t>(usage.data() - event.data());
    std::uint16_t behind = 0;
    while (behind < hole_count_ && holes_[behind].to <= from) ++behind;
    if (behind < hole_count_ && holes_[behind].from < from + usage.size()) return false;
    usage_behind_ = behind;
    usage_from_ = static_cast<std::uint16_t>(behind == 0 ? from : from - holes_[behind - 1U].to);
    usage_size_ = static_cast<std::uint16_t>(usage.size());
    return true;
}

bool event_shape::matches(std::string_view event, shape_match& out) const {
    const char* at = event.data();
    const char* behind = at;  // where the literal begins that has the usage
    const char* const end = at + event.size();
    std::size_t from = 0;
    const auto same_up_to = [&](std::size_t to) {
        const std::size_t size = to - from;
        if (static_cast<std::size_t>(end - at) < size || std::memcmp(at, bytes_.data() + from, size) != 0) return false;
        at += size;
        return true;
    };
    for (std::size_t i = 0; i < hole_count_; ++i) {
        const hole& h = holes_[i];
        if (!same_up_to(h.from)) return false;
        from = h.to;
        const char* const begin = at;
        if (h.what == kind::number) {
            at = end_of_number(at, end);
            if (at == nullptr) return false;
            if (i + 1 == usage_behind_) behind = at;
            continue;
        }
        const string_end found = end_of_string(at, end);
        if (found.quote == nullptr) return false;
        at = found.quote;
        const std::string_view inside{begin, static_cast<std::size_t>(at - begin)};
        if (found.odd && !simdjson::validate_utf8(inside.data(), inside.size())) return false;
        if (h.what == kind::text) {
            out.text = {inside, found.escaped};
        } else if (found.escaped) {
            return false;
        }
        if (i + 1 == usage_behind_) behind = at;
    }
    out.usage_begin = usage_size_ == 0 ? 0 : static_cast<std::uint32_t>(behind - event.data()) + usage_from_;
    out.usage_end = out.usage_begin + usage_size_;
    return static_cast<std::size_t>(end - at) == size_ - from && same_up_to(size_) && !out.text.text.empty();
}

// No two threads give the same names: a stream that came from elsewhere finds nothing.
shape_name shape_table::first_name() {
    static std::atomic<shape_name> threads{0};
    return threads.fetch_add(1, std::memory_order_relaxed) << 40;
}

shape_name shape_table::learn(endpoint e, std::string_view event, const shape_notes& notes, bool& is_new) {
    shape_match seen;
    is_new = false;
    for (const entry& known : entries_)
        if (known.name != 0 && known.where == e && known.shape.matches(event, seen)) return known.name;
    entry& oldest = entries_[(last_ + 1) % entries_.size()];
    oldest.name = 0;
    if (!oldest.shape.learn(event, notes)) return 0;
    is_new = true;
    oldest.where = e;
    return oldest.name = ++last_;
}

shape_table& thread_shapes() {
    thread_local shape_table mine;
    return mine;
}

}  // namespace weir::dialect
