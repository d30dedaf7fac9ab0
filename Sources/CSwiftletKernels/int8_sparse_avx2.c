#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_avx2.h"

// A block is [pair][16 channels][2] as s16, pair 0 being input bytes 0 and 2: KernelTable's
// packing `pairs`, over an image of bytes, where the dense kernels of this file's instruction set read s16.

#define KERNEL swl_sparse_u8s8__avx2
#define VECTOR __m256i
#define LANES 8
#define PIXELS 4
#define PARTS 1
#define BLOCK_BYTES 128

INLINE __m256i load(const int32_t *x) { return _mm256_loadu_si256((const __m256i *)x); }
INLINE __m256i add(__m256i a, __m256i b) { return _mm256_add_epi32(a, b); }
INLINE __m256i largest(__m256i a, __m256i b) { return _mm256_max_epi32(a, b); }

INLINE void multiply(
    const int P, const uint8_t *const *pixel, ptrdiff_t step, const uint8_t *block, __m256i *acc) {
  const __m256i *w = (const __m256i *)block;
  const __m256i even[2] = {_mm256_load_si256(w), _mm256_load_si256(w + 1)};
  const __m256i odd[2] = {_mm256_load_si256(w + 2), _mm256_load_si256(w + 3)};
  const __m256i low = _mm256_set1_epi32(0x00FF00FF);
  UNROLL for (int p = 0; p < P; p++) {
    int32_t four;
    __builtin_memcpy(&four, pixel[p] + step, 4);
    const __m256i bytes = _mm256_set1_epi32(four);
    const __m256i x0 = _mm256_and_si256(bytes, low);
    const __m256i x1 = _mm256_srli_epi16(bytes, 8);
    UNROLL for (int v = 0; v < 2; v++) {
      const __m256i pair0 = _mm256_madd_epi16(x0, even[v]);
      const __m256i pair1 = _mm256_madd_epi16(x1, odd[v]);
      acc[p * 2 + v] = _mm256_add_epi32(acc[p * 2 + v], _mm256_add_epi32(pair0, pair1));
    }
  }
}

OUTLINED void store_wide(
    __m256i low, __m256i high, const swl_conv_args *a, const swl_sparse_group *group, uint8_t *y) {
  int32_t lanes[16];
  _mm256_storeu_si256((__m256i *)lanes, low);
  _mm256_storeu_si256((__m256i *)(lanes + 8), high);
  swl_store_channels(lanes, group->first_channel, group->channels, &a->requantization, a->stores_s32, y);
}

INLINE void store16(const __m256i *acc, const swl_conv_args *a, const swl_sparse_group *group, uint8_t *y) {
  const swl_requantization *q = &a->requantization;
  const ptrdiff_t first = group->first_channel;
  if (stores_wide(q, a->stores_s32)) {
    store_wide(acc[0], acc[1], a, group, y);
    return;
  }
  const swl_scale8 scale[2] = {load_scale(q, first), load_scale(q, first + 8)};
  const __m256i low = scale_high_half(acc[0], &scale[0]), high = scale_high_half(acc[1], &scale[1]);
  store_bytes(finish_bytes(low, high, q), group->channels, y + first);
}

#include "int8_sparse_body.h"
#endif
