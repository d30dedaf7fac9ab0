// out[j][0..columns) += sum over i of a[i][a_offset + j] * b[i][b_offset..][0..columns), for j in 0..<rows: a weight gradient.
INLINE void NAME(outer_block)(
    const int mr, const int nv, const float *const *a, long a_offset, const float *const *b, long b_offset, long count,
    float *out, long out_stride) {
  vf acc[MR][NV];
  UNROLL for (int j = 0; j < mr; j++) UNROLL for (int v = 0; v < nv; v++)
    acc[j][v] = load(out + j * out_stride + v * VL);
  ROLLED for (long i = 0; i < count; i++) {
    const float *p = a[i] + a_offset, *q = b[i] + b_offset;
    vf x[NV];
    UNROLL for (int v = 0; v < nv; v++) x[v] = load(q + v * VL);
    UNROLL for (int j = 0; j < mr; j++) {
      vf y = splat(p[j]);
      UNROLL for (int v = 0; v < nv; v++) acc[j][v] += y * x[v];
    }
  }
  UNROLL for (int j = 0; j < mr; j++) UNROLL for (int v = 0; v < nv; v++)
    store(out + j * out_stride + v * VL, acc[j][v]);
}

TARGET void NAME(swl_outer_f32)(
    const float *const *a, long a_offset, long rows, const float *const *b, long b_offset, long columns, long count,
    float *out, long out_stride) {
  long c = 0;
  for (; c + VL <= columns; ) {
    int wide = c + NV * VL <= columns;
    for (long j = 0, n; j < rows; j += n) {
      n = height(rows - j);
      float *o = out + j * out_stride + c;
#define BLOCK(m) NAME(outer_block)((m) < MR ? (m) : MR, NV, a, a_offset + j, b, b_offset + c, count, o, out_stride)
#define NARROW(m) NAME(outer_block)((m) < MR ? (m) : MR, 1, a, a_offset + j, b, b_offset + c, count, o, out_stride)
      if (wide) { HEIGHTS(n, BLOCK) } else { HEIGHTS(n, NARROW) }
#undef BLOCK
#undef NARROW
    }
    c += wide ? NV * VL : VL;
  }
  if (c == columns) return;
  if (columns < VL) {
    for (; c < columns; c++)
      for (long j = 0; j < rows; j++) {
        float sum = out[j * out_stride + c];
        for (long i = 0; i < count; i++) sum += a[i][a_offset + j] * b[i][b_offset + c];
        out[j * out_stride + c] = sum;
      }
    return;
  }
  // The last vector overlaps the one before; only its new lanes are kept.
  const long start = columns - VL;
  for (long j = 0, n; j < rows; j += n) {
    float lanes[MR * VL] = {0};
    n = height(rows - j);
#define BLOCK(m) NAME(outer_block)((m) < MR ? (m) : MR, 1, a, a_offset + j, b, b_offset + start, count, lanes, VL)
    HEIGHTS(n, BLOCK)
#undef BLOCK
    for (long r = 0; r < n; r++)
      for (long t = c; t < columns; t++) out[(j + r) * out_stride + t] += lanes[r * VL + t - start];
  }
}
