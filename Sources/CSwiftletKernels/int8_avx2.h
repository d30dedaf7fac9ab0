#pragma once
// Shared by the AVX2 integer kernels: the end of a layer, from accumulators to stored outputs.

#include "int8_common.h"

#include <immintrin.h>

#define ISA __attribute__((target("avx2")))
#define INLINE SWL_INLINE ISA
#define OUTLINED static __attribute__((noinline)) ISA

/// The multipliers of 8 channels, ready for `scale_high_half`.
typedef struct {
  __m256i mantissa, odd_mantissa, shift, rounding;
} swl_scale8;

INLINE swl_scale8 load_scale(const swl_requantization *q, ptrdiff_t channel) {
  swl_scale8 s;
  s.mantissa = _mm256_loadu_si256((const __m256i *)(q->mantissa + channel));
  s.odd_mantissa = _mm256_srli_epi64(s.mantissa, 32);
  s.shift =
      _mm256_sub_epi32(_mm256_loadu_si256((const __m256i *)(q->shift + channel)), _mm256_set1_epi32(32));
  s.rounding = _mm256_sllv_epi32(_mm256_set1_epi32(1), _mm256_sub_epi32(s.shift, _mm256_set1_epi32(1)));
  return s;
}

/// The upper halves of acc * mantissa, rounded and shifted: exact for shifts of 33 and above.
INLINE __m256i scale_high_half(__m256i acc, const swl_scale8 *s) {
  __m256i mantissa = s->mantissa, odd_mantissa = s->odd_mantissa;
  // Clang would hoist the sign extensions that it takes vpmuldq for, and then multiply 64 bits by 64.
  __asm__("" : "+x"(mantissa), "+x"(odd_mantissa));
  const __m256i even = _mm256_srli_epi64(_mm256_mul_epi32(acc, mantissa), 32);
  const __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(acc, 32), odd_mantissa);
  return _mm256_srav_epi32(_mm256_add_epi32(_mm256_blend_epi32(even, odd, 0xAA), s->rounding), s->shift);
}

/// The outputs of up to 16 channels, scaled, as bytes: the zero point added, clamped.
INLINE __m128i finish_bytes(__m256i first, __m256i second, const swl_requantization *q) {
  // Saturating at 16 bits before adding the zero point (0...255) changes no clamped result.
  const __m256i zero = _mm256_set1_epi16((int16_t)q->zero_point);
  const __m256i words = _mm256_adds_epi16(_mm256_packs_epi32(first, second), zero);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  const __m256i sorted = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(words, words), order);
  const __m128i bytes = _mm_max_epu8(_mm256_castsi256_si128(sorted), _mm_set1_epi8((char)q->lo));
  return _mm_min_epu8(bytes, _mm_set1_epi8((char)q->hi));
}

INLINE void store_bytes(__m128i bytes, ptrdiff_t channels, uint8_t *y) {
  if (channels == 16) {
    _mm_storeu_si128((__m128i *)y, bytes);
  } else if (channels == 8) {
    _mm_storel_epi64((__m128i *)y, bytes);
  } else {
    uint8_t lanes[16];
    _mm_storeu_si128((__m128i *)lanes, bytes);
    __builtin_memcpy(y, lanes, (size_t)channels);
  }
}

/// The upper-half shortcut of requantization does not hold, or outputs are s32.
INLINE bool stores_wide(const swl_requantization *q, bool stores_s32) { return stores_s32 || !q->high_half; }
