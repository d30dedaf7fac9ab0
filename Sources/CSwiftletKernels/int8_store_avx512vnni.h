#pragma once
// What the AVX-512 convolutions share: broadcasting four input bytes, requantizing and storing vectors of 16 channels.

#include "int8_common.h"

#include <immintrin.h>

#define ISA __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
/// For functions where no time goes.
#define COLD static __attribute__((noinline, minsize)) ISA

SWL_INLINE ISA __m512i broadcast4(const uint8_t *x) {
  int32_t bytes;
  __builtin_memcpy(&bytes, x, 4);
  // Kept apart from its use: an explicit broadcast load beats the memory-broadcast operand.
  return _mm512_set1_epi32(bytes);
}

/// What scales 16 channels by the upper half of the product.
typedef struct {
  __m512i mantissa, odd_mantissa, shift, rounding;
} swl_scale16;

SWL_INLINE ISA swl_scale16 make_scale(__m512i mantissa, __m512i shift) {
  const __m512i one = _mm512_set1_epi32(1);
  swl_scale16 s = {.mantissa = mantissa, .odd_mantissa = _mm512_srli_epi64(mantissa, 32)};
  s.shift = _mm512_sub_epi32(shift, _mm512_set1_epi32(32));
  s.rounding = _mm512_sllv_epi32(one, _mm512_sub_epi32(s.shift, one));
  return s;
}

SWL_INLINE ISA swl_scale16 load_scale(const swl_requantization *q, ptrdiff_t channel) {
  return make_scale(_mm512_loadu_si512(q->mantissa + channel), _mm512_loadu_si512(q->shift + channel));
}

/// The upper halves of acc * mantissa, rounded and shifted: exact for shifts of 33 and above.
SWL_INLINE ISA __m512i scale_high_half(__m512i acc, const swl_scale16 *s) {
  const __m512i even = _mm512_mul_epi32(acc, s->mantissa);
  const __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(acc, 32), s->odd_mantissa);
  const __m512i high = _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
  return _mm512_srav_epi32(_mm512_add_epi32(high, s->rounding), s->shift);
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

/// Requantizes channels `first ..< first + count`, whatever their multipliers, and stores them as u8 or s32.
SWL_INLINE ISA void store_channels(
    const __m512i *acc, const swl_requantization *q, ptrdiff_t first, ptrdiff_t count, bool stores_s32, uint8_t *y) {
  const __m512i zero = _mm512_set1_epi32(q->zero_point), lo = _mm512_set1_epi32(q->lo), hi = _mm512_set1_epi32(q->hi);
  for (ptrdiff_t i = 0; i < count; i += 16) {
    const ptrdiff_t c = first + i, rest = count - i;
    const __mmask16 lanes = (__mmask16)(rest >= 16 ? 0xFFFF : (1u << rest) - 1);
    __m512i value;
    if (q->high_half) {
      const swl_scale16 scale = load_scale(q, c);
      value = _mm512_add_epi32(scale_high_half(acc[i / 16], &scale), zero);
      value = _mm512_min_epi32(_mm512_max_epi32(value, lo), hi);
    } else {
      value = _mm512_add_epi32(scale_wide(acc[i / 16], q, c), zero);
    }
    if (stores_s32) _mm512_mask_storeu_epi32((int32_t *)y + c, lanes, value);
    else _mm512_mask_cvtepi32_storeu_epi8(y + c, lanes, value);
  }
}
