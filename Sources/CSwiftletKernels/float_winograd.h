// Winograd's F(2x2, 3x3): a tile of 2x2 outputs of a 3x3 convolution, which is one pool window, from 16 products instead
// of 36 (Lavin and Gray 2016). Its rows transform like its columns:
//   input  d0 - d2, d1 + d2, d2 - d1, d1 - d3     filter  g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2
//   output m0 + m1 + m2, m1 - m2 - m3
INLINE void NAME(winograd_filter_row)(const vf *g, long step, vf *u) {
  const vf ends = splat(0.5f) * (g[0] + g[2 * step]), middle = splat(0.5f) * g[step];
  u[0] = g[0];
  u[1] = ends + middle;
  u[2] = ends - middle;
  u[3] = g[2 * step];
}

TARGET void NAME(swl_winograd_filters_f32)(const float *weights, long channels, long width, float *transformed) {
  for (long c = 0; c < channels; c++) {
    for (long k = 0; k < width; k += VL) {
      vf g[9], rows[12], u[4];
      UNROLL for (int t = 0; t < 9; t++) g[t] = load(weights + (t * channels + c) * width + k);
      // rows[4 * kx + y]
      UNROLL for (int x = 0; x < 3; x++) NAME(winograd_filter_row)(g + x, 3, rows + 4 * x);
      UNROLL for (int y = 0; y < 4; y++) {
        NAME(winograd_filter_row)(rows + y, 4, u);
        UNROLL for (int x = 0; x < 4; x++) store(transformed + ((4 * y + x) * channels + c) * width + k, u[x]);
      }
    }
  }
}

INLINE void NAME(winograd_input_block)(const float *x, long step_x, long step_y, float *out, long out_stride) {
  vf rows[4][4];
  UNROLL for (int i = 0; i < 4; i++) {
    const vf d0 = load(x + i * step_x), d1 = load(x + step_y + i * step_x);
    const vf d2 = load(x + 2 * step_y + i * step_x), d3 = load(x + 3 * step_y + i * step_x);
    rows[0][i] = d0 - d2;
    rows[1][i] = d1 + d2;
    rows[2][i] = d2 - d1;
    rows[3][i] = d1 - d3;
  }
  UNROLL for (int y = 0; y < 4; y++) {
    const vf *d = rows[y];
    float *o = out + 4 * y * out_stride;
    store(o, d[0] - d[2]);
    store(o + out_stride, d[1] + d[2]);
    store(o + 2 * out_stride, d[2] - d[1]);
    store(o + 3 * out_stride, d[1] - d[3]);
  }
}

TARGET void NAME(swl_winograd_input_f32)(
    const float *const *windows, long count, long step_x, long step_y, long channels, float *transformed) {
  const long stride = count * channels + SWL_FLOAT_LANES;
  // What the last vector of a tile stores past its channels, the next tile overwrites.
  for (long i = 0; i < count; i++)
    for (long c = 0; c < channels; c += VL)
      NAME(winograd_input_block)(windows[i] + c, step_x, step_y, transformed + i * channels + c, stride);
}

// The products of `mr` tiles: products[point][tile][nv * VL].
INLINE void NAME(winograd_products)(
    const int mr, const int nv, const float *transformed, long stride, long channels, const float *weights, long width,
    float *products) {
  ROLLED for (int p = 0; p < 16; p++, transformed += stride, products += MR * NV * VL) {
    vf acc[MR][NV];
    UNROLL for (int i = 0; i < mr; i++) UNROLL for (int v = 0; v < nv; v++) acc[i][v] = (vf)0;
    ROLLED for (long c = 0; c < channels; c++, weights += width) {
      vf b[NV];
      UNROLL for (int v = 0; v < nv; v++) b[v] = load(weights + v * VL);
      UNROLL for (int i = 0; i < mr; i++) {
        const vf a = splat(transformed[i * channels + c]);
        UNROLL for (int v = 0; v < nv; v++) acc[i][v] += a * b[v];
      }
    }
    UNROLL for (int i = 0; i < mr; i++) UNROLL for (int v = 0; v < nv; v++)
      store(products + (i * NV + v) * VL, acc[i][v]);
  }
}

// The four outputs of a tile from its products, which lie `stride` apart.
INLINE void NAME(winograd_outputs)(const float *products, const long stride, vf *y) {
  vf rows[2][4];
  UNROLL for (int x = 0; x < 4; x++) {
    const vf m0 = load(products + x * stride), m1 = load(products + (4 + x) * stride);
    const vf m2 = load(products + (8 + x) * stride), m3 = load(products + (12 + x) * stride);
    rows[0][x] = m0 + m1 + m2;
    rows[1][x] = m1 - m2 - m3;
  }
  UNROLL for (int r = 0; r < 2; r++) {
    y[2 * r] = rows[r][0] + rows[r][1] + rows[r][2];
    y[2 * r + 1] = rows[r][1] - rows[r][2] - rows[r][3];
  }
}

TARGET void NAME(swl_winograd_convpool_f32)(
    const float *transformed, long count, long channels, const float *weights, long width, const float *bias, float low,
    float high, float *out, uint8_t *winner, long out_stride, long columns) {
  float products[16 * MR * NV * VL] __attribute__((aligned(64)));
  const long stride = count * channels + SWL_FLOAT_LANES;
  for (long k = 0; k < columns;) {
    const int narrow = columns - k <= (NV + 1) / 2 * VL;
    const long vectors = narrow ? 1 : NV;
    for (long i = 0, n; i < count; i += n) {
      n = height(count - i);
#define BLOCK(m) NAME(winograd_products)((m) < MR ? (m) : MR, NV, transformed + i * channels, stride, channels, \
    weights + k, width, products)
#define NARROW(m) NAME(winograd_products)((m) < MR ? (m) : MR, 1, transformed + i * channels, stride, channels, \
    weights + k, width, products)
      if (narrow) { HEIGHTS(n, NARROW) } else { HEIGHTS(n, BLOCK) }
#undef BLOCK
#undef NARROW
      for (long v = 0; v < vectors; v++) {
        const long left = columns - k - v * VL;
        if (left <= 0) break;
        const vf b = load(bias + k + v * VL);
        for (long t = 0; t < n; t++) {
          vf y[4];
          NAME(winograd_outputs)(products + (t * NV + v) * VL, MR * NV * VL, y);
          const long at = (i + t) * out_stride + k + v * VL;
          NAME(store_pooled)(y, b, splat(low), splat(high), out + at, winner ? winner + at : 0, left);
        }
      }
    }
    k += vectors * VL;
  }
}

TARGET float NAME(swl_winograd_reach_f32)(const float *transformed, long channels, long width) {
  float greatest = 0;
  for (long k = 0; k < width; k += VL) {
    vf sum = (vf)0;
    for (long i = 0; i < 16 * channels; i++) sum += __builtin_elementwise_abs(load(transformed + i * width + k));
    UNROLL for (int l = 0; l < VL; l++) greatest = sum[l] > greatest ? sum[l] : greatest;
  }
  return greatest;
}
