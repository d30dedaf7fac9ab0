// Distortion of training images. No operation is contracted: the same bytes on every processor.
#pragma clang fp contract(off)

typedef int64_t vh __attribute__((ext_vector_type(VL / 2)));

// Splits pairs of floats: an integer of 64 bits holds the first in its low half.
INLINE void split(const vl *pairs, vf *first, vf *second) {
  *first = (vf)__builtin_convertvector(*pairs, vi);
  *second = (vf)__builtin_convertvector(*pairs >> 32, vi);
}

// The two floats at p + offset[l] for each lane.
INLINE void neighbours(const float *p, vi offset, vf *first, vf *second) {
  vl pairs = 0;
  UNROLL for (int l = 0; l < VL; l++) {
    int64_t both;
    __builtin_memcpy(&both, p + offset[l], sizeof both);
    pairs[l] = both;
  }
  split(&pairs, first, second);
}

TARGET void NAME(swl_warp_row_u8)(
    const float *bordered, long height, long width, long channels, const float *map, float v, const float *displacement,
    uint8_t *out) {
  const int is_little_endian = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
  const int pitch = (int)width + 2;
  if (channels != 1 || width < VL || !is_little_endian || (height + 2) * (width + 2) > INT32_MAX) {
    swl_warp_row_u8(bordered, height, width, channels, map, v, displacement, out);
    return;
  }
  const float centre_x = (float)(width - 1) / 2, centre_y = (float)(height - 1) / 2;
  const vf right = splat((float)width), bottom = splat((float)height);
  const vi most_left = (vi)(int32_t)width, most_top = (vi)(int32_t)height;
  vf lane;
  UNROLL for (int l = 0; l < VL; l++) lane[l] = (float)l;
  for (long first = 0; first < width; first += VL) {
    // The last vector reaches back over pixels done already.
    if (first + VL > width) first = width - VL;
    const vf u = splat((float)first) + lane - splat(centre_x);
    vl moved;
    vf moved_x, moved_y;
    __builtin_memcpy(&moved, displacement + 2 * first, sizeof moved);
    split(&moved, &moved_x, &moved_y);
    vf sx = splat(map[0]) * u + splat(map[1] * v) + splat(map[2]) + splat(centre_x) + moved_x;
    vf sy = splat(map[3]) * u + splat(map[4] * v) + splat(map[5]) + splat(centre_y) + moved_y;
    const vi inside = (sx > -1) & (sy > -1) & (sx < right) & (sy < bottom);
    sx = inside ? sx : (vf)0;
    sy = inside ? sy : (vf)0;
    vi left = __builtin_convertvector(sx + 1, vi), top = __builtin_convertvector(sy + 1, vi);
    left = left > most_left ? most_left : left;
    top = top > most_top ? most_top : top;
    const vf fx = sx - __builtin_convertvector(left - 1, vf), fy = sy - __builtin_convertvector(top - 1, vf);
    const vi offset = top * pitch + left;
    vf a, b, c, d;
    neighbours(bordered, offset, &a, &b);
    neighbours(bordered + pitch, offset, &c, &d);
    const vf upper = a + fx * (b - a), lower = c + fx * (d - c);
    const vi pixel = __builtin_convertvector(upper + fy * (lower - upper) + 0.5f, vi) & inside;
    const vb bytes = __builtin_convertvector(pixel, vb);
    __builtin_memcpy(out + first, &bytes, sizeof bytes);
  }
}

TARGET void NAME(swl_elastic_row_f32)(
    const float *points, const float *weights, long spacing, long width, float *displacement) {
  // Pixels of one offset in their cells lie `spacing` apart and read neighbouring points: vectors run over the cells.
  for (long o = 0; o < spacing && o < width; o++) {
    const float *w = weights + 4 * o;
    const long cells = (width - 1 - o) / spacing + 1;
    for (long cell = 0; cell < cells; cell += VL / 2) {
      const float *p = points + 2 * cell;
      vf sum = load(p) * splat(w[0]);
      sum += load(p + 2) * splat(w[1]);
      sum += load(p + 4) * splat(w[2]);
      sum += load(p + 6) * splat(w[3]);
      float *d = displacement + 2 * (cell * spacing + o);
      const vh pairs = (vh)sum;
      UNROLL for (int l = 0; l < VL / 2; l++) {
        const int64_t both = pairs[l];
        if (cell + l < cells) __builtin_memcpy(d + 2 * l * spacing, &both, sizeof both);
      }
    }
  }
}
#pragma clang fp contract(on)
