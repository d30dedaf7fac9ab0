#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_avx2.h"

// Dense layers, and convolutions whose window covers the image. Weights stay bytes, for reading them is what a single
// image waits for: s8, [step][channel][4], in panels of at most 4 vectors of 8 channels.
//
// vpmaddubsw multiplies u8 by s8 and sums pairs into 16 bits, saturating. Activations are split into nibbles,
// x = 16 * high + low, so that a pair is at most 2 * 15 * 127 = 3810 and the sums of 8 steps fit 16 bits whatever the
// weights, of `split_steps` by these weights. Where the sums of two or more steps fit without the split, it is left out.

enum { PANEL = 4 };

OUTLINED void store_wide(const __m256i *acc, const swl_conv_args *a, uint8_t *y) {
  int32_t lanes[8 * PANEL];
  __builtin_memcpy(lanes, acc, (size_t)a->vectors * sizeof *acc);
  swl_store_channels(lanes, 0, a->channels, &a->requantization, a->stores_s32, y);
}

/// Stores V vectors of one image's accumulators.
INLINE void store(const int V, const __m256i *acc, const swl_conv_args *a, uint8_t *y) {
  const swl_requantization *q = &a->requantization;
  if (stores_wide(q, a->stores_s32)) {
    store_wide(acc, a, y);
    return;
  }
  for (int v = 0; v < V; v += 2) {
    const swl_scale8 scale = load_scale(q, 8 * v);
    const __m256i first = scale_high_half(acc[v], &scale);
    __m256i second = first;
    if (v + 1 < V) {
      const swl_scale8 next = load_scale(q, 8 * v + 8);
      second = scale_high_half(acc[v + 1], &next);
    }
    const ptrdiff_t rest = a->channels - 8 * v;
    store_bytes(finish_bytes(first, second, q), rest < 16 ? rest : 16, y + 8 * v);
  }
}

INLINE __m256i broadcast_step(const uint8_t *x) {
  int32_t four;
  __builtin_memcpy(&four, x, 4);
  return _mm256_set1_epi32(four);
}

/// One image by V vectors, activations split into nibbles.
INLINE void split_image(const int V, const swl_conv_args *a, const uint8_t *x, __m256i *acc) {
  const __m256i *w = a->weights;
  const int32_t *steps = a->steps, *const end = steps + a->step_count;
  const __m256i nibble = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1), sixteens = _mm256_set1_epi16(16);
  UNROLL for (int v = 0; v < V; v++)
    acc[v] = _mm256_loadu_si256((const __m256i *)(a->requantization.bias + 8 * v));
  while (steps != end) {
    const int32_t *const stop = end - steps < a->split_steps ? end : steps + a->split_steps;
    __m256i high[PANEL], low[PANEL];
    UNROLL for (int v = 0; v < V; v++) high[v] = low[v] = _mm256_setzero_si256();
    for (; steps != stop; steps++, w += V) {
      const __m256i bytes = broadcast_step(x + *steps);
      const __m256i x1 = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
      const __m256i x0 = _mm256_and_si256(bytes, nibble);
      UNROLL for (int v = 0; v < V; v++) {
        const __m256i weight = _mm256_load_si256(w + v);
        high[v] = _mm256_add_epi16(high[v], _mm256_maddubs_epi16(x1, weight));
        low[v] = _mm256_add_epi16(low[v], _mm256_maddubs_epi16(x0, weight));
      }
    }
    UNROLL for (int v = 0; v < V; v++) {
      acc[v] = _mm256_add_epi32(acc[v], _mm256_madd_epi16(high[v], sixteens));
      acc[v] = _mm256_add_epi32(acc[v], _mm256_madd_epi16(low[v], ones));
    }
  }
}

/// One image by V vectors, activations whole.
INLINE void whole_image(const int V, const swl_conv_args *a, const uint8_t *x, __m256i *acc) {
  const __m256i *w = a->weights;
  const int32_t *steps = a->steps, *const end = steps + a->step_count;
  const __m256i ones = _mm256_set1_epi16(1);
  UNROLL for (int v = 0; v < V; v++)
    acc[v] = _mm256_loadu_si256((const __m256i *)(a->requantization.bias + 8 * v));
  while (steps != end) {
    const int32_t *const stop = end - steps < a->whole_steps ? end : steps + a->whole_steps;
    __m256i sum[PANEL];
    UNROLL for (int v = 0; v < V; v++) sum[v] = _mm256_setzero_si256();
    for (; steps != stop; steps++, w += V) {
      const __m256i bytes = broadcast_step(x + *steps);
      UNROLL for (int v = 0; v < V; v++)
        sum[v] = _mm256_add_epi16(sum[v], _mm256_maddubs_epi16(bytes, _mm256_load_si256(w + v)));
    }
    UNROLL for (int v = 0; v < V; v++)
      acc[v] = _mm256_add_epi32(acc[v], _mm256_madd_epi16(sum[v], ones));
  }
}

/// Image by image; the panel's weights stay in the second-level cache meanwhile.
INLINE void panel(const int V, const swl_conv_args *a) {
  uint8_t *y = a->y;
  for (ptrdiff_t i = 0; i < a->window_count; i++, y += a->y_stride) {
    __m256i acc[PANEL];
    if (a->whole_steps > 1) whole_image(V, a, a->x + a->pixels[i], acc);
    else split_image(V, a, a->x + a->pixels[i], acc);
    store(V, acc, a, y);
  }
}

ISA void swl_dense_u8s8__avx2(const swl_conv_args *args) {
  switch (args->vectors) {
    case 4: panel(4, args); break;
    case 3: panel(3, args); break;
    case 2: panel(2, args); break;
    default: panel(1, args); break;
  }
}
#endif
