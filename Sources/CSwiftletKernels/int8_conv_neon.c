#include "int8_common.h"

#if defined(__aarch64__)
#include "int8_store_neon.h"

// Any ARMv8-A: bytes widened to 16 bits, vmlal by lane. Weights packed [step][byte][channel] as s16.

#define ISA
#define INLINE SWL_INLINE
#define KERNEL swl_conv_u8s8__neon

/// Accumulates P pixels by V vectors of 4 channels into registers.
INLINE void accumulate(const int P, const int V, const swl_conv_args *a, const uint8_t *const *pixel, int32x4_t *acc) {
  const int16_t *w = a->weights;
  const int32_t *steps = a->steps;
  UNROLL for (int v = 0; v < V; v++) {
    const int32x4_t bias = vld1q_s32(a->requantization.bias + 4 * v);
    UNROLL for (int p = 0; p < P; p++) acc[p * V + v] = bias;
  }
  for (const int32_t *end = steps + a->step_count; steps != end; steps++) {
    int16x4_t x[4];
    UNROLL for (int p = 0; p < P; p++) {
      uint32_t four;
      __builtin_memcpy(&four, pixel[p] + *steps, 4);
      x[p] = vreinterpret_s16_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)))));
    }
    UNROLL for (int b = 0; b < 4; b++, w += 4 * V) {
      UNROLL for (int v = 0; v < V; v++) {
        const int16x4_t weight = vld1_s16(w + 4 * v);
        UNROLL for (int p = 0; p < P; p++)
          acc[p * V + v] = vmlal_s16(acc[p * V + v], weight, vdup_n_s16(vget_lane_s16(x[p], 0)));
      }
      UNROLL for (int p = 0; p < P; p++) x[p] = vext_s16(x[p], x[p], 1);
    }
  }
}

#include "int8_conv_neon_body.h"
#endif
