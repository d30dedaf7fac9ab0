#include "int8_common.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define ISA __attribute__((target("avx2")))
#define INLINE SWL_INLINE ISA
#define OUTLINED static __attribute__((noinline)) ISA

// Exact for any weights: bytes are widened to 16 bits and vpmaddwd sums pairs into 32. A step's four
// input bytes are broadcast once and split by mask and shift into the pairs (0, 2) and (1, 3), so the
// weights are packed [step][pair][channel][2] as s16.

/// The upper halves of acc * mantissa, rounded and shifted: exact for shifts of 33 and above.
INLINE __m256i scale_high_half(__m256i acc, const swl_requantization *q, ptrdiff_t channel) {
  const __m256i mantissa = _mm256_loadu_si256((const __m256i *)(q->mantissa + channel));
  const __m256i all = _mm256_loadu_si256((const __m256i *)(q->shift + channel));
  const __m256i shift = _mm256_sub_epi32(all, _mm256_set1_epi32(32));
  const __m256i rounding = _mm256_sllv_epi32(_mm256_set1_epi32(1), _mm256_sub_epi32(shift, _mm256_set1_epi32(1)));
  const __m256i even = _mm256_srli_epi64(_mm256_mul_epi32(acc, mantissa), 32);
  const __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(acc, 32), _mm256_srli_epi64(mantissa, 32));
  const __m256i high = _mm256_blend_epi32(even, odd, 0xAA);
  return _mm256_srav_epi32(_mm256_add_epi32(high, rounding), shift);
}

OUTLINED void store_wide(const __m256i *acc, const swl_conv_args *a, uint8_t *y) {
  int32_t lanes[16];
  __builtin_memcpy(lanes, acc, (size_t)a->vectors * sizeof *acc);
  swl_store_channels(lanes, 0, a->channels, &a->requantization, a->stores_s32, y);
}

INLINE void store_high_half(const int V, const __m256i *acc, const swl_conv_args *a, uint8_t *y) {
  const swl_requantization *q = &a->requantization;
  const __m256i first = scale_high_half(acc[0], q, 0);
  const __m256i second = V > 1 ? scale_high_half(acc[1], q, 8) : first;
  // Saturating at 16 bits before adding the zero point (0...255) changes no clamped result.
  const __m256i zero = _mm256_set1_epi16((int16_t)q->zero_point);
  const __m256i words = _mm256_adds_epi16(_mm256_packs_epi32(first, second), zero);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  const __m256i sorted = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(words, words), order);
  __m128i bytes = _mm256_castsi256_si128(sorted);
  bytes = _mm_max_epu8(bytes, _mm_set1_epi8((char)q->lo));
  bytes = _mm_min_epu8(bytes, _mm_set1_epi8((char)q->hi));
  if (a->channels == 16) {
    _mm_storeu_si128((__m128i *)y, bytes);
  } else if (a->channels == 8) {
    _mm_storel_epi64((__m128i *)y, bytes);
  } else {
    uint8_t lanes[16];
    _mm_storeu_si128((__m128i *)lanes, bytes);
    __builtin_memcpy(y, lanes, (size_t)a->channels);
  }
}

INLINE bool stores_wide(const swl_conv_args *a) { return a->stores_s32 || !a->requantization.high_half; }

/// Stores `count` windows of V vectors each. Out of line, for inlined everywhere it would be most of the kernel.
OUTLINED void store(const __m256i *acc, const swl_conv_args *a, ptrdiff_t first, ptrdiff_t count) {
  uint8_t *y = (uint8_t *)a->y + first * a->y_stride;
  const bool is_wide = stores_wide(a);
  for (ptrdiff_t i = 0; i < count; i++, y += a->y_stride, acc += a->vectors) {
    if (is_wide) store_wide(acc, a, y);
    else if (a->vectors == 1) store_high_half(1, acc, a, y);
    else store_high_half(2, acc, a, y);
  }
}

