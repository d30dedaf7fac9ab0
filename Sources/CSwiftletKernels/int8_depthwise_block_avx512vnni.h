#pragma once
// A block of 64 channels of a depthwise convolution: what its accumulators meet, its taps interleaved, its outputs.

#include "int8_store_avx512vnni.h"

#define INLINE SWL_INLINE ISA

/// Vectors of accumulators.
enum { VECTORS = 4 };

/// What a block's accumulators meet.
typedef struct {
  const __m512i *weights;
  __m512i bias[VECTORS];
  swl_scale16 scale[VECTORS];
  const swl_requantization *q;
  /// The block's first element in q's arrays.
  ptrdiff_t element;
} swl_block;

INLINE void load_block(const swl_conv_args *a, ptrdiff_t index, swl_block *block) {
  const swl_requantization *q = &a->requantization;
  block->q = q;
  block->element = 64 * index;
  block->weights = (const __m512i *)a->weights + index * a->step_count;
  for (int v = 0; v < VECTORS; v++) {
    block->bias[v] = _mm512_load_si512(q->bias + block->element + 16 * v);
    block->scale[v] = load_scale(q, block->element + 16 * v);
  }
}

/// The bytes of a block, in order.
INLINE __m512i narrowed(const __m512i *value, const swl_requantization *q) {
  // Saturating at 16 bits before adding the zero point (0...255) changes no clamped result.
  const __m512i zero = _mm512_set1_epi16((int16_t)q->zero_point);
  const __m512i pair0 = _mm512_adds_epi16(_mm512_packs_epi32(value[0], value[1]), zero);
  const __m512i pair1 = _mm512_adds_epi16(_mm512_packs_epi32(value[2], value[3]), zero);
  const __m512i bytes = _mm512_max_epu8(_mm512_packus_epi16(pair0, pair1), _mm512_set1_epi8((char)q->lo));
  return _mm512_min_epu8(bytes, _mm512_set1_epi8((char)q->hi));
}

COLD __m512i requantized_wide(const __m512i *acc, const swl_block *block) {
  __m512i value[VECTORS];
  for (int v = 0; v < VECTORS; v++) value[v] = scale_wide(acc[v], block->q, block->element + 16 * v);
  return narrowed(value, block->q);
}

/// Requantizes a block's accumulators.
INLINE __m512i requantized(const __m512i *acc, const swl_block *block) {
  __m512i value[VECTORS];
  if (!block->q->high_half) {
    // A copy, so that the accumulators stay in registers.
    UNROLL for (int v = 0; v < VECTORS; v++) value[v] = acc[v];
    return requantized_wide(value, block);
  }
  UNROLL for (int v = 0; v < VECTORS; v++) value[v] = scale_high_half(acc[v], &block->scale[v]);
  return narrowed(value, block->q);
}

/// Element e of out[v] is the four taps of byte 16 * (e / 4) + 4 * v + e % 4.
INLINE void interleave(__m512i x0, __m512i x1, __m512i x2, __m512i x3, __m512i *out) {
  const __m512i low01 = _mm512_unpacklo_epi8(x0, x1), high01 = _mm512_unpackhi_epi8(x0, x1);
  const __m512i low23 = _mm512_unpacklo_epi8(x2, x3), high23 = _mm512_unpackhi_epi8(x2, x3);
  out[0] = _mm512_unpacklo_epi16(low01, low23);
  out[1] = _mm512_unpackhi_epi16(low01, low23);
  out[2] = _mm512_unpacklo_epi16(high01, high23);
  out[3] = _mm512_unpackhi_epi16(high01, high23);
}
