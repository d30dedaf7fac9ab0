#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_store_avx512vnni.h"

// Up to four output channels, which would leave most lanes of a vector of channels empty: the lanes take 64 neighbouring
// input bytes instead, and four windows are computed at a time. Weights packed [step][2 or 4 channels][64] as s8, zeros
// past the end of a run of inputs.

#define INLINE SWL_INLINE ISA

/// Sums of four lanes of x[i * step], four for each, side by side.
INLINE __m512i quarter_sums(const __m512i *x) {
  const __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(x[0], x[1]), _mm512_unpackhi_epi32(x[0], x[1]));
  const __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(x[2], x[3]), _mm512_unpackhi_epi32(x[2], x[3]));
  return _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
}

/// The sums of four pixels by C channels, 2 or 4, without the bias: [channel][pixel].
INLINE __m512i sums(const int C, const swl_conv_args *a, const uint8_t *const *pixel) {
  const __m512i *w = a->weights;
  __m512i acc[16], part[4];
  UNROLL for (int i = 0; i < 4 * C; i++) acc[i] = _mm512_setzero_si512();
  for (const int32_t *step = a->steps, *end = step + a->step_count; step != end; step++, w += C) {
    __m512i weight[4];
    UNROLL for (int c = 0; c < C; c++) weight[c] = _mm512_load_si512(w + c);
    UNROLL for (int p = 0; p < 4; p++) {
      const __m512i bytes = _mm512_loadu_si512(pixel[p] + *step);
      UNROLL for (int c = 0; c < C; c++) acc[4 * c + p] = _mm512_dpbusd_epi32(acc[4 * c + p], bytes, weight[c]);
    }
  }
  UNROLL for (int c = 0; c < 4; c++) part[c] = c < C ? quarter_sums(acc + 4 * c) : part[0];
  const __m512i low = _mm512_add_epi32(
      _mm512_shuffle_i32x4(part[0], part[1], 0x44), _mm512_shuffle_i32x4(part[0], part[1], 0xEE));
  const __m512i high = C == 2 ? low : _mm512_add_epi32(
      _mm512_shuffle_i32x4(part[2], part[3], 0x44), _mm512_shuffle_i32x4(part[2], part[3], 0xEE));
  return _mm512_add_epi32(_mm512_shuffle_i32x4(low, high, 0x88), _mm512_shuffle_i32x4(low, high, 0xDD));
}

/// Stores what `sums` gave for `count` windows, whatever their multipliers.
COLD void store_any(__m512i sums, const swl_conv_args *a, uint8_t *y, ptrdiff_t count) {
  int32_t acc[16];
  _mm512_storeu_si512(acc, sums);
  for (ptrdiff_t i = 0; i < count; i++, y += a->y_stride)
    for (ptrdiff_t c = 0; c < a->channels; c++)
      swl_store_channels(acc + 4 * c + i, c, 1, &a->requantization, a->stores_s32, y);
}

// Out of line, so that the rest is there once.
static __attribute__((noinline)) ISA __m512i sums2(const swl_conv_args *a, const uint8_t *const *pixel) {
  return sums(2, a, pixel);
}
static __attribute__((noinline)) ISA __m512i sums4(const swl_conv_args *a, const uint8_t *const *pixel) {
  return sums(4, a, pixel);
}

ISA void swl_few_u8s8__avx512vnni(const swl_conv_args *a) {
  const swl_requantization *q = &a->requantization;
  const ptrdiff_t pixels = a->window_pixels;
  const __m512i each = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
  const __m512i bias = _mm512_permutexvar_epi32(each, _mm512_loadu_si512(q->bias));
  const swl_scale16 scale = make_scale(
      _mm512_permutexvar_epi32(each, _mm512_loadu_si512(q->mantissa)),
      _mm512_permutexvar_epi32(each, _mm512_loadu_si512(q->shift)));
  const __m512i zero = _mm512_set1_epi32(q->zero_point), lo = _mm512_set1_epi32(q->lo), hi = _mm512_set1_epi32(q->hi);
  const __m128i turned = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __mmask16 stored = (__mmask16)((1u << a->channels) - 1);
  for (ptrdiff_t window = 0; window < a->window_count; window += 4) {
    const ptrdiff_t rest = a->window_count - window, count = rest < 4 ? rest : 4;
    const int32_t *offsets = a->pixels + window * pixels;
    __m512i best;
    _Pragma("clang loop unroll(disable)")
    for (ptrdiff_t p = 0; p < pixels; p++) {
      const uint8_t *pixel[4];
      // Past the last window it stands in.
      UNROLL for (int i = 0; i < 4; i++) pixel[i] = a->x + offsets[(i < count ? i : count - 1) * pixels + p];
      const __m512i sum = a->channels > 2 ? sums4(a, pixel) : sums2(a, pixel);
      best = p == 0 ? sum : _mm512_max_epi32(best, sum);
    }
    best = _mm512_add_epi32(best, bias);
    uint8_t *y = (uint8_t *)a->y + window * a->y_stride;
    if (a->stores_s32 || !q->high_half) {
      store_any(best, a, y, count);
      continue;
    }
    const __m512i value = _mm512_add_epi32(scale_high_half(best, &scale), zero);
    __m128i bytes = _mm512_cvtepi32_epi8(_mm512_min_epi32(_mm512_max_epi32(value, lo), hi));
    bytes = _mm_shuffle_epi8(bytes, turned);
    _Pragma("clang loop unroll(disable)")
    for (ptrdiff_t i = 0; i < count; i++, y += a->y_stride, bytes = _mm_srli_si128(bytes, 4))
      _mm_mask_storeu_epi8(y, stored, bytes);
  }
}
#endif
