// Where the gradient of a pooled output goes. Winners are few and scattered: they are found sixteen at a time, and only
// those that pass a gradient are visited, in the order of the channels.
#include "swl_float.h"

typedef uint8_t bytes16 __attribute__((ext_vector_type(16)));
typedef _Bool flags16 __attribute__((ext_vector_type(16)));

// Sixteen winners, or the `count` that are left.
static inline bytes16 load_winners(const uint8_t *winner, long count) {
  bytes16 v = SWL_NO_WINNER;
  if (count >= 16) {
    __builtin_memcpy(&v, winner, sizeof v);
  } else {
    for (long i = 0; i < count; i++) v[i] = winner[i];
  }
  return v;
}

// Bit i tells whether lane i is not zero.
static inline uint32_t mask_of(bytes16 lanes) {
  const flags16 flags = __builtin_convertvector(lanes != 0, flags16);
  uint16_t mask;
  __builtin_memcpy(&mask, &flags, sizeof mask);
  return mask;
}

void swl_route_to_filters_f32(
    const float *const *origins, long count, const int32_t *pixel, long channels, const uint8_t *winner,
    const float *dy, long capacity, float *factor, const float **source, int32_t *channel_count,
    float *bias_gradient) {
  for (long i = 0; i < count; i++, winner += channels, dy += channels) {
    const float *origin = origins[i];
    for (long first = 0; first < channels; first += 16) {
      uint32_t mask = mask_of((bytes16)(load_winners(winner + first, channels - first) != (bytes16)SWL_NO_WINNER));
      for (; mask; mask &= mask - 1) {
        const long c = first + __builtin_ctz(mask), at = c * capacity + channel_count[c];
        // Written in any case; the length advances only past those that count.
        factor[at] = dy[c];
        source[at] = origin + pixel[winner[c]];
        channel_count[c] += dy[c] != 0;
        bias_gradient[c] += dy[c];
      }
    }
  }
}

void swl_route_to_pixels_f32(
    long channels, const uint8_t *winner, const float *dy, const float *filters, long filter_stride, float *factor,
    const float **source, int32_t *pixel_count) {
  int32_t counts[4] = {0};
  for (long first = 0; first < channels; first += 16) {
    const bytes16 won = load_winners(winner + first, channels - first);
    for (int p = 0; p < 4; p++) {
      float *f = factor + p * channels;
      const float **s = source + p * channels;
      int32_t n = counts[p];
      for (uint32_t mask = mask_of((bytes16)(won == (bytes16)(uint8_t)p)); mask; mask &= mask - 1) {
        const long c = first + __builtin_ctz(mask);
        f[n] = dy[c];
        s[n] = filters + c * filter_stride;
        n += dy[c] != 0;
      }
      counts[p] = n;
    }
  }
  for (int p = 0; p < 4; p++) pixel_count[p] = counts[p];
}
