// SIMDe and the few AVX-512 intrinsics it lacks (0.7.4), for tools/check-avx512.
#pragma once
#include <simde/x86/avx512.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t __mmask64;
typedef uint32_t __mmask32;
typedef uint16_t __mmask16;

#define LANEWISE(name, type, expression)                            \
  static inline __m512i name(__m512i x, __m512i y) {                \
    type a[64 / sizeof(type)], b[64 / sizeof(type)];                \
    memcpy(a, &x, 64), memcpy(b, &y, 64);                           \
    for (size_t i = 0; i < 64 / sizeof(type); i++) a[i] = expression; \
    memcpy(&x, a, 64);                                              \
    return x;                                                       \
  }
// Counts beyond the width fill with the sign, as the instruction does.
LANEWISE(_mm512_srav_epi32, int32_t, a[i] >> ((uint32_t)b[i] > 31 ? 31 : b[i]))
LANEWISE(_mm512_srav_epi64, int64_t, a[i] >> ((uint64_t)b[i] > 63 ? 63 : b[i]))

#define MASKED_STORE(name, vector, mask, from, to)               \
  static inline void name(void *p, mask lanes, vector x) {       \
    from a[sizeof(x) / sizeof(from)];                            \
    memcpy(a, &x, sizeof(x));                                    \
    for (size_t i = 0; i < sizeof(x) / sizeof(from); i++)        \
      if (lanes >> i & 1) {                                      \
        const to value = (to)a[i];                               \
        memcpy((char *)p + i * sizeof(to), &value, sizeof(to));  \
      }                                                          \
  }
MASKED_STORE(_mm_mask_storeu_epi8, __m128i, __mmask16, uint8_t, uint8_t)
MASKED_STORE(_mm256_mask_storeu_epi8, __m256i, __mmask32, uint8_t, uint8_t)
MASKED_STORE(_mm512_mask_storeu_epi8, __m512i, __mmask64, uint8_t, uint8_t)
MASKED_STORE(_mm512_mask_storeu_epi32, __m512i, __mmask16, int32_t, int32_t)
MASKED_STORE(_mm512_mask_cvtepi32_storeu_epi8, __m512i, __mmask16, int32_t, uint8_t)

static inline __m512i _mm512_maskz_loadu_epi8(__mmask64 lanes, const void *p) {
  uint8_t a[64] = {0};
  for (size_t i = 0; i < 64; i++)
    if (lanes >> i & 1) a[i] = ((const uint8_t *)p)[i];
  __m512i x;
  memcpy(&x, a, 64);
  return x;
}

static inline __m128i _mm512_cvtepi32_epi8(__m512i x) {
  int32_t a[16];
  uint8_t b[16];
  memcpy(a, &x, 64);
  for (size_t i = 0; i < 16; i++) b[i] = (uint8_t)a[i];
  __m128i y;
  memcpy(&y, b, 16);
  return y;
}

static inline __m512i _mm512_srai_epi32(__m512i x, unsigned count) {
  return _mm512_srav_epi32(x, _mm512_set1_epi32((int)count));
}
