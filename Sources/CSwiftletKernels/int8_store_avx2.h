#pragma once
// Requantization and storing of 16 accumulators, two AVX2 vectors.

#include "int8_common.h"

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/// The upper halves of acc * mantissa, rounded and shifted: exact for shifts of 33 and above.
SWL_INLINE AVX2 __m256i swl_scale_high_half__avx2(__m256i acc, const swl_requantization *q, ptrdiff_t channel) {
  const __m256i mantissa = _mm256_loadu_si256((const __m256i *)(q->mantissa + channel));
  const __m256i all = _mm256_loadu_si256((const __m256i *)(q->shift + channel));
  const __m256i shift = _mm256_sub_epi32(all, _mm256_set1_epi32(32));
  const __m256i rounding = _mm256_sllv_epi32(_mm256_set1_epi32(1), _mm256_sub_epi32(shift, _mm256_set1_epi32(1)));
  const __m256i even = _mm256_srli_epi64(_mm256_mul_epi32(acc, mantissa), 32);
  const __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(acc, 32), _mm256_srli_epi64(mantissa, 32));
  const __m256i high = _mm256_blend_epi32(even, odd, 0xAA);
  return _mm256_srav_epi32(_mm256_add_epi32(high, rounding), shift);
}

/// Requantizes channels `first ..< first + count` by the upper halves and stores them as u8; count is 1...16.
SWL_INLINE AVX2 void swl_store16_high_half__avx2(
    const __m256i *acc, const swl_requantization *q, ptrdiff_t first, ptrdiff_t count, uint8_t *y) {
  const __m256i low = swl_scale_high_half__avx2(acc[0], q, first);
  const __m256i high = swl_scale_high_half__avx2(acc[1], q, first + 8);
  // Saturating at 16 bits before adding the zero point (0...255) changes no clamped result.
  const __m256i zero = _mm256_set1_epi16((int16_t)q->zero_point);
  const __m256i words = _mm256_adds_epi16(_mm256_packs_epi32(low, high), zero);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  const __m256i sorted = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(words, words), order);
  __m128i bytes = _mm256_castsi256_si128(sorted);
  bytes = _mm_max_epu8(bytes, _mm_set1_epi8((char)q->lo));
  bytes = _mm_min_epu8(bytes, _mm_set1_epi8((char)q->hi));
  if (count == 16) {
    _mm_storeu_si128((__m128i *)(y + first), bytes);
  } else {
    uint8_t lanes[16];
    _mm_storeu_si128((__m128i *)lanes, bytes);
    __builtin_memcpy(y + first, lanes, (size_t)count);
  }
}
#undef AVX2
