#include "dialect/json/sparse_scan.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>

#include "dialect/json/special_bytes.hpp"

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

// What may stand behind a backslash and makes an escape of two bytes (RFC 8259 section 7).
constexpr std::array<bool, 256> short_escapes = [] {
    std::array<bool, 256> all{};
    for (const char c : {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'}) all[static_cast<unsigned char>(c)] = true;
    return all;
}();

#if defined(__SSE2__)
// The blocks of a string up to the first with something special in it.
struct plain_run {
    const char* at;      ///< where that block begins; at the end: where fewer bytes than a block are left
    std::uint64_t bits;  ///< a bit for each quote, backslash and control character of that block; 0 at the end
    bool odd;            ///< bytes outside ASCII were passed, or stand in that block
};

plain_run pass_plain_sse2(const char* at, const char* end) {
    __m128i all = _mm_setzero_si128();
    std::uint64_t bits = 0;
    for (; bits == 0 && end - at >= static_cast<std::ptrdiff_t>(block); at += block) {
        const auto* p = reinterpret_cast<const __m128i*>(at);
        const __m128i a = _mm_loadu_si128(p), b = _mm_loadu_si128(p + 1), c = _mm_loadu_si128(p + 2), d = _mm_loadu_si128(p + 3);
        all = _mm_or_si128(all, _mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d)));
        const __m128i in_a = specials_of(a), in_b = specials_of(b), in_c = specials_of(c), in_d = specials_of(d);
        if (_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(in_a, in_b), _mm_or_si128(in_c, in_d))) == 0) continue;
        const auto mask = [](__m128i hits) { return std::uint64_t{static_cast<unsigned>(_mm_movemask_epi8(hits))}; };
        bits = mask(in_a) | mask(in_b) << 16 | mask(in_c) << 32 | mask(in_d) << 48;
    }
    return {bits != 0 ? at - block : at, bits, _mm_movemask_epi8(all) != 0};
}

// The same for processors with registers of 32 bytes: half the instructions.
__attribute__((target("avx2"))) plain_run pass_plain_avx2(const char* at, const char* end) {
    const __m256i flip = _mm256_set1_epi8(2), most = _mm256_set1_epi8(0x20), slash = _mm256_set1_epi8('\\');
    __m256i all = _mm256_setzero_si256();
    std::uint64_t bits = 0;
    for (; bits == 0 && end - at >= static_cast<std::ptrdiff_t>(block); at += block) {
        const auto* p = reinterpret_cast<const __m256i*>(at);
        const __m256i a = _mm256_loadu_si256(p), b = _mm256_loadu_si256(p + 1);
        all = _mm256_or_si256(all, _mm256_or_si256(a, b));
        const __m256i fa = _mm256_xor_si256(a, flip), fb = _mm256_xor_si256(b, flip);
        const __m256i in_a = _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_min_epu8(fa, most), fa), _mm256_cmpeq_epi8(a, slash));
        const __m256i in_b = _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_min_epu8(fb, most), fb), _mm256_cmpeq_epi8(b, slash));
        if (_mm256_movemask_epi8(_mm256_or_si256(in_a, in_b)) == 0) continue;
        bits = std::uint64_t{static_cast<unsigned>(_mm256_movemask_epi8(in_a))} | std::uint64_t{static_cast<unsigned>(_mm256_movemask_epi8(in_b))}
                                                                                      << 32;
    }
    return {bits != 0 ? at - block : at, bits, _mm256_movemask_epi8(all) != 0};
}

#endif

bool is_special(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

class scanner {
public:
    scanner(std::string_view text, std::vector<std::uint32_t>& offsets, bool wide) : text_(text), offsets_(offsets), wide_(wide) {}

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
        auto state = string_state::inside;
#if defined(__SSE2__)
        // Most strings are keys: over before a block would have paid.
        if (text_.size() - at_ >= 16) state = skip_start();
        if (state == string_state::inside) state = skip_blocks();
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
        if (at_ + 1 < text_.size() && short_escapes[static_cast<unsigned char>(text_[at_ + 1])]) {
            at_ += 2;
            return string_state::inside;
        }
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
    // 16 bytes, or up to the first special one among them and what it stands for.
    string_state skip_start() {
        const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text_.data() + at_));
        if (_mm_movemask_epi8(x) != 0) odd_ = -1;  // as below
        const auto hits = static_cast<unsigned>(_mm_movemask_epi8(specials_of(x)));
        at_ += hits == 0 ? 16 : static_cast<std::size_t>(std::countr_zero(hits));
        return hits == 0 ? string_state::inside : pass_special();
    }

    // Up to the end of the string, or to where fewer bytes than a block are left; an escape may reach beyond a block.
    string_state skip_blocks() {
        const char* const end = text_.data() + text_.size();
        while (text_.size() - at_ >= block) {
            const char* const from = text_.data() + at_;
            plain_run run = wide_ ? pass_plain_avx2(from, end) : pass_plain_sse2(from, end);
            if (run.odd) odd_ = -1;  // bytes behind the string's end may count: that only decides whether UTF-8 is checked
            const auto base = static_cast<std::size_t>(run.at - text_.data());
            at_ = base;
            while (run.bits != 0) {
                at_ = base + static_cast<std::size_t>(std::countr_zero(run.bits));
                if (const auto state = pass_special(); state != string_state::inside) return state;
                const std::size_t passed = at_ - base;
                if (passed >= block) break;
                run.bits &= ~std::uint64_t{0} << passed;
                if (run.bits == 0) at_ = base + block;
            }
        }
        return string_state::inside;
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
    [[maybe_unused]] const bool wide_;
    bool escapes_legal_ = true;
    fault why_ = fault::none;
};

}  // namespace

bool has_wide_registers() {
#if defined(__SSE2__)
    static const bool has = __builtin_cpu_supports("avx2") != 0;
    return has;
#else
    return false;
#endif
}

sparse_result scan_sparse(std::string_view text, std::vector<std::uint32_t>& offsets, bool wide) { return scanner{text, offsets, wide}.run(); }

}  // namespace weir::dialect::json
