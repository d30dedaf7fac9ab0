#include "int8_common.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Four pixels by four vectors of 16 channels in registers, 8 loads to 16 vpdpbusd. Weights packed
// [step][channel][4] as s8.

#define ISA __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define INLINE SWL_INLINE ISA
#define OUTLINED static __attribute__((noinline)) ISA

INLINE __m512i broadcast4(const uint8_t *x) {
  int32_t bytes;
  __builtin_memcpy(&bytes, x, 4);
  // Kept apart from its use: an explicit broadcast load beats the memory-broadcast operand.
  return _mm512_set1_epi32(bytes);
}

/// The upper halves of acc * mantissa, rounded and shifted: exact for shifts of 33 and above.
INLINE __m512i scale_high_half(__m512i acc, const swl_requantization *q, ptrdiff_t channel) {
  const __m512i mantissa = _mm512_loadu_si512(q->mantissa + channel);
  const __m512i shift = _mm512_sub_epi32(_mm512_loadu_si512(q->shift + channel), _mm512_set1_epi32(32));
  const __m512i rounding = _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_sub_epi32(shift, _mm512_set1_epi32(1)));
  const __m512i even = _mm512_srli_epi64(_mm512_mul_epi32(acc, mantissa), 32);
  const __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(acc, 32), _mm512_srli_epi64(mantissa, 32));
  const __m512i high = _mm512_mask_blend_epi32(0xAAAA, even, odd);
  return _mm512_srav_epi32(_mm512_add_epi32(high, rounding), shift);
}

/// Any shift: 64-bit throughout, clamped to [lo - zero, hi - zero] so that the result fits.
INLINE __m512i scale_wide(__m512i acc, const swl_requantization *q, ptrdiff_t channel) {
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

INLINE __mmask64 first_lanes(ptrdiff_t count) { return count >= 64 ? ~0ull : (1ull << count) - 1; }

/// Requantizes V vectors of accumulators by the upper halves and stores `channels` of them as u8.
INLINE void store_high_half(const int V, const __m512i *acc, const swl_conv_args *a, uint8_t *y) {
  const swl_requantization *q = &a->requantization;
  __m512i scaled[4];
  UNROLL for (int v = 0; v < 4; v++) scaled[v] = v < V ? scale_high_half(acc[v], q, 16 * v) : scaled[V - 1];
  // Saturating at 16 bits before adding the zero point (0...255) changes no clamped result.
  const __m512i zero = _mm512_set1_epi16((int16_t)q->zero_point);
  const __m512i pair0 = _mm512_adds_epi16(_mm512_packs_epi32(scaled[0], scaled[1]), zero);
  const __m512i pair1 = V > 2 ? _mm512_adds_epi16(_mm512_packs_epi32(scaled[2], scaled[3]), zero) : pair0;
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  __m512i bytes = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(pair0, pair1));
  bytes = _mm512_max_epu8(bytes, _mm512_set1_epi8((char)q->lo));
  bytes = _mm512_min_epu8(bytes, _mm512_set1_epi8((char)q->hi));
  if (a->channels < 16 * V || V == 3) {
    _mm512_mask_storeu_epi8(y, first_lanes(a->channels), bytes);
  } else if (V == 4) {
    _mm512_storeu_si512(y, bytes);
  } else if (V == 2) {
    _mm256_storeu_si256((__m256i *)y, _mm512_castsi512_si256(bytes));
  } else {
    _mm_storeu_si128((__m128i *)y, _mm512_castsi512_si128(bytes));
  }
}

/// Requantizes accumulators with any shift and stores `channels` of them as u8 or s32.
OUTLINED void store_wide(const __m512i *acc, const swl_conv_args *a, uint8_t *y) {
  const swl_requantization *q = &a->requantization;
  for (ptrdiff_t c = 0; c < a->channels; c += 16) {
    const ptrdiff_t rest = a->channels - c;
    const __mmask16 lanes = (__mmask16)(rest >= 16 ? 0xFFFF : (1u << rest) - 1);
    const __m512i value = _mm512_add_epi32(scale_wide(acc[c / 16], q, c), _mm512_set1_epi32(q->zero_point));
    if (a->stores_s32) _mm512_mask_storeu_epi32((int32_t *)y + c, lanes, value);
    else _mm512_mask_cvtepi32_storeu_epi8(y + c, lanes, value);
  }
}

INLINE bool stores_wide(const swl_conv_args *a) { return a->stores_s32 || !a->requantization.high_half; }

/// Stores `count` windows of V vectors each. Out of line, for inlined everywhere it would be most of the kernel.
OUTLINED void store(const __m512i *acc, const swl_conv_args *a, ptrdiff_t first, ptrdiff_t count) {
  uint8_t *y = (uint8_t *)a->y + first * a->y_stride;
  const bool is_wide = stores_wide(a);
  for (ptrdiff_t i = 0; i < count; i++, y += a->y_stride, acc += a->vectors) {
    if (is_wide) store_wide(acc, a, y);
    else if (a->vectors == 1) store_high_half(1, acc, a, y);
    else if (a->vectors == 2) store_high_half(2, acc, a, y);
    else if (a->vectors == 3) store_high_half(3, acc, a, y);
    else store_high_half(4, acc, a, y);
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
        if (i < stored) store_high_half(V, out + i * V, a, y);
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
