// Where the gradient of a pooled output goes. Lists are filled without branches: every entry is written, and the length
// advances only past those that count.
#include "swl_float.h"

void swl_route_to_filters_f32(
    const float *const *origins, long count, const int32_t *pixel, long channels, const uint8_t *winner,
    const float *dy, long capacity, float *factor, const float **source, int32_t *channel_count,
    float *bias_gradient) {
  for (long i = 0; i < count; i++, winner += channels, dy += channels) {
    const float *origin = origins[i];
    for (long c = 0; c < channels; c++) {
      const int won = winner[c] != SWL_NO_WINNER;
      const long at = c * capacity + channel_count[c];
      factor[at] = dy[c];
      source[at] = origin + pixel[winner[c] & 3];
      channel_count[c] += won & (dy[c] != 0);
      bias_gradient[c] += won ? dy[c] : 0;
    }
  }
}

void swl_route_to_pixels_f32(
    long channels, const uint8_t *winner, const float *dy, const float *filters, long filter_stride, float *factor,
    const float **source, int32_t *pixel_count) {
  int32_t n[4] = {0};
  for (long c = 0; c < channels; c++) {
    const int p = winner[c] & 3;
    const long at = p * channels + n[p];
    factor[at] = dy[c];
    source[at] = filters + c * filter_stride;
    n[p] += (winner[c] != SWL_NO_WINNER) & (dy[c] != 0);
  }
  for (int p = 0; p < 4; p++) pixel_count[p] = n[p];
}
