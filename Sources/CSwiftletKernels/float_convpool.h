// Stores the maximum of a window's four sums, bias and clamp applied, and its winner: the first maximum in row-major order,
// SWL_NO_WINNER where the clamp is flat, so that backward visits only winners that carry a gradient.
INLINE void NAME(store_pooled)(
    const vf *y, vf bias, vf low, vf high, float *out, uint8_t *winner, long columns) {
  vf best = y[0];
  vi which = 0;
  UNROLL for (int p = 1; p < 4; p++) {
    // A NaN anywhere in the window wins, as it would in a plain max that propagates NaN.
    const vi greater = (y[p] > best) | (y[p] != y[p]);
    best = greater ? y[p] : best;
    which = greater ? (vi)p : which;
  }
  best += bias;
  which = ((best > low) & (best < high)) ? which : (vi)SWL_NO_WINNER;
  store_columns(out, clamp(best, low, high), columns, 0);
  if (winner) {
    const vb bytes = __builtin_convertvector(which, vb);
    if (columns >= VL) {
      __builtin_memcpy(winner, &bytes, sizeof bytes);
    } else {
      copy_lanes(winner, &bytes, columns, 1);
    }
  }
}

// Convolution + bias + 2x2 max + clamp, one pass.
INLINE void NAME(convpool_block)(
    const int pw, const int nv, const float *const *windows, long step_x, long step_y, const int32_t *segment,
    long segments, long run, const float *weights, long width, const float *bias, float low, float high, float *out,
    uint8_t *winner, long out_stride, long columns) {
  vf acc[NPW][4][NV];
  UNROLL for (int i = 0; i < pw; i++) UNROLL for (int p = 0; p < 4; p++)
    UNROLL for (int v = 0; v < nv; v++) acc[i][p][v] = (vf)0;
  const float *w = weights;
  for (long s = 0; s < segments; s++) {
    const float *x[NPW];
    UNROLL for (int i = 0; i < pw; i++) x[i] = windows[i] + segment[s];
    ROLLED for (long r = 0; r < run; r++, w += width) {
      vf b[NV];
      UNROLL for (int v = 0; v < nv; v++) b[v] = load(w + v * VL);
      UNROLL for (int i = 0; i < pw; i++) {
        const float *q = x[i] + r;
        vf a0 = splat(q[0]), a1 = splat(q[step_x]), a2 = splat(q[step_y]), a3 = splat(q[step_x + step_y]);
        UNROLL for (int v = 0; v < nv; v++) {
          acc[i][0][v] += a0 * b[v];
          acc[i][1][v] += a1 * b[v];
          acc[i][2][v] += a2 * b[v];
          acc[i][3][v] += a3 * b[v];
        }
      }
    }
  }
  vf lo = splat(low), hi = splat(high);
  UNROLL for (int v = 0; v < nv; v++) {
    long left = columns - v * VL;
    if (left <= 0) break;
    vf b = load(bias + v * VL);
    UNROLL for (int i = 0; i < pw; i++) {
      vf y[4];
      UNROLL for (int p = 0; p < 4; p++) y[p] = acc[i][p][v];
      const long at = i * out_stride + v * VL;
      NAME(store_pooled)(y, b, lo, hi, out + at, winner ? winner + at : 0, left);
    }
  }
}

TARGET void NAME(swl_convpool_f32)(
    const float *const *windows, long count, long step_x, long step_y, const int32_t *segment, long segments, long run,
    const float *weights, long width, const float *bias, float low, float high, float *out, uint8_t *winner,
    long out_stride, long columns) {
#define BLOCK(pw, nv) NAME(convpool_block)(pw, nv, windows + i, step_x, step_y, segment, segments, run, weights + c, \
    width, bias + c, low, high, out + i * out_stride + c, winner ? winner + i * out_stride + c : 0, out_stride, columns - c)
  for (long c = 0; c < columns;) {
    // Half a block or less goes one vector at a time, over more windows.
    const int narrow = columns - c <= (PNV + 1) / 2 * VL;
    long i = 0;
    if (narrow) {
      for (; i + NPW <= count; i += NPW) BLOCK(NPW, 1);
      for (; i < count; i++) BLOCK(1, 1);
    } else {
      for (; i + PW <= count; i += PW) BLOCK(PW, PNV);
      for (; i < count; i++) BLOCK(1, PNV);
    }
    c += narrow ? VL : PNV * VL;
  }
#undef BLOCK
}
