#pragma once
// Requantizing and storing window after window of one panel: the constants are worked out once per call, and four
// vectors are packed and stored together, be they one window's or several's.

#include "int8_store_avx512vnni.h"

// HERE has a vector worked out by here: the compiler would move sums past a branch that does not need them. KEEP has a
// number be anything from here on, for the compiler.
#ifdef CHECK_AVX512
#define HERE(x) (void)(x)
#define KEEP(x) (void)(x)
#else
#define HERE(x) __asm__("" : "+v"(x))
#define KEEP(x) __asm__("" : "+r"(x))
#endif

/// A panel's multipliers by the upper half, and its clamp.
typedef struct {
  // Shifts of channels 0, 2, 1, 3 and so on, as `scaled` leaves them.
  swl_scale16 scale[4];
  __m512i zero, lo, hi;
  __mmask64 lanes;
} panel_end;

#define shuffle(x, y, order) \
  _mm512_castps_si512(_mm512_shuffle_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(y), order))

SWL_INLINE ISA panel_end make_panel_end(const int V, const swl_conv_args *a) {
  const swl_requantization *q = &a->requantization;
  panel_end e;
  UNROLL for (int v = 0; v < V; v++) {
    const __m512i shift = _mm512_loadu_si512(q->shift + 16 * v);
    e.scale[v] = make_scale(_mm512_loadu_si512(q->mantissa + 16 * v), shuffle(shift, shift, 0xD8));
  }
  e.zero = _mm512_set1_epi16((int16_t)q->zero_point);
  e.lo = _mm512_set1_epi8((char)q->lo);
  e.hi = _mm512_set1_epi8((char)q->hi);
  e.lanes = first_lanes(a->channels);
  return e;
}

/// As scale_high_half, each four channels in the order 0, 2, 1, 3: so one shuffle takes the upper halves of both
/// products, which in the channels' own order makes short layers 5% slower.
SWL_INLINE ISA __m512i scaled(__m512i acc, const swl_scale16 *s) {
  const __m512i even = _mm512_mul_epi32(acc, s->mantissa);
  const __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(acc, 32), s->odd_mantissa);
  return _mm512_srav_epi32(_mm512_add_epi32(shuffle(even, odd, 0xDD), s->rounding), s->shift);
}

/// Packs what `scaled` gave for the next windows of V vectors, four vectors (of V == 3: three), and stores at most
/// `count` of these windows.
SWL_INLINE ISA void store_scaled(
    const int V, const __m512i *x, const panel_end *e, uint8_t *y, ptrdiff_t y_stride, ptrdiff_t count) {
  // Saturating at 16 bits before adding the zero point (0...255) changes no clamped result.
  const __m512i pair0 = _mm512_adds_epi16(_mm512_packs_epi32(x[0], x[1]), e->zero);
  const __m512i pair1 = _mm512_adds_epi16(_mm512_packs_epi32(x[2], x[V == 3 ? 2 : 3]), e->zero);
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i quads = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(pair0, pair1));
  const __m512i swap = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15));
  __m512i bytes = _mm512_shuffle_epi8(quads, swap);
  bytes = _mm512_min_epu8(_mm512_max_epu8(bytes, e->lo), e->hi);
  // A masked store costs what another one does, so there is no other for whole vectors.
  if (V > 2) {
    _mm512_mask_storeu_epi8(y, e->lanes, bytes);
  } else if (V == 2) {
    _mm256_mask_storeu_epi8(y, (__mmask32)e->lanes, _mm512_castsi512_si256(bytes));
    if (count > 1) _mm256_mask_storeu_epi8(y + y_stride, (__mmask32)e->lanes, _mm512_extracti64x4_epi64(bytes, 1));
  } else {
    const __mmask16 lanes = (__mmask16)e->lanes;
    _mm_mask_storeu_epi8(y, lanes, _mm512_castsi512_si128(bytes));
    if (count > 1) _mm_mask_storeu_epi8(y + y_stride, lanes, _mm512_extracti32x4_epi32(bytes, 1));
    if (count > 2) _mm_mask_storeu_epi8(y + 2 * y_stride, lanes, _mm512_extracti32x4_epi32(bytes, 2));
    if (count > 3) _mm_mask_storeu_epi8(y + 3 * y_stride, lanes, _mm512_extracti32x4_epi32(bytes, 3));
  }
}

/// Windows of V vectors that one packing takes.
SWL_INLINE int windows_per_store(const int V) { return V > 2 ? 1 : 4 / V; }
