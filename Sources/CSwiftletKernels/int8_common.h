#pragma once
// Shared by the integer microkernels: the scalar requantization and small attributes.

#include "swl_int8.h"

#define SWL_INLINE static inline __attribute__((always_inline))
/// Around functions that the Embedded build keeps small: pooling, depthwise and addition, two thirds smaller so.
#ifdef SWL_SMALL
#define SWL_SMALL_BEGIN _Pragma("clang attribute push(__attribute__((minsize)), apply_to = function)")
#define SWL_SMALL_END _Pragma("clang attribute pop")
#else
#define SWL_SMALL_BEGIN
#define SWL_SMALL_END
#endif
/// Around the functions of a portable kernel file, which few machines run.
#define SWL_PORTABLE_BEGIN SWL_SMALL_BEGIN
#define SWL_PORTABLE_END SWL_SMALL_END
#define UNROLL _Pragma("clang loop unroll(full)")

/// clamp(zero_point + ((acc * mantissa + 2^(shift - 1)) >> shift), lo, hi); the definition, in 64 bits.
SWL_INLINE int32_t swl_requantize(
    int32_t acc, int32_t mantissa, int32_t shift, int32_t zero_point, int32_t lo, int32_t hi) {
  const int64_t product = (int64_t)acc * mantissa + ((int64_t)1 << (shift - 1));
  const int64_t value = (product >> shift) + zero_point;
  return (int32_t)(value < lo ? lo : value > hi ? hi : value);
}

/// Requantizes `count` accumulators starting at channel `first` of the panel and stores them.
SWL_INLINE void swl_store_channels(
    const int32_t *acc, ptrdiff_t first, ptrdiff_t count, const swl_requantization *q, bool stores_s32, uint8_t *y) {
  for (ptrdiff_t i = 0; i < count; i++) {
    const ptrdiff_t c = first + i;
    const int32_t value = swl_requantize(acc[i], q->mantissa[c], q->shift[c], q->zero_point, q->lo, q->hi);
    if (stores_s32) ((int32_t *)y)[c] = value;
    else y[c] = (uint8_t)value;
  }
}
