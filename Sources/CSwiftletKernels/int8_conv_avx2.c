#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_avx2.h"

// Exact for any weights: the image is widened to 16 bits once (swl_widen_u8s16__avx2), and vpmaddwd sums pairs of
// products into 32. Weights packed [step][channel][2] as s16, a step being two inputs.

OUTLINED void store_wide(const __m256i *acc, const swl_conv_args *a, uint8_t *y) {
  int32_t lanes[16];
  __builtin_memcpy(lanes, acc, sizeof lanes);
  swl_store_channels(lanes, 0, a->channels, &a->requantization, a->stores_s32, y);
}

/// What storing a panel needs, computed once.
typedef struct {
  const swl_conv_args *args;
  __m256i bias[2];
  swl_scale8 scale[2];
  bool is_wide;
} swl_panel_end;

/// Stores V vectors of one window's accumulators, given without the bias.
INLINE void store(const int V, const __m256i *best, const swl_panel_end *e, uint8_t *y) {
  const swl_conv_args *a = e->args;
  const __m256i acc = _mm256_add_epi32(best[0], e->bias[0]);
  const __m256i next = V > 1 ? _mm256_add_epi32(best[1], e->bias[1]) : acc;
  if (e->is_wide) {
    const __m256i both[2] = {acc, next};
    store_wide(both, a, y);
    return;
  }
  const __m256i first = scale_high_half(acc, &e->scale[0]);
  const __m256i second = V > 1 ? scale_high_half(next, &e->scale[1]) : first;
  store_bytes(finish_bytes(first, second, &a->requantization), a->channels, y);
}

/// One step of P pixels by V vectors of 8 channels.
INLINE void add_step(
    const int P, const int V, const uint8_t *const *pixel, ptrdiff_t step, const __m256i *w, __m256i *acc) {
  __m256i weight[2];
  UNROLL for (int v = 0; v < V; v++) weight[v] = _mm256_load_si256(w + v);
  UNROLL for (int p = 0; p < P; p++) {
    int32_t pair;
    __builtin_memcpy(&pair, pixel[p] + step, 4);
    const __m256i x = _mm256_set1_epi32(pair);
    UNROLL for (int v = 0; v < V; v++)
      acc[p * V + v] = _mm256_add_epi32(acc[p * V + v], _mm256_madd_epi16(x, weight[v]));
  }
}

/// Accumulates P pixels by V vectors into registers, without the bias.
INLINE void accumulate(const int P, const int V, const swl_conv_args *a, const uint8_t *const *pixel, __m256i *acc) {
  const __m256i *w = a->weights;
  const int32_t *steps = a->steps, *const end = steps + a->step_count;
  UNROLL for (int i = 0; i < P * V; i++) acc[i] = _mm256_setzero_si256();
  if (a->step_count & 1) {
    add_step(P, V, pixel, *steps, w, acc);
    steps++;
    w += V;
  }
  for (; steps != end; steps += 2, w += 2 * V) {
    add_step(P, V, pixel, steps[0], w, acc);
    add_step(P, V, pixel, steps[1], w + V, acc);
  }
}

/// All windows of Q pixels each, P pixels at a time; the last block repeats windows rather than read past the table.
INLINE void windows(const int P, const int Q, const int V, const swl_conv_args *a, const swl_panel_end *e) {
  const ptrdiff_t count = a->window_count;
  uint8_t *y = a->y;
  for (ptrdiff_t first = 0; first < count; first += P / Q) {
    const uint8_t *pixel[8];
    // Only a copy is indexed by a variable, so that the accumulators stay in registers.
    __m256i acc[12], best[12];
    UNROLL for (int p = 0; p < P; p++) {
      const ptrdiff_t window = first + p / Q < count ? first + p / Q : count - 1;
      pixel[p] = a->x + a->pixels[window * Q + p % Q];
    }
    accumulate(P, V, a, pixel, acc);
    UNROLL for (int i = 0; i < P / Q; i++) {
      UNROLL for (int v = 0; v < V; v++) {
        best[i * V + v] = acc[i * Q * V + v];
        UNROLL for (int p = 1; p < Q; p++)
          best[i * V + v] = _mm256_max_epi32(best[i * V + v], acc[(i * Q + p) * V + v]);
      }
    }
    const ptrdiff_t stored = count - first < P / Q ? count - first : P / Q;
    if (P == Q) {
      store(V, best, e, y);
      y += a->y_stride;
    } else {
      for (ptrdiff_t i = 0; i < stored; i++, y += a->y_stride) store(V, best + i * V, e, y);
    }
  }
}

/// Windows of any number of pixels, four at a time; a short last group repeats the window's last pixel.
INLINE void large_windows(const int V, const swl_conv_args *a, const swl_panel_end *e) {
  const ptrdiff_t pixels = a->window_pixels;
  uint8_t *y = a->y;
  for (ptrdiff_t window = 0; window < a->window_count; window++, y += a->y_stride) {
    const int32_t *offsets = a->pixels + window * pixels;
    __m256i best[2];
    UNROLL for (int v = 0; v < V; v++) best[v] = _mm256_set1_epi32(INT32_MIN);
    for (ptrdiff_t first = 0; first < pixels; first += 4) {
      const uint8_t *pixel[4];
      __m256i acc[8];
      UNROLL for (int p = 0; p < 4; p++) pixel[p] = a->x + offsets[first + p < pixels ? first + p : pixels - 1];
      accumulate(4, V, a, pixel, acc);
      UNROLL for (int p = 0; p < 4; p++) {
        UNROLL for (int v = 0; v < V; v++) best[v] = _mm256_max_epi32(best[v], acc[p * V + v]);
      }
    }
    store(V, best, e, y);
  }
}

/// P pixels at a time where windows are one pixel, R where they are four.
INLINE void panel(const int P, const int R, const int V, const swl_conv_args *a) {
  swl_panel_end end = {.args = a, .is_wide = stores_wide(&a->requantization, a->stores_s32)};
  for (int v = 0; v < V; v++) {
    end.bias[v] = _mm256_loadu_si256((const __m256i *)(a->requantization.bias + 8 * v));
    end.scale[v] = load_scale(&a->requantization, 8 * v);
  }
  switch (a->window_pixels) {
    case 1: windows(P, 1, V, a, &end); break;
    case 4: windows(R, 4, V, a, &end); break;
    default: large_windows(V, a, &end); break;
  }
}

ISA void swl_conv_u8s8__avx2(const swl_conv_args *args) {
  if (args->vectors == 1) panel(8, 8, 1, args);
  else panel(6, 4, 2, args);
}

ISA void swl_widen_u8s16__avx2(
    const uint8_t *x, ptrdiff_t height, ptrdiff_t row_bytes, int16_t *y, ptrdiff_t top, ptrdiff_t left_bytes,
    ptrdiff_t bottom, ptrdiff_t right_bytes, uint8_t fill) {
  const ptrdiff_t full = left_bytes + row_bytes + right_bytes;
  if (full == row_bytes) {
    row_bytes *= height;
    height = 1;
  }
  for (ptrdiff_t i = 0; i < top * full; i++) *y++ = fill;
  for (ptrdiff_t r = 0; r < height; r++, x += row_bytes) {
    for (ptrdiff_t i = 0; i < left_bytes; i++) *y++ = fill;
    for (ptrdiff_t i = 0; i < row_bytes; i++) y[i] = x[i];
    y += row_bytes;
    for (ptrdiff_t i = 0; i < right_bytes; i++) *y++ = fill;
  }
  for (ptrdiff_t i = 0; i < bottom * full; i++) *y++ = fill;
}
#endif
