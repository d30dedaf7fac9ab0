#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_store_avx512vnni.h"

// Winograd transforms of 4x4 and of halves of it: inputs transformed 16 channels at a time, as AVX2 does; products of
// up to 12 tiles by 32 channels.

// Tuned for a CPU whose vpdpwssd is fast, for all others Clang writes vpmaddwd and vpaddd instead.
#undef ISA
#define ISA __attribute__((target("tune=znver4,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define INLINE SWL_INLINE ISA
#define OUTLINED static __attribute__((noinline)) ISA
#define VECTOR __m512i
#define LANES 16
#define MOST_TILES 12
#define MULTIPLY_CASES                                                                                        \
  MULTIPLY(1) MULTIPLY(2) MULTIPLY(3) MULTIPLY(4) MULTIPLY(5) MULTIPLY(6) MULTIPLY(7) MULTIPLY(8) MULTIPLY(9) \
  MULTIPLY(10) MULTIPLY(11) MULTIPLY(12)

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
  __m512i bias, mantissa, odd_mantissa, shift, rounding;
  bool is_wide;
  __mmask16 lanes;
} swl_vector_end;

INLINE swl_vector_end load_vector_end(const swl_winograd_args *a, ptrdiff_t first) {
  const swl_requantization *q = &a->requantization;
  swl_vector_end e = {.args = a, .first = first, .is_wide = a->stores_s32 || !q->high_half};
  e.channels = a->outputs - first < 16 ? a->outputs - first : 16;
  e.lanes = (__mmask16)((1u << e.channels) - 1);
  e.bias = _mm512_loadu_si512(q->bias + first);
  e.mantissa = _mm512_loadu_si512(q->mantissa + first);
  e.odd_mantissa = _mm512_srli_epi64(e.mantissa, 32);
  e.shift = _mm512_sub_epi32(_mm512_loadu_si512(q->shift + first), _mm512_set1_epi32(32));
  e.rounding = _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_sub_epi32(e.shift, _mm512_set1_epi32(1)));
  return e;
}

OUTLINED void store_any(__m512i acc, const swl_vector_end *e, uint8_t *y) {
  const swl_winograd_args *a = e->args;
  store_wide(&acc, &a->requantization, e->first, e->channels, a->stores_s32, y - e->first * (a->stores_s32 ? 4 : 1));
}

INLINE void store_vector(__m512i acc, const swl_vector_end *e, uint8_t *y) {
  if (e->is_wide) {
    store_any(acc, e, y);
    return;
  }
  const swl_requantization *q = &e->args->requantization;
  const __m512i even = _mm512_srli_epi64(_mm512_mul_epi32(acc, e->mantissa), 32);
  const __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(acc, 32), e->odd_mantissa);
  const __m512i high = _mm512_mask_blend_epi32(0xAAAA, even, odd);
  __m512i value = _mm512_srav_epi32(_mm512_add_epi32(high, e->rounding), e->shift);
  value = _mm512_add_epi32(value, _mm512_set1_epi32(q->zero_point));
  value = _mm512_min_epi32(_mm512_max_epi32(value, _mm512_set1_epi32(q->lo)), _mm512_set1_epi32(q->hi));
  if (e->channels == 16) _mm_storeu_si128((__m128i *)y, _mm512_cvtepi32_epi8(value));
  else _mm512_mask_cvtepi32_storeu_epi8(y, e->lanes, value);
}

#include "int8_winograd_body.h"

ISA void swl_winograd4x4_u8s8__avx512vnni(const swl_winograd_args *args) { convolve(4, args); }
#endif
