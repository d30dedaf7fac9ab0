#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_panel_avx512vnni.h"

// Four pixels by four vectors of 16 channels in registers, 8 loads to 16 vpdpbusd. Weights packed
// [step][channel][4] as s8.

#define INLINE SWL_INLINE ISA

INLINE bool stores_wide(const swl_conv_args *a) { return a->stores_s32 || !a->requantization.high_half; }

/// Stores `count` windows, whatever their multipliers. Out of line, for where time goes it is not called.
COLD void store_any(const __m512i *acc, const swl_conv_args *a, ptrdiff_t first, ptrdiff_t count) {
  uint8_t *y = (uint8_t *)a->y + first * a->y_stride;
  for (ptrdiff_t i = 0; i < count; i++, y += a->y_stride, acc += a->vectors)
    store_channels(acc, &a->requantization, 0, a->channels, a->stores_s32, y);
}

/// Stores up to G windows of V vectors, as many as there are from `first` on.
INLINE void store(
    const int G, const int V, const __m512i *acc, const panel_end *e, const swl_conv_args *a, ptrdiff_t first) {
  const ptrdiff_t count = a->window_count - first < G ? a->window_count - first : G;
  if (stores_wide(a)) {
    // Only copies leave by address, so that the accumulators stay in registers.
    __m512i copy[16];
    UNROLL for (int i = 0; i < G * V; i++) copy[i] = acc[i];
    store_any(copy, a, first, count);
    return;
  }
  const int N = windows_per_store(V);
  uint8_t *y = (uint8_t *)a->y + first * a->y_stride;
  UNROLL for (int g = 0; g < G; g += N, y += N * a->y_stride) {
    __m512i x[4];
    UNROLL for (int i = 0; i < N * V; i++) x[i] = scaled(acc[g * V + i], &e->scale[i % V]);
    if (g < count) store_scaled(V, x, e, y, a->y_stride, count - g);
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
INLINE void one_pixel(const int V, const int S, const swl_conv_args *a, ptrdiff_t window) {
  const uint8_t *pixel = a->x + a->pixels[window];
  const __m512i *w = a->weights;
  __m512i part[8], acc[4];
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
  store_any(acc, a, window, 1);
}

/// The largest accumulators of G windows of Q pixels each, from `first` on; past the last window it stands in.
INLINE void largest(
    const int G, const int Q, const int V, const swl_conv_args *a, ptrdiff_t first, __m512i *best) {
  __m512i acc[16];
  const uint8_t *pixel[16];
  UNROLL for (int p = 0; p < G * Q; p++) {
    const ptrdiff_t window = first + p / Q < a->window_count ? first + p / Q : a->window_count - 1;
    pixel[p] = a->x + a->pixels[window * Q + p % Q];
  }
  accumulate(G * Q, V, a, pixel, acc);
  UNROLL for (int i = 0; i < G * V; i++) {
    best[i] = acc[i / V * Q * V + i % V];
    UNROLL for (int p = 1; p < Q; p++) best[i] = _mm512_max_epi32(best[i], acc[(i / V * Q + p) * V + i % V]);
  }
}

/// All windows of one pixel each, P at a time.
INLINE void single_windows(const int P, const int V, const int S, const swl_conv_args *a) {
  ptrdiff_t first = 0;
  if (a->window_count > 1) {
    const panel_end e = make_panel_end(V, a);
    for (; first < a->window_count - 1; first += P) {
      __m512i acc[16];
      largest(P, 1, V, a, first, acc);
      store(P, V, acc, &e, a, first);
    }
  }
  if (first < a->window_count) one_pixel(V, S, a, first);
}

/// All windows of four pixels each, B times G at a time, requantized after the next ones' sums, so that neither waits
/// for the other.
INLINE void quad_windows(const int B, const int G, const int V, const swl_conv_args *a) {
  const panel_end e = make_panel_end(V, a);
  __m512i last[4], best[4];
  for (ptrdiff_t first = 0;; first += B * G) {
    if (first < a->window_count) {
      UNROLL for (int b = 0; b < B; b++) {
        largest(G, 4, V, a, first + b * G, best + b * G * V);
        UNROLL for (int i = 0; i < G * V; i++) HERE(best[b * G * V + i]);
      }
    }
    if (first > 0) store(B * G, V, last, &e, a, first - B * G);
    if (first >= a->window_count) return;
    UNROLL for (int i = 0; i < B * G * V; i++) last[i] = best[i];
  }
}

/// Windows of any number of pixels, P at a time; a short last group repeats the window's last pixel.
INLINE void large_windows(const int P, const int V, const swl_conv_args *a) {
  const ptrdiff_t pixels = a->window_pixels;
  for (ptrdiff_t window = 0; window < a->window_count; window++) {
    const int32_t *offsets = a->pixels + window * pixels;
    __m512i best[4], copy[4];
    UNROLL for (int v = 0; v < V; v++) best[v] = _mm512_set1_epi32(INT32_MIN);
    for (ptrdiff_t first = 0; first < pixels; first += P) {
      const uint8_t *pixel[4];
      __m512i acc[16];
      UNROLL for (int p = 0; p < P; p++) pixel[p] = a->x + offsets[first + p < pixels ? first + p : pixels - 1];
      accumulate(P, V, a, pixel, acc);
      UNROLL for (int p = 0; p < P; p++) {
        UNROLL for (int v = 0; v < V; v++) best[v] = _mm512_max_epi32(best[v], acc[p * V + v]);
      }
    }
    UNROLL for (int v = 0; v < V; v++) copy[v] = best[v];
    store_any(copy, a, window, 1);
  }
}

INLINE bool is_short(const swl_conv_args *a, ptrdiff_t most) {
  return a->step_count > 0 && a->step_count <= most && !stores_wide(a);
}

/// Windows of Q pixels and at most T steps, so few that the weights stay in registers. A group of windows is requantized
/// beside the next one's sums.
INLINE void short_windows(const int Q, const int V, const int T, const swl_conv_args *a) {
  if (a->window_count < 1) return;
  const panel_end e = make_panel_end(V, a);
  const int G = windows_per_store(V);
  int steps = (int)a->step_count;
  __m512i weight[16], bias[4], last[4];
  const uint8_t *base[16];
  UNROLL for (int v = 0; v < V; v++) bias[v] = _mm512_loadu_si512(a->requantization.bias + 16 * v);
  UNROLL for (int t = 0; t < T; t++) {
    const int known = t < steps ? t : 0;
    base[t] = a->x + a->steps[known];
    UNROLL for (int v = 0; v < V; v++)
      weight[t * V + v] = _mm512_load_si512((const __m512i *)a->weights + known * V + v);
  }
  UNROLL for (int i = 0; i < 4; i++) last[i] = bias[0];
  for (ptrdiff_t first = 0;; first += G) {
    __m512i best[4], x[4];
    // A window of four pixels at a time, or all windows of one.
    const int B = Q == 1 ? G : 1;
    UNROLL for (int g = 0; g < G; g += B) {
      __m512i acc[8];
      ptrdiff_t pixel[4];
      UNROLL for (int p = 0; p < B * Q; p++) {
        const ptrdiff_t window = first + g + p / Q < a->window_count ? first + g + p / Q : a->window_count - 1;
        pixel[p] = a->pixels[window * Q + p % Q];
        UNROLL for (int v = 0; v < V; v++) acc[p * V + v] = bias[v];
      }
      UNROLL for (int t = 0; t < T; t++) {
        // Not known to be the same for all windows, or each number of steps would get a loop of its own.
        KEEP(steps);
        if (t < steps) {
          UNROLL for (int p = 0; p < B * Q; p++) {
            const __m512i bytes = broadcast4(base[t] + pixel[p]);
            UNROLL for (int v = 0; v < V; v++)
              acc[p * V + v] = _mm512_dpbusd_epi32(acc[p * V + v], bytes, weight[t * V + v]);
          }
        }
      }
      UNROLL for (int i = 0; i < B * V; i++) {
        __m512i *most = best + g * V + i;
        *most = acc[i / V * Q * V + i % V];
        UNROLL for (int p = 1; p < Q; p++) *most = _mm512_max_epi32(*most, acc[(i / V * Q + p) * V + i % V]);
        HERE(*most);
        x[g * V + i] = scaled(last[g * V + i], &e.scale[i % V]);
      }
    }
    if (first > 0)
      store_scaled(
          V, x, &e, (uint8_t *)a->y + (first - G) * a->y_stride, a->y_stride, a->window_count - (first - G));
    if (first >= a->window_count) return;
    UNROLL for (int i = 0; i < 4; i++) last[i] = best[i];
  }
}

ISA void swl_conv_u8s8__avx512vnni(const swl_conv_args *a) {
  const ptrdiff_t pixels = a->window_pixels;
  switch (a->vectors) {
    case 1:
      if (pixels == 1 && is_short(a, 9)) short_windows(1, 1, 9, a);
      else if (pixels == 4 && is_short(a, 4)) short_windows(4, 1, 4, a);
      else if (pixels == 1) single_windows(8, 1, 8, a);
      else if (pixels == 4) quad_windows(2, 2, 1, a);
      else large_windows(4, 1, a);
      break;
    case 2:
      if (pixels == 1 && is_short(a, 4)) short_windows(1, 2, 4, a);
      else if (pixels == 1) single_windows(4, 2, 4, a);
      else if (pixels == 4 && is_short(a, 4)) short_windows(4, 2, 4, a);
      else if (pixels == 4) quad_windows(1, 2, 2, a);
      else large_windows(2, 2, a);
      break;
    case 3:
      if (pixels == 1) single_windows(4, 3, 2, a);
      else if (pixels == 4) quad_windows(1, 1, 3, a);
      else large_windows(2, 3, a);
      break;
    default:
      if (pixels == 1 && is_short(a, 4)) short_windows(1, 4, 4, a);
      else if (pixels == 1) single_windows(4, 4, 2, a);
      else if (pixels == 4) quad_windows(1, 1, 4, a);
      else large_windows(2, 4, a);
      break;
  }
}
#endif
