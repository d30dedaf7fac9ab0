#include "int8_common.h"

#if defined(__aarch64__)
#include "int8_store_neon.h"

// ARMv8.2-A with the dot product. It multiplies signed by signed: the activations' top bit is flipped (q - 128),
// and the bias handed in holds 128 * sum(weights) in return. Weights packed [step][channel][4] as s8.

#define ISA __attribute__((target("arch=armv8.2-a+dotprod")))
#define INLINE SWL_INLINE ISA
#define KERNEL swl_conv_u8s8__neondot

/// Accumulates P pixels by V vectors of 4 channels into registers.
INLINE void accumulate(const int P, const int V, const swl_conv_args *a, const uint8_t *const *pixel, int32x4_t *acc) {
  const int8_t *w = a->weights;
  const int32_t *steps = a->steps;
  UNROLL for (int v = 0; v < V; v++) {
    const int32x4_t bias = vld1q_s32(a->requantization.bias + 4 * v);
    UNROLL for (int p = 0; p < P; p++) acc[p * V + v] = bias;
  }
  for (const int32_t *end = steps + a->step_count; steps != end; steps++, w += 16 * V) {
    int8x16_t weight[4];
    UNROLL for (int v = 0; v < V; v++) weight[v] = vld1q_s8(w + 16 * v);
    UNROLL for (int p = 0; p < P; p++) {
      uint32_t four;
      __builtin_memcpy(&four, pixel[p] + *steps, 4);
      const int8x16_t x = vreinterpretq_s8_u32(vdupq_n_u32(four ^ 0x80808080u));
      UNROLL for (int v = 0; v < V; v++) acc[p * V + v] = vdotq_s32(acc[p * V + v], weight[v], x);
    }
  }
}

#include "int8_conv_neon_body.h"
#endif
