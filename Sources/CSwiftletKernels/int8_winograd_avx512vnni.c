#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_store_avx512vnni.h"

// Winograd transforms of 4x4 and of halves of it: inputs transformed 16 channels at a time, as AVX2 does; products of
// up to 6 tiles by 32 channels.

// Tuned for a CPU whose vpdpwssd is fast, for all others Clang writes vpmaddwd and vpaddd instead.
#undef ISA
#define ISA __attribute__((target("tune=znver4,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define INLINE SWL_INLINE ISA
#define OUTLINED static __attribute__((noinline)) ISA
#define VECTOR __m512i
#define LANES 16

#define v_zero() _mm512_setzero_si512()
#define v_add(x, y) _mm512_add_epi32(x, y)
#define v_sub(x, y) _mm512_sub_epi32(x, y)
#define v_shift_left(x, count) _mm512_slli_epi32(x, count)
#define v_shift_right(x, count) _mm512_srai_epi32(x, count)
#define v_max(x, y) _mm512_max_epi32(x, y)
#define v_multiply(x, factor) _mm512_mullo_epi32(x, _mm512_set1_epi32(factor))
#define v_dot(acc, x, w) _mm512_dpwssd_epi32(acc, x, w)
#define v_pair(x) broadcast4((const uint8_t *)(x))

/// The end of one vector of output channels: their constants.
typedef struct {
  const swl_winograd_args *args;
  ptrdiff_t first, channels;
  __m512i bias;
  swl_scale16 scale;
  bool is_wide;
  __mmask16 lanes;
} swl_vector_end;

INLINE swl_vector_end load_vector_end(const swl_winograd_args *a, ptrdiff_t first) {
  const swl_requantization *q = &a->requantization;
  swl_vector_end e = {.args = a, .first = first, .is_wide = a->stores_s32 || !q->high_half};
  e.channels = a->outputs - first < 16 ? a->outputs - first : 16;
  e.lanes = (__mmask16)((1u << e.channels) - 1);
  e.bias = _mm512_loadu_si512(q->bias + first);
  e.scale = load_scale(q, first);
  return e;
}

COLD void store_any(const __m512i *acc, int rows, const swl_vector_end *e, uint8_t *y) {
  const swl_winograd_args *a = e->args;
  y -= e->first * (a->stores_s32 ? 4 : 1);
  for (int row = 0; row < rows; row++, y += a->y_row)
    store_channels(acc + row, &a->requantization, e->first, e->channels, a->stores_s32, y);
}

/// Stores the outputs of `rows` of at most four pixels below each other.
INLINE void store_rows(const int most, const __m512i *acc, int rows, const swl_vector_end *e, uint8_t *y) {
  if (e->is_wide) {
    // A copy, so that the accumulators stay in registers.
    __m512i copy[4];
    UNROLL for (int row = 0; row < most; row++) copy[row] = acc[row];
    store_any(copy, rows, e, y);
    return;
  }
  const swl_requantization *q = &e->args->requantization;
  __m512i scaled[4];
  UNROLL for (int row = 0; row < 4; row++) scaled[row] = row < most ? scale_high_half(acc[row], &e->scale) : scaled[row - most];
  const __m512i zero = _mm512_set1_epi16((int16_t)q->zero_point);
  const __m512i first = _mm512_adds_epi16(_mm512_packs_epi32(scaled[0], scaled[1]), zero);
  const __m512i second = most > 2 ? _mm512_adds_epi16(_mm512_packs_epi32(scaled[2], scaled[3]), zero) : first;
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  __m512i bytes = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(first, second));
  bytes = _mm512_max_epu8(bytes, _mm512_set1_epi8((char)q->lo));
  bytes = _mm512_min_epu8(bytes, _mm512_set1_epi8((char)q->hi));
  const __m128i row0 = _mm512_castsi512_si128(bytes), row1 = _mm512_extracti32x4_epi32(bytes, 1);
  const __m128i row2 = _mm512_extracti32x4_epi32(bytes, 2), row3 = _mm512_extracti32x4_epi32(bytes, 3);
  const ptrdiff_t y_row = e->args->y_row;
  _mm_mask_storeu_epi8(y, e->lanes, row0);
  if (most > 1 && rows > 1) _mm_mask_storeu_epi8(y + y_row, e->lanes, row1);
  if (most > 2 && rows > 2) _mm_mask_storeu_epi8(y + 2 * y_row, e->lanes, row2);
  if (most > 3 && rows > 3) _mm_mask_storeu_epi8(y + 3 * y_row, e->lanes, row3);
}

#include "int8_winograd_body.h"

ISA void swl_winograd4x4_u8s8__avx512vnni(const swl_winograd_args *args) { convolve(4, args); }
#endif
