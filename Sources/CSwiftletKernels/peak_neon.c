#include "peak_common.h"
#include "swl_peak.h"

#if defined(__aarch64__)
#include <arm_neon.h>

static uint32_t sum_of(int32x4_t sum) {
  int32_t lanes[4];
  vst1q_s32(lanes, sum);
  return (uint32_t)lanes[0] + (uint32_t)lanes[1] + (uint32_t)lanes[2] + (uint32_t)lanes[3];
}

// smlal on 16-bit values, 4 multiply-accumulates each.
uint32_t swl_peak__neon(uint32_t rounds) {
  const int16x4_t x = vdup_n_s16(1);
#define ZERO(i) int32x4_t acc##i = vdupq_n_s32(0);
  FOR_12(ZERO)
#define LONG(i) __asm__ volatile("smlal %0.4s, %1.4h, %1.4h" : "+w"(acc##i) : "w"(x));
  for (uint32_t round = 0; round < rounds; round++)
    for (int repeat = 0; repeat < 8; repeat++) { FOR_12(LONG) FOR_12(LONG) }
  int32x4_t sum = vdupq_n_s32(0);
#define SUM(i) sum = vaddq_s32(sum, acc##i);
  FOR_12(SUM)
  return sum_of(sum);
}

// sdot, 16 multiply-accumulates each.
__attribute__((target("arch=armv8.2-a+dotprod"))) uint32_t swl_peak__neondot(uint32_t rounds) {
  const int8x16_t x = vdupq_n_s8(1);
  FOR_12(ZERO)
#define DOT(i) __asm__ volatile("sdot %0.4s, %1.16b, %1.16b" : "+w"(acc##i) : "w"(x));
  for (uint32_t round = 0; round < rounds; round++) { FOR_12(DOT) FOR_12(DOT) FOR_12(DOT) FOR_12(DOT) }
  int32x4_t sum = vdupq_n_s32(0);
  FOR_12(SUM)
  return sum_of(sum);
}
#else
typedef int swl_peak_neon_is_empty;
#endif
