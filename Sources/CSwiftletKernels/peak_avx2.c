#include "peak_common.h"
#include "swl_peak.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define ISA __attribute__((target("avx2")))

// vpmaddwd and vpaddd, 16 multiply-accumulates; in assembly, for the compiler would compute equal products once.
ISA uint32_t swl_peak__avx2(uint32_t rounds) {
  const __m256i x = _mm256_set1_epi16(1);
#define ZERO(i) __m256i acc##i = _mm256_setzero_si256();
  FOR_12(ZERO)
#define STEP(i)                                     \
  {                                                 \
    __m256i product;                                \
    __asm__ volatile(                               \
        "vpmaddwd %2, %2, %1\n\tvpaddd %1, %0, %0" \
        : "+x"(acc##i), "=&x"(product)              \
        : "x"(x));                                  \
  }
  for (uint32_t round = 0; round < rounds; round++) {
    FOR_12(STEP) FOR_12(STEP) FOR_12(STEP) FOR_12(STEP)
  }
  __m256i sum = _mm256_setzero_si256();
#define SUM(i) sum = _mm256_add_epi32(sum, acc##i);
  FOR_12(SUM)
  uint32_t lanes[8], total = 0;
  _mm256_storeu_si256((__m256i *)lanes, sum);
  for (int i = 0; i < 8; i++) total += lanes[i];
  return total;
}

ISA uint64_t swl_read__avx2(const void *bytes, size_t count, uint32_t rounds) {
#define EMPTY(i) __m256i part##i = _mm256_setzero_si256();
  FOR_8(EMPTY)
  for (uint32_t round = 0; round < rounds; round++) {
    const __m256i *x = bytes;
    BARRIER();
    for (size_t block = 0; block < count; block += 256, x += 8) {
#define READ(i) part##i = _mm256_xor_si256(part##i, _mm256_load_si256(x + i));
      FOR_8(READ)
    }
  }
  __m256i all = part0;
#define JOIN(i) if (i) all = _mm256_xor_si256(all, part##i);
  FOR_8(JOIN)
  uint64_t words[4];
  _mm256_storeu_si256((__m256i *)words, all);
  return words[0] ^ words[1] ^ words[2] ^ words[3] ^ rounds;
}
#else
typedef int swl_peak_avx2_is_empty;
#endif
