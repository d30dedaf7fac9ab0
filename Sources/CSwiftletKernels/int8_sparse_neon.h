// What the NEON block-sparse kernels share; INLINE and ISA are the including file's.
#pragma once
#define VECTOR int32x4_t
#define LANES 4
#define PIXELS 4

INLINE int32x4_t load(const int32_t *x) { return vld1q_s32(x); }
INLINE int32x4_t add(int32x4_t a, int32x4_t b) { return vaddq_s32(a, b); }
INLINE int32x4_t largest(int32x4_t a, int32x4_t b) { return vmaxq_s32(a, b); }

INLINE void store16(const int32x4_t *acc, const swl_conv_args *a, const swl_sparse_group *group, uint8_t *y) {
  store_vectors(4, acc, &a->requantization, group->first_channel, group->channels, a->stores_s32, y);
}
