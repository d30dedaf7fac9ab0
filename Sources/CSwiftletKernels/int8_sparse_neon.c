#include "int8_common.h"

#if defined(__aarch64__)
#include "int8_store_neon.h"

// Any ARMv8-A. A block is [byte][16 channels] as s16: see int8_conv_neon.c.

#define ISA
#define INLINE SWL_INLINE
#define KERNEL swl_sparse_u8s8__neon
#include "int8_sparse_neon.h"
#define PARTS 1
#define BLOCK_BYTES 128

INLINE void multiply(
    const int P, const uint8_t *const *pixel, ptrdiff_t step, const uint8_t *block, int32x4_t *acc) {
  const int16_t *w = (const int16_t *)block;
  int16x4_t x[4];
  UNROLL for (int p = 0; p < P; p++) {
    uint32_t four;
    __builtin_memcpy(&four, pixel[p] + step, 4);
    x[p] = vreinterpret_s16_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)))));
  }
  UNROLL for (int b = 0; b < 4; b++, w += 16) {
    UNROLL for (int v = 0; v < 4; v++) {
      const int16x4_t weight = vld1_s16(w + 4 * v);
      UNROLL for (int p = 0; p < P; p++)
        acc[4 * p + v] = vmlal_s16(acc[4 * p + v], weight, vdup_n_s16(vget_lane_s16(x[p], 0)));
    }
    UNROLL for (int p = 0; p < P; p++) x[p] = vext_s16(x[p], x[p], 1);
  }
}

#include "int8_sparse_body.h"
#endif
