// out[i][out_offset..][0..columns) (+)= clamp(sum over k of patch(rows[i])[k] * weights[k][0..width) + bias)
INLINE void NAME(igemm_block)(
    const int mr, const int nv, const float *const *rows, const int32_t *segment, long segments, long run,
    const float *weights, long width, const float *bias, float low, float high, float *const *out, long out_offset,
    long columns, int accumulate) {
  vf acc[MR][NV];
  UNROLL for (int i = 0; i < mr; i++) UNROLL for (int v = 0; v < nv; v++) acc[i][v] = (vf)0;
  const float *w = weights;
  for (long s = 0; s < segments; s++) {
    const float *x[MR];
    UNROLL for (int i = 0; i < mr; i++) x[i] = rows[i] + segment[s];
    ROLLED for (long r = 0; r < run; r++, w += width) {
      vf b[NV];
      UNROLL for (int v = 0; v < nv; v++) b[v] = load(w + v * VL);
      UNROLL for (int i = 0; i < mr; i++) {
        vf a = splat(x[i][r]);
        UNROLL for (int v = 0; v < nv; v++) acc[i][v] += a * b[v];
      }
    }
  }
  vf lo = splat(low), hi = splat(high);
  UNROLL for (int v = 0; v < nv; v++) {
    long left = columns - v * VL;
    if (left <= 0) break;
    vf b = bias ? load(bias + v * VL) : (vf)0;
    UNROLL for (int i = 0; i < mr; i++)
      store_columns(out[i] + out_offset + v * VL, clamp(acc[i][v] + b, lo, hi), left, accumulate);
  }
}

TARGET void NAME(swl_igemm_f32)(
    const float *const *rows, long count, const int32_t *segment, long segments, long run, const float *weights,
    long width, const float *bias, float low, float high, float *const *out, long out_offset, long columns,
    int accumulate) {
  for (long c = 0; c < columns;) {
    const float *w = weights + c, *b = bias ? bias + c : 0;
    long left = columns - c, offset = out_offset + c;
    const int narrow = left <= (NV + 1) / 2 * VL;
    for (long i = 0, n; i < count; i += n) {
      n = height(count - i);
#define BLOCK(m) NAME(igemm_block)((m) < MR ? (m) : MR, NV, rows + i, segment, segments, run, w, width, b, low, high, \
    out + i, offset, left, accumulate)
#define NARROW(m) NAME(igemm_block)((m) < MR ? (m) : MR, 1, rows + i, segment, segments, run, w, width, b, low, high, \
    out + i, offset, left, accumulate)
      if (narrow) { HEIGHTS(n, NARROW) } else { HEIGHTS(n, BLOCK) }
#undef BLOCK
#undef NARROW
    }
    c += narrow ? VL : NV * VL;
  }
}
