#include "int8_common.h"

#if defined(__aarch64__)
#include "int8_store_neon.h"

// ARMv8.2-A with the dot product, activations flipped to q - 128. A block is [16 channels][4] as s8: see
// int8_conv_neondot.c.

#define ISA __attribute__((target("arch=armv8.2-a+dotprod")))
#define INLINE SWL_INLINE ISA
#define KERNEL swl_sparse_u8s8__neondot
#include "int8_sparse_neon.h"
#define PARTS 2
#define BLOCK_BYTES 64

INLINE void multiply(
    const int P, const uint8_t *const *pixel, ptrdiff_t step, const uint8_t *block, int32x4_t *acc) {
  int8x16_t weight[4];
  UNROLL for (int v = 0; v < 4; v++) weight[v] = vld1q_s8((const int8_t *)block + 16 * v);
  UNROLL for (int p = 0; p < P; p++) {
    uint32_t four;
    __builtin_memcpy(&four, pixel[p] + step, 4);
    const int8x16_t x = vreinterpretq_s8_u32(vdupq_n_u32(four ^ 0x80808080u));
    UNROLL for (int v = 0; v < 4; v++) acc[4 * p + v] = vdotq_s32(acc[4 * p + v], weight[v], x);
  }
}

#include "int8_sparse_body.h"
#endif
