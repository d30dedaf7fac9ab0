#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_store_avx512vnni.h"

// A block is one vector, [16 channels][4] as s8. Up to eight pixels share its load, and the windows of a turn share their
// channels' multipliers; four chains of vpdpbusd hide its latency.

#define INLINE SWL_INLINE ISA
#define KERNEL swl_sparse_u8s8__avx512vnni
#define VECTOR __m512i
#define LANES 16
#define PIXELS 8
#define FEWEST_PIXELS 4
#define STORES_TURNS
#define PARTS 8
#define BLOCK_BYTES 64

INLINE __m512i load(const int32_t *x) { return _mm512_loadu_si512(x); }
INLINE __m512i add(__m512i a, __m512i b) { return _mm512_add_epi32(a, b); }
INLINE __m512i largest(__m512i a, __m512i b) { return _mm512_max_epi32(a, b); }

INLINE void multiply(
    const int P, const uint8_t *const *pixel, ptrdiff_t step, const uint8_t *block, __m512i *acc) {
  const __m512i weight = _mm512_load_si512(block);
  UNROLL for (int p = 0; p < P; p++) acc[p] = _mm512_dpbusd_epi32(acc[p], broadcast4(pixel[p] + step), weight);
}

COLD void store_windows_wide(
    const __m512i *acc, const swl_conv_args *a, const swl_sparse_group *group, ptrdiff_t first, ptrdiff_t count) {
  uint8_t *y = (uint8_t *)a->y + first * a->y_stride;
  for (ptrdiff_t i = 0; i < count; i++, y += a->y_stride)
    store_channels(acc + i, &a->requantization, group->first_channel, group->channels, a->stores_s32, y);
}

/// Stores one group of `count` of W windows, which share its multipliers. Accumulators in registers stay there.
INLINE void store_turn(
    const int W, const int Q, const __m512i *acc, const swl_conv_args *a, const swl_sparse_group *group,
    ptrdiff_t first, ptrdiff_t count) {
  const swl_requantization *q = &a->requantization;
  if (a->stores_s32 || !q->high_half) {
    __m512i copy[W];
    UNROLL for (int i = 0; i < W; i++) copy[i] = acc[i];
    store_windows_wide(copy, a, group, first, count);
    return;
  }
  const ptrdiff_t channel = group->first_channel;
  const swl_scale16 scale = load_scale(q, channel);
  const __m512i zero = _mm512_set1_epi32(q->zero_point);
  const __m512i lo = _mm512_set1_epi32(q->lo), hi = _mm512_set1_epi32(q->hi);
  const bool is_whole = group->channels == 16;
  const __mmask16 lanes = (__mmask16)((1u << group->channels) - 1);
  uint8_t *y = (uint8_t *)a->y + first * a->y_stride + channel;
  UNROLL for (int i = 0; i < W; i++, y += a->y_stride) {
    if (i >= count) return;
    __m512i value = _mm512_add_epi32(scale_high_half(acc[i], &scale), zero);
    value = _mm512_min_epi32(_mm512_max_epi32(value, lo), hi);
    if (is_whole) _mm_storeu_si128((__m128i *)y, _mm512_cvtepi32_epi8(value));
    else _mm512_mask_cvtepi32_storeu_epi8(y, lanes, value);
  }
}

#include "int8_sparse_body.h"
#endif
