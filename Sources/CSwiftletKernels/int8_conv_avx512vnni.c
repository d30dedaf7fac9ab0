#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_store_avx512vnni.h"

// Four pixels by four vectors of 16 channels in registers, 8 loads to 16 vpdpbusd. Weights packed
// [step][channel][4] as s8.

#define INLINE SWL_INLINE ISA
#define OUTLINED static __attribute__((noinline)) ISA

INLINE bool stores_wide(const swl_conv_args *a) { return a->stores_s32 || !a->requantization.high_half; }

/// Stores `count` windows of V vectors each. Out of line, for inlined everywhere it would be most of the kernel.
OUTLINED void store(const __m512i *acc, const swl_conv_args *a, ptrdiff_t first, ptrdiff_t count) {
  uint8_t *y = (uint8_t *)a->y + first * a->y_stride;
  const bool is_wide = stores_wide(a);
  for (ptrdiff_t i = 0; i < count; i++, y += a->y_stride, acc += a->vectors) {
    const swl_requantization *q = &a->requantization;
    if (is_wide) store_wide(acc, q, 0, a->channels, a->stores_s32, y);
    else if (a->vectors == 1) store_high_half(1, acc, q, 0, a->channels, y);
    else if (a->vectors == 2) store_high_half(2, acc, q, 0, a->channels, y);
    else if (a->vectors == 3) store_high_half(3, acc, q, 0, a->channels, y);
    else store_high_half(4, acc, q, 0, a->channels, y);
  }
}

/// Accumulates P pixels by V vectors of 16 channels into registers.
INLINE void accumulate(const int P, const int V, const swl_conv_args *a, const uint8_t *const *pixel, __m512i *acc) {
  const __m512i *w = a->weights;
  const int32_t *steps = a->steps;
  UNROLL for (int v = 0; v < V; v++) {
    const __m512i bias = _mm512_loadu_si512(a->requantization.bias + 16 * v);
    UNROLL for (int p = 0; p < P; p++) acc[p * V + v] = bias;
  }
  for (const int32_t *end = steps + a->step_count; steps != end; steps++, w += V) {
    const ptrdiff_t step = *steps;
    __m512i weight[4];
    UNROLL for (int v = 0; v < V; v++) weight[v] = _mm512_load_si512(w + v);
    UNROLL for (int p = 0; p < P; p++) {
      const __m512i bytes = broadcast4(pixel[p] + step);
      UNROLL for (int v = 0; v < V; v++)
        acc[p * V + v] = _mm512_dpbusd_epi32(acc[p * V + v], bytes, weight[v]);
    }
  }
}

/// One pixel: the steps are split over S accumulators per vector, for one chain would wait on itself.
INLINE void accumulate_one(const int V, const int S, const swl_conv_args *a, const uint8_t *pixel, __m512i *acc) {
  const __m512i *w = a->weights;
  __m512i part[8];
  UNROLL for (int i = 0; i < V * S; i++)
    part[i] = i < V ? _mm512_loadu_si512(a->requantization.bias + 16 * i) : _mm512_setzero_si512();
  ptrdiff_t t = 0;
  for (; t + S <= a->step_count; t += S, w += V * S) {
    UNROLL for (int s = 0; s < S; s++) {
      const __m512i bytes = broadcast4(pixel + a->steps[t + s]);
      UNROLL for (int v = 0; v < V; v++)
        part[s * V + v] = _mm512_dpbusd_epi32(part[s * V + v], bytes, _mm512_load_si512(w + s * V + v));
    }
  }
  for (; t < a->step_count; t++, w += V) {
    const __m512i bytes = broadcast4(pixel + a->steps[t]);
    UNROLL for (int v = 0; v < V; v++)
      part[v] = _mm512_dpbusd_epi32(part[v], bytes, _mm512_load_si512(w + v));
  }
  UNROLL for (int v = 0; v < V; v++) {
    acc[v] = part[v];
    UNROLL for (int s = 1; s < S; s++) acc[v] = _mm512_add_epi32(acc[v], part[s * V + v]);
  }
}

/// All windows of Q pixels each, P at a time; the last block repeats windows rather than read past the table.
INLINE void windows(const int P, const int Q, const int V, const int S, const swl_conv_args *a) {
  const ptrdiff_t count = a->window_count;
  const bool is_wide = stores_wide(a);
  for (ptrdiff_t first = 0; first < count; first += P / Q) {
    // Only copies leave by address, so that the accumulators stay in registers.
    __m512i acc[16], last[4], out[16];
    if (Q == 1 && first + 1 == count) {
      accumulate_one(V, S, a, a->x + a->pixels[first], last);
      store(last, a, first, 1);
      return;
    }
    const uint8_t *pixel[16];
    UNROLL for (int p = 0; p < P; p++) {
      const ptrdiff_t window = first + p / Q < count ? first + p / Q : count - 1;
      pixel[p] = a->x + a->pixels[window * Q + p % Q];
    }
    accumulate(P, V, a, pixel, acc);
    UNROLL for (int i = 0; i < P / Q; i++) {
      __m512i *best = acc + i * Q * V;
      UNROLL for (int p = 1; p < Q; p++) {
        UNROLL for (int v = 0; v < V; v++) best[v] = _mm512_max_epi32(best[v], best[p * V + v]);
      }
      UNROLL for (int v = 0; v < V; v++) out[i * V + v] = best[v];
    }
    const ptrdiff_t stored = count - first < P / Q ? count - first : P / Q;
    if (Q == 1 || is_wide) {
      store(out, a, first, stored);
    } else {
      uint8_t *y = (uint8_t *)a->y + first * a->y_stride;
      UNROLL for (int i = 0; i < P / Q; i++, y += a->y_stride)
        if (i < stored) store_high_half(V, out + i * V, &a->requantization, 0, a->channels, y);
    }
  }
}

/// Windows of any number of pixels, four at a time; a short last group repeats the window's last pixel.
INLINE void large_windows(const int V, const swl_conv_args *a) {
  const ptrdiff_t pixels = a->window_pixels;
  for (ptrdiff_t window = 0; window < a->window_count; window++) {
    const int32_t *offsets = a->pixels + window * pixels;
    __m512i best[4];
    UNROLL for (int v = 0; v < V; v++) best[v] = _mm512_set1_epi32(INT32_MIN);
    for (ptrdiff_t first = 0; first < pixels; first += 4) {
      const uint8_t *pixel[4];
      __m512i acc[16];
      UNROLL for (int p = 0; p < 4; p++) pixel[p] = a->x + offsets[first + p < pixels ? first + p : pixels - 1];
      accumulate(4, V, a, pixel, acc);
      UNROLL for (int p = 0; p < 4; p++) {
        UNROLL for (int v = 0; v < V; v++) best[v] = _mm512_max_epi32(best[v], acc[p * V + v]);
      }
    }
    store(best, a, window, 1);
  }
}

INLINE void panel(const int P, const int V, const int S, const swl_conv_args *a) {
  switch (a->window_pixels) {
    case 1: windows(P, 1, V, S, a); break;
    case 2: windows(P, 2, V, S, a); break;
    case 4: windows(P, 4, V, S, a); break;
    default: large_windows(V, a); break;
  }
}

ISA void swl_conv_u8s8__avx512vnni(const swl_conv_args *args) {
  switch (args->vectors) {
    case 1: panel(8, 1, 8, args); break;
    case 2: panel(8, 2, 4, args); break;
    case 3: panel(4, 3, 2, args); break;
    default: panel(4, 4, 2, args); break;
  }
}
#endif
