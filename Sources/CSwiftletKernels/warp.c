#include <stdint.h>

#include "swl_float.h"

// No contraction: the same bytes on every processor.
#pragma clang fp contract(off)

enum { BLOCK = 64 };

void swl_warp_row_u8(
    const float *bordered, long height, long width, long channels, const float *map, float v, const float *displacement,
    uint8_t *out) {
  const float centre_x = (float)(width - 1) / 2, centre_y = (float)(height - 1) / 2;
  const float right = (float)width, bottom = (float)height;
  const long pitch = (width + 2) * channels;
  float sx[BLOCK], sy[BLOCK];
  for (long first = 0; first < width; first += BLOCK) {
    const long count = width - first < BLOCK ? width - first : BLOCK;
    const float *moved = displacement + 2 * first;
    for (long i = 0; i < count; i++) {
      const float u = (float)(first + i) - centre_x;
      sx[i] = map[0] * u + map[1] * v + map[2] + centre_x + moved[2 * i];
      sy[i] = map[3] * u + map[4] * v + map[5] + centre_y + moved[2 * i + 1];
    }
    for (long i = 0; i < count; i++, out += channels) {
      if (!(sx[i] > -1 && sy[i] > -1 && sx[i] < right && sy[i] < bottom)) {
        for (long c = 0; c < channels; c++) out[c] = 0;
        continue;
      }
      // Truncation of a value shifted by one is the floor, from -1 on; the border shifts by one too.
      int left = (int)(sx[i] + 1), top = (int)(sy[i] + 1);
      // Just below the end the sum may round up to it, one column or row past the border.
      if (left > width) left = (int)width;
      if (top > height) top = (int)height;
      const float fx = sx[i] - (float)(left - 1), fy = sy[i] - (float)(top - 1);
      const float *at = bordered + top * pitch + left * channels;
      for (long c = 0; c < channels; c++) {
        const float upper = at[c] + fx * (at[channels + c] - at[c]);
        const float lower = at[pitch + c] + fx * (at[pitch + channels + c] - at[pitch + c]);
        out[c] = (uint8_t)(upper + fy * (lower - upper) + 0.5f);
      }
    }
  }
}

void swl_elastic_row_f32(const float *points, const float *weights, long spacing, long width, float *displacement) {
  for (long x = 0; x < width; x++) {
    const float *p = points + x / spacing * 2, *w = weights + x % spacing * 4;
    for (int axis = 0; axis < 2; axis++) {
      float sum = p[axis] * w[0];
      for (int k = 1; k < 4; k++) sum += p[2 * k + axis] * w[k];
      displacement[2 * x + axis] = sum;
    }
  }
}
