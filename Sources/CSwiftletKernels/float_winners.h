// The weight gradient of a convolution over one channel from its pool's winners: vectors run along the filters, and every
// lane picks the pixels under its own winner. Winner p = 2 y + x of a window starts y rows down and x pixels right.
//
// out[tap][lane] += dy * pixel, and one more row after the taps += dy, for `ny` filter rows of `nx` taps from row `first` on.
INLINE void NAME(winner_block)(
    const int ny, const int nx, const float *const *windows, long count, long step_y, long first,
    const uint8_t *winner, const float *dy, long channels, float *out, long out_stride, float *bias) {
  vf acc[25], sum = load(bias);
  UNROLL for (int t = 0; t < ny * nx; t++) acc[t] = load(out + t * out_stride);
  ROLLED for (long i = 0; i < count; i++, winner += channels, dy += channels) {
    vb bytes;
    __builtin_memcpy(&bytes, winner, sizeof bytes);
    const vi won = __builtin_convertvector(bytes, vi);
    const vf g = (won != (vi)SWL_NO_WINNER) ? load(dy) : (vf)0;
    const float *x = windows[i] + first * step_y;
    sum += g;
#if VL == 16
    // Two image rows of eight pixels each are one table to pick from.
    const vi at = ((won & 2) << 2) | (won & 1);
    UNROLL for (int y = 0; y < ny; y++) {
      typedef float half __attribute__((ext_vector_type(8)));
      half above, below;
      __builtin_memcpy(&above, x + y * step_y, sizeof above);
      __builtin_memcpy(&below, x + (y + 1) * step_y, sizeof below);
      const vf rows = __builtin_shufflevector(above, below, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
      UNROLL for (int t = 0; t < nx; t++)
        acc[y * nx + t] += g * (vf)_mm512_permutexvar_ps((__m512i)(at + t), (__m512)rows);
    }
#else
    vf own[4];
    UNROLL for (int p = 0; p < 4; p++) own[p] = (won == (vi)p) ? g : (vf)0;
    UNROLL for (int y = 0; y < ny; y++) UNROLL for (int t = 0; t < nx; t++) {
      const float *q = x + y * step_y + t;
      acc[y * nx + t] += own[0] * splat(q[0]) + own[1] * splat(q[1]) + own[2] * splat(q[step_y])
          + own[3] * splat(q[step_y + 1]);
    }
#endif
  }
  UNROLL for (int t = 0; t < ny * nx; t++) store(out + t * out_stride, acc[t]);
  store(bias, sum);
}

TARGET void NAME(swl_winner_filters_f32)(
    const float *const *windows, long count, long step_y, long height, long width, const uint8_t *winner,
    const float *dy, long channels, float *out, long out_stride) {
  float unused[VL] = {0};
  for (long c = 0; c < channels; c += VL) {
    for (long y = 0, n; y < height; y += n) {
      float *bias = y == 0 ? out + height * width * out_stride + c : unused;
      float *o = out + y * width * out_stride + c;
      n = 1;
#define TALL(rows) (VL == 16 ? rows : 2)
#define BLOCK(ny, nx) n = ny, NAME(winner_block)( \
    ny, nx, windows, count, step_y, y, winner + c, dy + c, channels, o, out_stride, bias)
      switch (width) {
        case 1: BLOCK(1, 1); break;
        case 2: if (height - y >= 2) { BLOCK(2, 2); } else { BLOCK(1, 2); } break;
        case 3: if (height - y >= 3) { BLOCK(3, 3); } else { BLOCK(1, 3); } break;
        // As many rows as there are registers for sums.
        case 4: if (height - y >= TALL(4)) { BLOCK(TALL(4), 4); } else { BLOCK(1, 4); } break;
        case 5: if (height - y >= TALL(5)) { BLOCK(TALL(5), 5); } else { BLOCK(1, 5); } break;
        case 6: BLOCK(1, 6); break;
        default: BLOCK(1, 7); break;
      }
#undef BLOCK
#undef TALL
    }
  }
}
