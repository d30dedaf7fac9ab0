#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_avx2.h"

// Winograd transforms of 4x4, of halves of it, and of 2x2 alone; products of up to 6 tiles by 16 channels.

#define VECTOR __m256i
#define LANES 8

#define v_zero() _mm256_setzero_si256()
#define v_add(x, y) _mm256_add_epi32(x, y)
#define v_sub(x, y) _mm256_sub_epi32(x, y)
#define v_shift_left(x, count) _mm256_slli_epi32(x, count)
#define v_shift_right(x, count) _mm256_srai_epi32(x, count)
#define v_max(x, y) _mm256_max_epi32(x, y)
#define v_multiply(x, factor) _mm256_mullo_epi32(x, _mm256_set1_epi32(factor))
#define v_dot(acc, x, w) _mm256_add_epi32(acc, _mm256_madd_epi16(x, w))

INLINE __m256i v_pair(const int16_t *x) {
  int32_t pair;
  __builtin_memcpy(&pair, x, 4);
  return _mm256_set1_epi32(pair);
}

/// The end of one vector of output channels: their constants.
typedef struct {
  const swl_winograd_args *args;
  ptrdiff_t first, channels;
  bool is_wide;
  swl_scale8 scale;
  __m256i bias;
} swl_vector_end;

INLINE swl_vector_end load_vector_end(const swl_winograd_args *a, ptrdiff_t first) {
  swl_vector_end e = {.args = a, .first = first, .is_wide = stores_wide(&a->requantization, a->stores_s32)};
  e.channels = a->outputs - first < 8 ? a->outputs - first : 8;
  e.scale = load_scale(&a->requantization, first);
  e.bias = _mm256_loadu_si256((const __m256i *)(a->requantization.bias + first));
  return e;
}

OUTLINED void store_any(const __m256i *acc, int rows, const swl_vector_end *e, uint8_t *y) {
  swl_requantization q = e->args->requantization;
  q.mantissa += e->first;
  q.shift += e->first;
  for (int row = 0; row < rows; row++, y += e->args->y_row) {
    int32_t lanes[8];
    __builtin_memcpy(lanes, acc + row, sizeof lanes);
    swl_store_channels(lanes, 0, e->channels, &q, e->args->stores_s32, y);
  }
}

/// Stores the outputs of `rows` of at most four pixels below each other, two at a time.
INLINE void store_rows(const int most, const __m256i *acc, int rows, const swl_vector_end *e, uint8_t *y) {
  if (e->is_wide) {
    // A copy, so that the accumulators stay in registers.
    __m256i copy[4];
    UNROLL for (int row = 0; row < most; row++) copy[row] = acc[row];
    store_any(copy, rows, e, y);
    return;
  }
  const ptrdiff_t y_row = e->args->y_row;
  UNROLL for (int row = 0; row < most; row += 2) {
    const __m256i first = scale_high_half(acc[row], &e->scale);
    const __m256i second = row + 1 < most ? scale_high_half(acc[row + 1], &e->scale) : first;
    const __m128i bytes = finish_bytes(first, second, &e->args->requantization);
    if (row < rows) store_bytes(bytes, e->channels, y + row * y_row);
    if (row + 1 < most && row + 1 < rows) store_bytes(_mm_srli_si128(bytes, 8), e->channels, y + (row + 1) * y_row);
  }
}

#include "int8_winograd_body.h"

ISA void swl_winograd2x2_u8s8__avx2(const swl_winograd_args *args) { convolve(2, args); }

ISA void swl_winograd4x4_u8s8__avx2(const swl_winograd_args *args) { convolve(4, args); }
#endif
