#include "int8_common.h"

#if defined(__x86_64__)
#include <immintrin.h>

// For the convolutions of AVX-512; 16 bytes at a time, which need no more than AVX2.
__attribute__((target("avx2"))) void swl_words_u8__avx512vnni(
    const uint8_t *x, ptrdiff_t distance, ptrdiff_t count, uint8_t *y) {
  ptrdiff_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m128i row[4];
    UNROLL for (int r = 0; r < 4; r++) row[r] = _mm_loadu_si128((const __m128i *)(x + i + r * distance));
    __m128i *words = (__m128i *)(y + 4 * i);
    const __m128i low01 = _mm_unpacklo_epi8(row[0], row[1]), high01 = _mm_unpackhi_epi8(row[0], row[1]);
    const __m128i low23 = _mm_unpacklo_epi8(row[2], row[3]), high23 = _mm_unpackhi_epi8(row[2], row[3]);
    _mm_storeu_si128(words, _mm_unpacklo_epi16(low01, low23));
    _mm_storeu_si128(words + 1, _mm_unpackhi_epi16(low01, low23));
    _mm_storeu_si128(words + 2, _mm_unpacklo_epi16(high01, high23));
    _mm_storeu_si128(words + 3, _mm_unpackhi_epi16(high01, high23));
  }
  for (; i < count; i++)
    for (int r = 0; r < 4; r++) y[4 * i + r] = x[i + r * distance];
}
#endif
