#pragma once
// What the AVX-512 convolutions share: broadcasting four input bytes, requantizing and storing vectors of 16 channels.

#include "int8_common.h"

#include <immintrin.h>

#define ISA __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

SWL_INLINE ISA __m512i broadcast4(const uint8_t *x) {
  int32_t bytes;
  __builtin_memcpy(&bytes, x, 4);
  // Kept apart from its use: an explicit broadcast load beats the memory-broadcast operand.
  return _mm512_set1_epi32(bytes);
}

/// The upper halves of acc * mantissa, rounded and shifted: exact for shifts of 33 and above.
SWL_INLINE ISA __m512i scale_high_half(__m512i acc, const swl_requantization *q, ptrdiff_t channel) {
  const __m512i mantissa = _mm512_loadu_si512(q->mantissa + channel);
  const __m512i shift = _mm512_sub_epi32(_mm512_loadu_si512(q->shift + channel), _mm512_set1_epi32(32));
  const __m512i rounding = _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_sub_epi32(shift, _mm512_set1_epi32(1)));
  const __m512i even = _mm512_srli_epi64(_mm512_mul_epi32(acc, mantissa), 32);
  const __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(acc, 32), _mm512_srli_epi64(mantissa, 32));
  const __m512i high = _mm512_mask_blend_epi32(0xAAAA, even, odd);
  return _mm512_srav_epi32(_mm512_add_epi32(high, rounding), shift);
}

/// Any shift: 64-bit throughout, clamped to [lo - zero, hi - zero] so that the result fits.
SWL_INLINE ISA __m512i scale_wide(__m512i acc, const swl_requantization *q, ptrdiff_t channel) {
  const __m512i mantissa = _mm512_loadu_si512(q->mantissa + channel);
  const __m512i shift = _mm512_loadu_si512(q->shift + channel);
  const __m512i lo = _mm512_set1_epi64((int64_t)q->lo - q->zero_point);
  const __m512i hi = _mm512_set1_epi64((int64_t)q->hi - q->zero_point);
  const __m512i one = _mm512_set1_epi64(1);
  __m512i half[2];
  for (int odd = 0; odd < 2; odd++) {
    const __m512i a = odd ? _mm512_srli_epi64(acc, 32) : acc;
    const __m512i m = odd ? _mm512_srli_epi64(mantissa, 32) : mantissa;
    const __m512i s = odd ? _mm512_srli_epi64(shift, 32) : _mm512_and_si512(shift, _mm512_set1_epi64(0xFFFFFFFF));
    const __m512i rounding = _mm512_sllv_epi64(one, _mm512_sub_epi64(s, one));
    const __m512i value = _mm512_srav_epi64(_mm512_add_epi64(_mm512_mul_epi32(a, m), rounding), s);
    half[odd] = _mm512_min_epi64(_mm512_max_epi64(value, lo), hi);
  }
  return _mm512_mask_blend_epi32(0xAAAA, half[0], _mm512_slli_epi64(half[1], 32));
}

SWL_INLINE ISA __mmask64 first_lanes(ptrdiff_t count) { return count >= 64 ? ~0ull : (1ull << count) - 1; }

/// Requantizes channels `first ..< first + count`, V vectors of accumulators, by the upper halves and stores them as u8.
SWL_INLINE ISA void store_high_half(
    const int V, const __m512i *acc, const swl_requantization *q, ptrdiff_t first, ptrdiff_t count, uint8_t *y) {
  __m512i scaled[4];
  UNROLL for (int v = 0; v < 4; v++) scaled[v] = v < V ? scale_high_half(acc[v], q, first + 16 * v) : scaled[V - 1];
  // Saturating at 16 bits before adding the zero point (0...255) changes no clamped result.
  const __m512i zero = _mm512_set1_epi16((int16_t)q->zero_point);
  const __m512i pair0 = _mm512_adds_epi16(_mm512_packs_epi32(scaled[0], scaled[1]), zero);
  const __m512i pair1 = V > 2 ? _mm512_adds_epi16(_mm512_packs_epi32(scaled[2], scaled[3]), zero) : pair0;
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  __m512i bytes = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(pair0, pair1));
  bytes = _mm512_max_epu8(bytes, _mm512_set1_epi8((char)q->lo));
  bytes = _mm512_min_epu8(bytes, _mm512_set1_epi8((char)q->hi));
  if (count < 16 * V || V == 3) {
    _mm512_mask_storeu_epi8(y + first, first_lanes(count), bytes);
  } else if (V == 4) {
    _mm512_storeu_si512(y + first, bytes);
  } else if (V == 2) {
    _mm256_storeu_si256((__m256i *)(y + first), _mm512_castsi512_si256(bytes));
  } else {
    _mm_storeu_si128((__m128i *)(y + first), _mm512_castsi512_si128(bytes));
  }
}

/// Requantizes channels `first ..< first + count` with any shift and stores them as u8 or s32.
SWL_INLINE ISA void store_wide(
    const __m512i *acc, const swl_requantization *q, ptrdiff_t first, ptrdiff_t count, bool stores_s32, uint8_t *y) {
  for (ptrdiff_t i = 0; i < count; i += 16) {
    const ptrdiff_t c = first + i, rest = count - i;
    const __mmask16 lanes = (__mmask16)(rest >= 16 ? 0xFFFF : (1u << rest) - 1);
    const __m512i value = _mm512_add_epi32(scale_wide(acc[i / 16], q, c), _mm512_set1_epi32(q->zero_point));
    if (stores_s32) _mm512_mask_storeu_epi32((int32_t *)y + c, lanes, value);
    else _mm512_mask_cvtepi32_storeu_epi8(y + c, lanes, value);
  }
}
