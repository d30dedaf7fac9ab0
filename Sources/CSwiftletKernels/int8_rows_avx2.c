#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_avx2.h"

// Depthwise convolutions of 16 channels and more: two taps at a time, interleaved as 16 bits, through vpmaddwd. Windows
// are taken in chunks, 16 channels of a chunk at a time, so that those channels' weights are interleaved and their
// multipliers prepared once a chunk while its inputs stay in the first-level cache.

enum { CHUNK = 32, MOST_PAIRS = 32 };

/// The weights of two taps, interleaved: channels 0-3 and 8-11, then 4-7 and 12-15.
typedef struct {
  __m256i low, high;
  int32_t first, second;
} swl_tap_pair;

INLINE void interleave_weights(const swl_depthwise_args *d, ptrdiff_t channel, swl_tap_pair *pairs) {
  const swl_conv_args *a = &d->conv;
  const int16_t *w = (const int16_t *)a->weights + channel;
  for (ptrdiff_t t = 0; t < a->step_count; t += 2, pairs++) {
    const bool is_last = t + 1 == a->step_count;
    const __m256i first = _mm256_loadu_si256((const __m256i *)(w + t * d->weight_stride));
    __m256i second = _mm256_setzero_si256();
    if (!is_last) second = _mm256_loadu_si256((const __m256i *)(w + (t + 1) * d->weight_stride));
    pairs->low = _mm256_unpacklo_epi16(first, second);
    pairs->high = _mm256_unpackhi_epi16(first, second);
    pairs->first = a->steps[t];
    pairs->second = a->steps[is_last ? t : t + 1];
  }
}

INLINE __m256i widened_row(const uint8_t *x) { return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)x)); }

INLINE void depthwise_chunk(const swl_depthwise_args *d, ptrdiff_t first, ptrdiff_t count, ptrdiff_t channel) {
  const swl_conv_args *a = &d->conv;
  const swl_requantization *q = &a->requantization;
  const ptrdiff_t pair_count = (a->step_count + 1) / 2;
  swl_tap_pair pairs[MOST_PAIRS];
  interleave_weights(d, channel, pairs);
  const swl_scale8 scale[2] = {load_scale(q, channel), load_scale(q, channel + 8)};
  const __m256i bias[2] = {
      _mm256_loadu_si256((const __m256i *)(q->bias + channel)),
      _mm256_loadu_si256((const __m256i *)(q->bias + channel + 8))};
  const int32_t *pixel = a->pixels + first * a->window_pixels;
  uint8_t *y = (uint8_t *)a->y + first * a->y_stride + channel;
  for (ptrdiff_t window = 0; window < count; window++, y += a->y_stride) {
    __m256i low = _mm256_set1_epi32(INT32_MIN), high = low;
    for (ptrdiff_t p = 0; p < a->window_pixels; p++, pixel++) {
      const uint8_t *x = a->x + *pixel + channel;
      __m256i low_sum = _mm256_setzero_si256(), high_sum = low_sum;
      for (ptrdiff_t t = 0; t < pair_count; t++) {
        const __m256i x0 = widened_row(x + pairs[t].first), x1 = widened_row(x + pairs[t].second);
        low_sum = _mm256_add_epi32(low_sum, _mm256_madd_epi16(_mm256_unpacklo_epi16(x0, x1), pairs[t].low));
        high_sum = _mm256_add_epi32(high_sum, _mm256_madd_epi16(_mm256_unpackhi_epi16(x0, x1), pairs[t].high));
      }
      low = _mm256_max_epi32(low, low_sum);
      high = _mm256_max_epi32(high, high_sum);
    }
    const __m256i acc0 = _mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x20), bias[0]);
    const __m256i acc1 = _mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x31), bias[1]);
    if (q->high_half) {
      const __m256i scaled0 = scale_high_half(acc0, &scale[0]), scaled1 = scale_high_half(acc1, &scale[1]);
      _mm_storeu_si128((__m128i *)y, finish_bytes(scaled0, scaled1, q));
    } else {
      const __m256i both[2] = {acc0, acc1};
      int32_t lanes[16];
      __builtin_memcpy(lanes, both, sizeof lanes);
      for (ptrdiff_t c = 0; c < 16; c++)
        y[c] = (uint8_t)swl_requantize(
            lanes[c], q->mantissa[channel + c], q->shift[channel + c], q->zero_point, q->lo, q->hi);
    }
  }
}

/// Whether it computed the layer.
INLINE bool depthwise_wide(const swl_depthwise_args *d) {
  const swl_conv_args *a = &d->conv;
  if (a->channels < 16 || a->step_count > 2 * MOST_PAIRS) return false;
  for (ptrdiff_t first = 0; first < a->window_count; first += CHUNK) {
    const ptrdiff_t count = a->window_count - first < CHUNK ? a->window_count - first : CHUNK;
    // The last 16 channels overlap the ones before rather than pass the end.
    for (ptrdiff_t c = 0; c < a->channels; c += 16)
      depthwise_chunk(d, first, count, c + 16 <= a->channels ? c : a->channels - 16);
  }
  return true;
}

#define NAME(kernel) kernel##__avx2
#define BYTES 32
#define DEPTHWISE_WIDE depthwise_wide
SWL_SMALL_BEGIN
#include "int8_rows_body.h"
SWL_SMALL_END
#endif