/// Accumulates P pixels by V vectors of 8 channels into registers.
INLINE void accumulate(const int P, const int V, const swl_conv_args *a, const uint8_t *const *pixel, __m256i *acc) {
  const __m256i *w = a->weights;
  const int32_t *steps = a->steps;
  const __m256i low = _mm256_set1_epi32(0x00FF00FF);
  UNROLL for (int v = 0; v < V; v++) {
    const __m256i bias = _mm256_loadu_si256((const __m256i *)(a->requantization.bias + 8 * v));
    UNROLL for (int p = 0; p < P; p++) acc[p * V + v] = bias;
  }
  for (const int32_t *end = steps + a->step_count; steps != end; steps++, w += 2 * V) {
    const ptrdiff_t step = *steps;
    __m256i even[2], odd[2];
    UNROLL for (int v = 0; v < V; v++) {
      even[v] = _mm256_load_si256(w + v);
      odd[v] = _mm256_load_si256(w + V + v);
    }
    UNROLL for (int p = 0; p < P; p++) {
      int32_t four;
      __builtin_memcpy(&four, pixel[p] + step, 4);
      const __m256i bytes = _mm256_set1_epi32(four);
      const __m256i x0 = _mm256_and_si256(bytes, low);
      const __m256i x1 = _mm256_srli_epi16(bytes, 8);
      UNROLL for (int v = 0; v < V; v++) {
        const __m256i pair0 = _mm256_madd_epi16(x0, even[v]);
        const __m256i pair1 = _mm256_madd_epi16(x1, odd[v]);
        acc[p * V + v] = _mm256_add_epi32(acc[p * V + v], _mm256_add_epi32(pair0, pair1));
      }
    }
  }
}

/// All windows of Q pixels each, P pixels at a time; the last block repeats windows rather than read past the table.
INLINE void windows(const int P, const int Q, const int V, const swl_conv_args *a) {
  const ptrdiff_t count = a->window_count;
  const bool is_wide = stores_wide(a);
  for (ptrdiff_t first = 0; first < count; first += P / Q) {
    // Only copies leave by address, so that the accumulators stay in registers.
    __m256i acc[8], out[8];
    if (Q == 1 && first + 1 == count) {
      const uint8_t *pixel = a->x + a->pixels[first];
      accumulate(1, V, a, &pixel, acc);
      UNROLL for (int v = 0; v < V; v++) out[v] = acc[v];
      store(out, a, first, 1);
      return;
    }
    const uint8_t *pixel[8];
    UNROLL for (int p = 0; p < P; p++) {
      const ptrdiff_t window = first + p / Q < count ? first + p / Q : count - 1;
      pixel[p] = a->x + a->pixels[window * Q + p % Q];
    }
    accumulate(P, V, a, pixel, acc);
    UNROLL for (int i = 0; i < P / Q; i++) {
      __m256i *best = acc + i * Q * V;
      UNROLL for (int p = 1; p < Q; p++) {
        UNROLL for (int v = 0; v < V; v++) best[v] = _mm256_max_epi32(best[v], best[p * V + v]);
      }
      UNROLL for (int v = 0; v < V; v++) out[i * V + v] = best[v];
    }
    const ptrdiff_t stored = count - first < P / Q ? count - first : P / Q;
    if (Q == 1 || is_wide) {
      store(out, a, first, stored);
    } else {
      uint8_t *y = (uint8_t *)a->y + first * a->y_stride;
      UNROLL for (int i = 0; i < P / Q; i++, y += a->y_stride)
        if (i < stored) store_high_half(V, out + i * V, a, y);
    }
  }
}

/// Windows of any number of pixels, four at a time; a short last group repeats the window's last pixel.
INLINE void large_windows(const int V, const swl_conv_args *a) {
  const ptrdiff_t pixels = a->window_pixels;
  for (ptrdiff_t window = 0; window < a->window_count; window++) {
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
    store(best, a, window, 1);
  }
}

INLINE void panel(const int P, const int V, const swl_conv_args *a) {
  switch (a->window_pixels) {
    case 1: windows(P, 1, V, a); break;
    case 2: windows(P, 2, V, a); break;
    case 4: windows(P, 4, V, a); break;
    default: large_windows(V, a); break;
  }
}

ISA void swl_conv_u8s8__avx2(const swl_conv_args *args) {
  if (args->vectors == 1) panel(8, 1, args);
  else panel(4, 2, args);
}
#endif
