// Which of 16 bytes matter inside a JSON string (RFC 8259 section 7).
#pragma once

#if defined(__SSE2__)
#include <immintrin.h>

namespace weir::dialect::json {

/// A byte of ones for each quote, backslash and control character.
// c ^ 2 is at most 0x20 for control characters and the quote, and for nothing else: one comparison finds both.
inline __m128i specials_of(__m128i x) {
    const __m128i flipped = _mm_xor_si128(x, _mm_set1_epi8(2));
    return _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(flipped, _mm_set1_epi8(0x20)), flipped), _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
}

}  // namespace weir::dialect::json
#endif
