#include "http/field.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace weir::http {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

template <class Word>
Word load(const char* from) {
    Word w;
    std::memcpy(&w, from, sizeof w);
    return w;
}

// lower() on every byte of a word at once: a byte between 'A' and 'Z' gets its bit 0x20, all others stay.
template <class Word>
constexpr Word lower_bytes(Word w) {
    constexpr Word every = static_cast<Word>(~Word{0} / 0xff);
    const Word low = w & (every * 0x7f);
    const Word from_a = low + every * (0x80 - 'A');
    const Word past_z = low + every * (0x80 - 'Z' - 1);
    return w | (((from_a & ~past_z & ~w) & (every * 0x80)) >> 2);
}

template <class Word>
bool same_bytes(const char* a, const char* b) {
    return lower_bytes(load<Word>(a)) == lower_bytes(load<Word>(b));
}

// Words from the front and one that ends at the end, which may overlap.
template <class Word>
bool same_in_words(std::string_view a, std::string_view b) {
    std::size_t i = 0;
    for (; i + sizeof(Word) < a.size(); i += sizeof(Word))
        if (!same_bytes<Word>(a.data() + i, b.data() + i)) return false;
    const std::size_t last = a.size() - sizeof(Word);
    return same_bytes<Word>(a.data() + last, b.data() + last);
}

struct known {
    std::string_view name;
    field_id id;
};

constexpr std::array known_fields = {
    known{"te", field_id::te},
    known{"via", field_id::via},
    known{"date", field_id::date},
    known{"host", field_id::host},
    known{"expect", field_id::expect},
    known{"api-key", field_id::api_key},
    known{"trailer", field_id::trailer},
    known{"upgrade", field_id::upgrade},
    known{"x-api-key", field_id::x_api_key},
    known{"connection", field_id::connection},
    known{"keep-alive", field_id::keep_alive},
    known{"retry-after", field_id::retry_after},
    known{"tracestate", field_id::tracestate},
    known{"traceparent", field_id::traceparent},
    known{"content-type", field_id::content_type},
    known{"max-forwards", field_id::max_forwards},
    known{"x-request-id", field_id::x_request_id},
    known{"authorization", field_id::authorization},
    known{"content-length", field_id::content_length},
    known{"http2-settings", field_id::http2_settings},
    known{"x-goog-api-key", field_id::x_goog_api_key},
    known{"accept-encoding", field_id::accept_encoding},
    known{"content-encoding", field_id::content_encoding},
    known{"proxy-connection", field_id::proxy_connection},
    known{"transfer-encoding", field_id::transfer_encoding},
    known{"proxy-authorization", field_id::proxy_authorization},
};

// Most names of a request are unknown: a hash of length, first and last letter leaves one candidate or none. The multiplier is
// searched for when this is compiled.
constexpr std::uint8_t nobody = 0xff;
using slot_table = std::array<std::uint8_t, 64>;

constexpr std::size_t slot_of(std::string_view name, std::uint32_t multiplier) {
    const auto byte = [](char c) { return static_cast<std::uint32_t>(static_cast<unsigned char>(lower(c))); };
    return (((static_cast<std::uint32_t>(name.size()) << 16) ^ (byte(name.front()) << 8) ^ byte(name.back())) * multiplier) >> 26;
}

constexpr bool fill(slot_table& slots, std::uint32_t multiplier) {
    slots.fill(nobody);
    for (std::size_t i = 0; i < known_fields.size(); ++i) {
        auto& slot = slots[slot_of(known_fields[i].name, multiplier)];
        if (slot != nobody) return false;
        slot = static_cast<std::uint8_t>(i);
    }
    return true;
}

constexpr std::uint32_t multiplier = [] {
    slot_table slots{};
    for (std::uint32_t m = 0x9E3779B1; m != 0; m += 0x61C88646)
        if (fill(slots, m | 1)) return m | 1;
    return std::uint32_t{0};
}();
static_assert(multiplier != 0);

constexpr slot_table slots = [] {
    slot_table filled{};
    fill(filled, multiplier);
    return filled;
}();

bool says_who_the_client_is(std::string_view name) {
    constexpr std::string_view forwarded = "x-forwarded-";
    if (name.size() >= forwarded.size() && iequals(name.substr(0, forwarded.size()), forwarded)) return true;
    return iequals(name, "forwarded") || iequals(name, "x-real-ip");
}

}  // namespace

bool iequals(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    if (a.size() >= 8) return same_in_words<std::uint64_t>(a, b);
    if (a.size() >= 4) return same_in_words<std::uint32_t>(a, b);
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

field_id identify(std::string_view name) {
    if (name.empty()) return field_id::other;
    const std::uint8_t candidate = slots[slot_of(name, multiplier)];
    if (candidate == nobody || !iequals(known_fields[candidate].name, name)) return field_id::other;
    return known_fields[candidate].id;
}

bool is_hop_by_hop(field_id id) {
    switch (id) {
        case field_id::connection:
        case field_id::keep_alive:
        case field_id::proxy_connection:
        case field_id::proxy_authorization:
        case field_id::te:
        case field_id::trailer:
        case field_id::transfer_encoding:
        case field_id::upgrade:
        case field_id::http2_settings: return true;
        default: return false;
    }
}

bool forbidden_in_trailer(std::string_view name) {
    const auto id = identify(name);
    if (is_hop_by_hop(id)) return true;
    switch (id) {
        case field_id::host:
        case field_id::content_length:
        case field_id::content_type:
        case field_id::content_encoding:
        case field_id::authorization:
        case field_id::x_api_key:
        case field_id::api_key:
        case field_id::x_goog_api_key:
        case field_id::expect:
        case field_id::max_forwards: return true;
        default: break;
    }
    if (says_who_the_client_is(name)) return true;
    return iequals(name, "cookie") || iequals(name, "set-cookie") || iequals(name, "content-range") || iequals(name, "cache-control") ||
           iequals(name, "range") || iequals(name, "www-authenticate");
}

bool forbidden_in_connection(std::string_view name) {
    switch (identify(name)) {
        case field_id::host:
        case field_id::content_length:
        case field_id::transfer_encoding:
        case field_id::content_type:
        case field_id::authorization:
        case field_id::x_api_key:
        case field_id::api_key:
        case field_id::x_goog_api_key:
        case field_id::x_request_id:
        case field_id::expect:
        case field_id::via: return true;
        default: break;
    }
    return says_who_the_client_is(name) || iequals(name, "cookie");
}

bool same_for_all(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    if (iequals(a, b)) return true;
    const auto plain = [](char c) { return c == '_' ? '-' : lower(c); };
    for (std::size_t i = 0; i < a.size(); ++i)
        if (plain(a[i]) != plain(b[i])) return false;
    return true;
}

bool is_treacherous(std::string_view name) {
    constexpr std::size_t longest_known = 32;
    if (name.size() > longest_known) return false;
    if (lower(name.front()) == 'x')
        for (const std::string_view override_of : {"x-http-method-override", "x-http-method", "x-method-override"})
            if (same_for_all(name, override_of)) return true;
    if (name.find('_') == std::string_view::npos) return false;
    std::array<char, longest_known> folded{};
    for (std::size_t i = 0; i < name.size(); ++i) folded[i] = name[i] == '_' ? '-' : name[i];
    return identify({folded.data(), name.size()}) != field_id::other;
}

}  // namespace weir::http
