#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_store_avx512vnni.h"

// A block is one vector, [16 channels][4] as s8. Eight pixels share its load: eight chains of vpdpbusd hide its
// latency, and with 16 a layer of few windows would mostly repeat its last one.

#define INLINE SWL_INLINE ISA
#define KERNEL swl_sparse_u8s8__avx512vnni
#define VECTOR __m512i
#define LANES 16
#define PIXELS 8
#define PARTS 8
#define BLOCK_BYTES 64

INLINE __m512i load(const int32_t *x) { return _mm512_loadu_si512(x); }
INLINE __m512i add(__m512i a, __m512i b) { return _mm512_add_epi32(a, b); }
INLINE __m512i largest(__m512i a, __m512i b) { return _mm512_max_epi32(a, b); }

INLINE void multiply(
    const int P, const uint8_t *const *pixel, ptrdiff_t step, const uint8_t *block, __m512i *acc) {
  const __m512i weight = _mm512_load_si512(block);
  UNROLL for (int p = 0; p < P; p++) acc[p] = _mm512_dpbusd_epi32(acc[p], broadcast4(pixel[p] + step), weight);
}

static __attribute__((noinline)) ISA void store16_wide(
    __m512i acc, const swl_conv_args *a, const swl_sparse_group *group, uint8_t *y) {
  store_wide(&acc, &a->requantization, group->first_channel, group->channels, a->stores_s32, y);
}

INLINE void store16(const __m512i *acc, const swl_conv_args *a, const swl_sparse_group *group, uint8_t *y) {
  if (a->stores_s32 || !a->requantization.high_half) store16_wide(acc[0], a, group, y);
  else store_high_half(1, acc, &a->requantization, group->first_channel, group->channels, y);
}

#include "int8_sparse_body.h"
#endif
