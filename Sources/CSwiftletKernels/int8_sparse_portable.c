#include "int8_common.h"
#include "int8_vectors_portable.h"

SWL_PORTABLE_BEGIN

// Four vectors of four channels. A block is [pair][16 channels][2] as s16, pair 0 being input bytes 0 and 2: see
// int8_conv_portable.c.

#define ISA
#define INLINE SWL_INLINE
#define KERNEL swl_sparse_u8s8__portable
#define VECTOR int32x4
#define LANES 4
#define PIXELS 2
#define PARTS 1
#define BLOCK_BYTES 128

INLINE int32x4 load(const int32_t *x) {
  int32x4 value;
  __builtin_memcpy(&value, x, sizeof value);
  return value;
}
INLINE int32x4 add(int32x4 a, int32x4 b) { return a + b; }

INLINE void multiply(
    const int P, const uint8_t *const *pixel, ptrdiff_t step, const uint8_t *block, int32x4 *acc) {
  const int16x8 *w = (const int16x8 *)block;
  UNROLL for (int p = 0; p < P; p++) {
    const uint8_t *x = pixel[p] + step;
    const int32_t even = x[0] | x[2] << 16, odd = x[1] | x[3] << 16;
    const int16x8 x0 = (int16x8)(int32x4){even, even, even, even};
    const int16x8 x1 = (int16x8)(int32x4){odd, odd, odd, odd};
    UNROLL for (int v = 0; v < 4; v++) acc[4 * p + v] += pair_products(x0, w[v]) + pair_products(x1, w[4 + v]);
  }
}

INLINE void store16(const int32x4 *acc, const swl_conv_args *a, const swl_sparse_group *group, uint8_t *y) {
  int32_t lanes[16];
  __builtin_memcpy(lanes, acc, sizeof lanes);
  swl_store_channels(lanes, group->first_channel, group->channels, &a->requantization, a->stores_s32, y);
}

#include "int8_sparse_body.h"

SWL_PORTABLE_END
