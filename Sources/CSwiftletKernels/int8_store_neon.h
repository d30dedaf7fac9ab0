#pragma once
// What the NEON convolutions share: requantizing and storing vectors of four channels.

#include "int8_common.h"

#include <arm_neon.h>

SWL_INLINE int32x4_t scale(int32x4_t acc, const swl_requantization *q, ptrdiff_t channel) {
  const int32x4_t mantissa = vld1q_s32(q->mantissa + channel);
  const int32x4_t shift = vnegq_s32(vld1q_s32(q->shift + channel));
  // A rounding shift by a negative count is (product + 2^(shift - 1)) >> shift without overflow.
  const int64x2_t low = vrshlq_s64(vmull_s32(vget_low_s32(acc), vget_low_s32(mantissa)), vmovl_s32(vget_low_s32(shift)));
  const int64x2_t high = vrshlq_s64(vmull_high_s32(acc, mantissa), vmovl_high_s32(shift));
  const int32x4_t narrow = vqmovn_high_s64(vqmovn_s64(low), high);
  const int32x4_t value = vqaddq_s32(narrow, vdupq_n_s32(q->zero_point));
  return vminq_s32(vmaxq_s32(value, vdupq_n_s32(q->lo)), vdupq_n_s32(q->hi));
}

/// Requantizes channels `first ..< first + count`, V vectors of accumulators, and stores them as u8 or s32.
SWL_INLINE void store_vectors(
    const int V, const int32x4_t *acc, const swl_requantization *q, ptrdiff_t first, ptrdiff_t count, bool stores_s32,
    uint8_t *y) {
  int32x4_t value[4];
  UNROLL for (int v = 0; v < 4; v++) value[v] = v < V ? scale(acc[v], q, first + 4 * v) : value[0];
  if (stores_s32) {
    int32_t lanes[16];
    UNROLL for (int v = 0; v < V; v++) vst1q_s32(lanes + 4 * v, value[v]);
    __builtin_memcpy((int32_t *)y + first, lanes, 4 * (size_t)count);
    return;
  }
  const int16x8_t low = vqmovn_high_s32(vqmovn_s32(value[0]), value[1]);
  const int16x8_t high = vqmovn_high_s32(vqmovn_s32(value[2]), value[3]);
  const uint8x16_t bytes = vqmovun_high_s16(vqmovun_s16(low), high);
  if (count == 16) {
    vst1q_u8(y + first, bytes);
  } else {
    uint8_t lanes[16];
    vst1q_u8(lanes, bytes);
    __builtin_memcpy(y + first, lanes, (size_t)count);
  }
}
