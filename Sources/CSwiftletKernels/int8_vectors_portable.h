#pragma once
// C vectors of four channels, for any CPU.

#include "int8_common.h"
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

SWL_PORTABLE_BEGIN

typedef int32_t int32x4 __attribute__((vector_size(16)));
typedef int16_t int16x8 __attribute__((vector_size(16)));

/// x[2i] * w[2i] + x[2i + 1] * w[2i + 1]
SWL_INLINE int32x4 pair_products(int16x8 x, int16x8 w) {
#if defined(__SSE2__)
  return (int32x4)_mm_madd_epi16((__m128i)x, (__m128i)w);
#else
  int32x4 sum;
  for (int i = 0; i < 4; i++) sum[i] = (int32_t)x[2 * i] * w[2 * i] + (int32_t)x[2 * i + 1] * w[2 * i + 1];
  return sum;
#endif
}

SWL_INLINE int32x4 largest(int32x4 a, int32x4 b) {
  const int32x4 is_larger = a > b;
  return (a & is_larger) | (b & ~is_larger);
}

SWL_PORTABLE_END
