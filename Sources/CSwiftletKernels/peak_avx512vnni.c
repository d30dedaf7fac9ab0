#include "peak_common.h"
#include "swl_peak.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define ISA __attribute__((target("avx512f")))

// vpdpbusd, 64 multiply-accumulates each.
VNNI uint32_t swl_peak__avx512vnni(uint32_t rounds) {
  __m512i x = _mm512_set1_epi8(1);
#define ZERO(i) __m512i acc##i = _mm512_setzero_si512();
  FOR_12(ZERO)
  for (uint32_t round = 0; round < rounds; round++) {
#define STEP(i) acc##i = _mm512_dpbusd_epi32(acc##i, x, x);
    FOR_12(STEP)
    // Equal accumulators would be computed once.
#define SEPARATE(i) __asm__("" : "+v"(acc##i));
    FOR_12(SEPARATE)
  }
  __m512i sum = _mm512_setzero_si512();
#define SUM(i) sum = _mm512_add_epi32(sum, acc##i);
  FOR_12(SUM)
  uint32_t lanes[16], total = 0;
  _mm512_storeu_si512(lanes, sum);
  for (int i = 0; i < 16; i++) total += lanes[i];
  return total;
}

ISA uint64_t swl_read__avx512(const void *bytes, size_t count, uint32_t rounds) {
#define EMPTY(i) __m512i part##i = _mm512_setzero_si512();
  FOR_8(EMPTY)
  for (uint32_t round = 0; round < rounds; round++) {
    const __m512i *x = bytes;
    BARRIER();
    for (size_t block = 0; block < count; block += 512, x += 8) {
#define READ(i) part##i = _mm512_xor_si512(part##i, _mm512_load_si512(x + i));
      FOR_8(READ)
    }
  }
  __m512i all = part0;
#define JOIN(i) if (i) all = _mm512_xor_si512(all, part##i);
  FOR_8(JOIN)
  uint64_t words[8], result = rounds;
  _mm512_storeu_si512(words, all);
  for (int i = 0; i < 8; i++) result ^= words[i];
  return result;
}
#else
typedef int swl_peak_avx512vnni_is_empty;
#endif
