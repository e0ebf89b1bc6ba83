#include "dialect/sparse_scan.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir::dialect::json {
namespace {

constexpr std::size_t block = 64;

// More tokens than this on the way, and simdjson would have been the better choice.
bool is_dense(std::size_t tokens, std::size_t scanned) { return tokens > 512 + scanned / 48; }

enum class kind : std::uint8_t { scalar, space, structural, quote };

constexpr std::array<kind, 256> kinds = [] {
    std::array<kind, 256> all{};
    for (const char c : {' ', '\t', '\n', '\r'}) all[static_cast<unsigned char>(c)] = kind::space;
    for (const char c : {'{', '}', '[', ']', ',', ':'}) all[static_cast<unsigned char>(c)] = kind::structural;
    all[static_cast<unsigned char>('"')] = kind::quote;
    return all;
}();

bool is_special(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

class scanner {
public:
    scanner(std::string_view text, std::vector<std::uint32_t>& offsets) : text_(text), offsets_(offsets) {}

    sparse_result run() {
        offsets_.clear();
        bool in_scalar = false;
        while (at_ < text_.size()) {
            const kind what = kinds[static_cast<unsigned char>(text_[at_])];
            if (what == kind::space) {
                in_scalar = false;
                ++at_;
                continue;
            }
            if (what != kind::scalar || !in_scalar) {
                if (is_dense(offsets_.size(), at_)) return {true, fault::none, true};
                offsets_.push_back(static_cast<std::uint32_t>(at_));
            }
            in_scalar = what == kind::scalar;
            odd_ |= text_[at_];
            ++at_;
            if (what == kind::quote && !skip_string()) return {false, why_, true};
        }
        if (offsets_.empty()) return {false, fault::empty, true};
        if (odd_ < 0 && !simdjson::validate_utf8(text_.data(), text_.size())) return {false, fault::not_utf8, true};
        offsets_.push_back(static_cast<std::uint32_t>(text_.size()));
        return {false, fault::none, escapes_legal_};
    }

private:
    enum class string_state : std::uint8_t { inside, closed, failed };

    // From behind the opening quote to behind the closing one.
    bool skip_string() {
        // Most strings are keys: not worth a block.
        auto state = skip_bytes(std::min(text_.size(), at_ + 8));
#if defined(__SSE2__)
        while (state == string_state::inside && text_.size() - at_ >= block) state = skip_block();
#endif
        if (state == string_state::inside) state = skip_bytes(text_.size());
        if (state == string_state::inside) why_ = fault::unclosed_string;
        return state == string_state::closed;
    }

    string_state skip_bytes(std::size_t end) {
        while (at_ < end) {
            if (!is_special(text_[at_])) {
                odd_ |= text_[at_++];
                continue;
            }
            if (const auto state = pass_special(); state != string_state::inside) return state;
        }
        return string_state::inside;
    }

    // The quote, backslash or control character at hand.
    string_state pass_special() {
        const char c = text_[at_];
        if (c == '"') {
            ++at_;
            return string_state::closed;
        }
        if (c != '\\') return fail(fault::control_character);
        const std::size_t length = escape_length(text_.substr(at_));
        if (length == 0) {
            // Whatever it means, a quote behind a backslash does not end the string.
            escapes_legal_ = false;
            if (at_ + 1 == text_.size()) return fail(fault::unclosed_string);
            odd_ |= text_[at_ + 1];
            if (static_cast<unsigned char>(text_[at_ + 1]) < 0x20) return fail(fault::control_character);
        }
        at_ += std::max<std::size_t>(length, 2);
        return string_state::inside;
    }

#if defined(__SSE2__)
    // 64 bytes of a string, or up to its end; an escape may reach beyond them.
    string_state skip_block() {
        const std::size_t base = at_;
        std::uint64_t bits = specials_of(text_.data() + base);
        while (bits != 0) {
            at_ = base + static_cast<std::size_t>(std::countr_zero(bits));
            if (const auto state = pass_special(); state != string_state::inside) return state;
            const std::size_t passed = at_ - base;
            if (passed >= block) return string_state::inside;
            bits &= ~std::uint64_t{0} << passed;
        }
        at_ = base + block;
        return string_state::inside;
    }

    // A bit for each quote, backslash and control character among 64 bytes. Bytes behind the first of them may count for odd_:
    // that only decides whether UTF-8 is checked.
    std::uint64_t specials_of(const char* p) {
        const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);
        __m128i hits[4];  // no std::array: g++ warns of the type's attributes as its argument
        __m128i any = _mm_setzero_si128(), all = any;
        for (int i = 0; i < 4; ++i) {
            const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p) + i);
            const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(x, control), x);
            hits[i] = _mm_or_si128(low, _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash)));
            any = _mm_or_si128(any, hits[i]);
            all = _mm_or_si128(all, x);
        }
        if (_mm_movemask_epi8(all) != 0) odd_ = -1;
        if (_mm_movemask_epi8(any) == 0) return 0;
        std::uint64_t bits = 0;
        for (int i = 3; i >= 0; --i)
            bits = bits << 16 | static_cast<unsigned>(_mm_movemask_epi8(hits[i]));
        return bits;
    }
#endif

    string_state fail(fault what) {
        why_ = what;
        return string_state::failed;
    }

    std::string_view text_;
    std::vector<std::uint32_t>& offsets_;
    std::size_t at_ = 0;
    signed char odd_ = 0;  ///< negative once a byte outside ASCII was seen
    bool escapes_legal_ = true;
    fault why_ = fault::none;
};

}  // namespace

sparse_result scan_sparse(std::string_view text, std::vector<std::uint32_t>& offsets) { return scanner{text, offsets}.run(); }

}  // namespace weir::dialect::json
