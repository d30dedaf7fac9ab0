#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_store_avx512vnni.h"

// Dense panels of 64 channels whose weights fit four bits: half as many bytes to read, which is what a batch of one
// waits for. Weights packed [pair of steps][4 vectors][64]: the low halves of the bytes are the first step's, laid out as
// int8_conv_avx512vnni.c has them, the high halves the second's. Each half is taken as the high one of a byte, 16 times
// its weight, and so are the sums.

#define INLINE SWL_INLINE ISA

/// Stores the sums of one image, which took many times as long.
COLD void store(const __m512i *acc, const swl_conv_args *a, ptrdiff_t image) {
  __m512i sum[4];
  UNROLL for (int v = 0; v < 4; v++)
    sum[v] = _mm512_add_epi32(_mm512_srai_epi32(acc[v], 4), _mm512_loadu_si512(a->requantization.bias + 16 * v));
  uint8_t *y = (uint8_t *)a->y + image * a->y_stride;
  store_channels(sum, &a->requantization, 0, a->channels, a->stores_s32, y);
}

/// Sums and stores P of the images from `first` on.
INLINE void images(const int P, const swl_conv_args *a, ptrdiff_t first) {
  const __m512i high = _mm512_set1_epi8((char)0xF0);
  const __m512i *w = a->weights;
  const uint8_t *pixel[4];
  // Two chains for each vector of one image, which would wait on themselves.
  const int S = P == 1 ? 2 : 1;
  __m512i acc[16];
  UNROLL for (int p = 0; p < P; p++) pixel[p] = a->x + a->pixels[first + p];
  UNROLL for (int i = 0; i < 4 * P * S; i++) acc[i] = _mm512_setzero_si512();
  for (const int32_t *step = a->steps, *end = step + a->step_count; step != end; step += 2, w += 4) {
    __m512i weight[2][4];
    UNROLL for (int v = 0; v < 4; v++) {
      const __m512i both = _mm512_load_si512(w + v);
      weight[0][v] = _mm512_and_si512(_mm512_slli_epi16(both, 4), high);
      weight[1][v] = _mm512_and_si512(both, high);
    }
    UNROLL for (int s = 0; s < 2; s++) {
      UNROLL for (int p = 0; p < P; p++) {
        const __m512i bytes = broadcast4(pixel[p] + step[s]);
        __m512i *sum = acc + 4 * (p + s * (S - 1));
        UNROLL for (int v = 0; v < 4; v++) sum[v] = _mm512_dpbusd_epi32(sum[v], bytes, weight[s][v]);
      }
    }
  }
  if (S == 2) UNROLL for (int v = 0; v < 4; v++) acc[v] = _mm512_add_epi32(acc[v], acc[4 + v]);
  for (int p = 0; p < P; p++) store(acc + 4 * p, a, first + p);
}

ISA void swl_dense_u8s4__avx512vnni(const swl_conv_args *a) {
  ptrdiff_t first = 0;
  for (; first + 4 <= a->window_count; first += 4) images(4, a, first);
  for (; first < a->window_count; first++) images(1, a, first);
}
#endif
