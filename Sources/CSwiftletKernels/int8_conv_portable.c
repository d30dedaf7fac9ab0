#include "int8_common.h"
#include "int8_vectors_portable.h"

SWL_PORTABLE_BEGIN

// C vectors of four channels, for any CPU. A step's four input bytes are broadcast once and split into the pairs
// (0, 2) and (1, 3); weights are packed [step][pair][channel][2] as s16.

/// Accumulates P pixels by V vectors of 4 channels.
SWL_INLINE void accumulate(
    const int P, const int V, const swl_conv_args *a, const uint8_t *const *pixel, int32x4 *acc) {
  const int16x8 *w = a->weights;
  UNROLL for (int v = 0; v < V; v++) {
    int32x4 bias;
    __builtin_memcpy(&bias, a->requantization.bias + 4 * v, sizeof bias);
    UNROLL for (int p = 0; p < P; p++) acc[p * V + v] = bias;
  }
  for (ptrdiff_t t = 0; t < a->step_count; t++, w += 2 * V) {
    const ptrdiff_t step = a->steps[t];
    UNROLL for (int p = 0; p < P; p++) {
      const uint8_t *x = pixel[p] + step;
      const int32_t even = x[0] | x[2] << 16, odd = x[1] | x[3] << 16;
      const int16x8 x0 = (int16x8)(int32x4){even, even, even, even};
      const int16x8 x1 = (int16x8)(int32x4){odd, odd, odd, odd};
      UNROLL for (int v = 0; v < V; v++)
        acc[p * V + v] += pair_products(x0, w[v]) + pair_products(x1, w[V + v]);
    }
  }
}

/// All windows, P pixels at a time; a short last group repeats the window's last pixel.
SWL_INLINE void windows(const int P, const int V, const swl_conv_args *a) {
  const ptrdiff_t pixels = a->window_pixels;
  for (ptrdiff_t window = 0; window < a->window_count; window++) {
    const int32_t *offsets = a->pixels + window * pixels;
    int32x4 best[2];
    for (int v = 0; v < V; v++) best[v] = (int32x4){INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN};
    for (ptrdiff_t first = 0; first < pixels; first += P) {
      const uint8_t *pixel[4];
      int32x4 acc[8];
      UNROLL for (int p = 0; p < P; p++) pixel[p] = a->x + offsets[first + p < pixels ? first + p : pixels - 1];
      accumulate(P, V, a, pixel, acc);
      UNROLL for (int i = 0; i < P * V; i++) best[i % V] = largest(best[i % V], acc[i]);
    }
    int32_t lanes[8];
    __builtin_memcpy(lanes, best, sizeof best);
    uint8_t *y = (uint8_t *)a->y + window * a->y_stride;
    swl_store_channels(lanes, 0, a->channels, &a->requantization, a->stores_s32, y);
  }
}

SWL_INLINE void panel(const int V, const swl_conv_args *a) {
  if (a->window_pixels == 1) windows(1, V, a);
  else windows(4, V, a);
}

void swl_conv_u8s8__portable(const swl_conv_args *args) {
  if (args->vectors == 1) panel(1, args);
  else panel(2, args);
}

SWL_PORTABLE_END
