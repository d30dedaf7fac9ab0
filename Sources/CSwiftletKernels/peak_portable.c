#include "peak_common.h"
#include "swl_peak.h"
#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

// The best that code for any CPU of the architecture can do: pmaddwd on 128 bits, smlal, or what the compiler makes of
// plain C.
#if defined(__SSE2__)
uint32_t swl_peak__portable(uint32_t rounds) {
  const __m128i x = _mm_set1_epi16(1);
#define ZERO(i) __m128i acc##i = _mm_setzero_si128();
  FOR_12(ZERO)
  // Two-operand form: pmaddwd destroys one factor, so the copy is part of the work.
#define STEP(i)                                                   \
  {                                                               \
    __m128i product;                                              \
    __asm__ volatile(                                             \
        "movdqa %2, %1\n\tpmaddwd %2, %1\n\tpaddd %1, %0"        \
        : "+x"(acc##i), "=&x"(product)                            \
        : "x"(x));                                                \
  }
  for (uint32_t round = 0; round < rounds; round++)
    for (int repeat = 0; repeat < 4; repeat++) { FOR_12(STEP) FOR_12(STEP) }
  __m128i sum = _mm_setzero_si128();
#define SUM(i) sum = _mm_add_epi32(sum, acc##i);
  FOR_12(SUM)
  uint32_t lanes[4];
  _mm_storeu_si128((__m128i *)lanes, sum);
  return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}
#elif defined(__ARM_NEON)
uint32_t swl_peak__portable(uint32_t rounds) {
  const int16x4_t x = vdup_n_s16(1);
#define ZERO(i) int32x4_t acc##i = vdupq_n_s32(0);
  FOR_12(ZERO)
#define STEP(i) __asm__ volatile("smlal %0.4s, %1.4h, %1.4h" : "+w"(acc##i) : "w"(x));
  for (uint32_t round = 0; round < rounds; round++)
    for (int repeat = 0; repeat < 8; repeat++) { FOR_12(STEP) FOR_12(STEP) }
  int32x4_t sum = vdupq_n_s32(0);
#define SUM(i) sum = vaddq_s32(sum, acc##i);
  FOR_12(SUM)
  uint32_t total = 0;
  int32_t lanes[4];
  vst1q_s32(lanes, sum);
  for (int i = 0; i < 4; i++) total += (uint32_t)lanes[i];
  return total;
}
#else
uint32_t swl_peak__portable(uint32_t rounds) {
  uint32_t acc[12] = {0};
  int32_t x = 1, w = 1;
  for (uint32_t round = 0; round < rounds; round++)
    for (int repeat = 0; repeat < SWL_PEAK_ROUND / 12; repeat++) {
      __asm__ volatile("" : "+r"(x), "+r"(w));
      for (int i = 0; i < 12; i++) acc[i] += (uint32_t)(x * w);
    }
  uint32_t total = 0;
  for (int i = 0; i < 12; i++) total += acc[i];
  return total;
}
#endif

typedef uint64_t words __attribute__((vector_size(16)));

uint64_t swl_read__portable(const void *bytes, size_t count, uint32_t rounds) {
#define EMPTY(i) words part##i = {0, 0};
  FOR_8(EMPTY)
  for (uint32_t round = 0; round < rounds; round++) {
    const words *x = bytes;
    BARRIER();
    for (size_t block = 0; block < count; block += 128, x += 8) {
#define READ(i) part##i ^= x[i];
      FOR_8(READ)
    }
  }
  const words all = part0 ^ part1 ^ part2 ^ part3 ^ part4 ^ part5 ^ part6 ^ part7;
  return all[0] ^ all[1] ^ rounds;
}
