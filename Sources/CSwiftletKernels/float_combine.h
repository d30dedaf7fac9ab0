// out[s][0..run) += sum over i of factor[i] * source[i][s][0..run), segments s apart by their strides: the winners-only
// backward pass, where `source` is input patches (weight gradient) or filters (input gradient).
INLINE void NAME(combine_block)(
    const int ns, const int nv, const float *factor, const float *const *source, long count, long source_offset,
    long source_stride, float *out, long out_stride) {
  vf acc[CV];
  UNROLL for (int s = 0; s < ns; s++) UNROLL for (int v = 0; v < nv; v++) acc[s * nv + v] = (vf)0;
  ROLLED for (long i = 0; i < count; i++) {
    vf f = splat(factor[i]);
    const float *x = source[i] + source_offset;
    UNROLL for (int s = 0; s < ns; s++) UNROLL for (int v = 0; v < nv; v++)
      acc[s * nv + v] += f * load(x + s * source_stride + v * VL);
  }
  UNROLL for (int s = 0; s < ns; s++) UNROLL for (int v = 0; v < nv; v++) {
    float *o = out + s * out_stride + v * VL;
    store(o, load(o) + acc[s * nv + v]);
  }
}

INLINE void NAME(combine_segments)(
    const int ns, const float *factor, const float *const *source, long count, long run, long source_offset,
    long source_stride, float *out, long out_stride) {
  const int most = CV / ns < 8 ? CV / ns : 8;
  long c = 0;
  while (c + VL <= run) {
    long n = (run - c) / VL < most ? (run - c) / VL : most;
#define BLOCK(m) NAME(combine_block)(ns, (m) < most ? (m) : most, factor, source, count, source_offset + c, \
    source_stride, out + c, out_stride)
    switch (n) {
      case 1: BLOCK(1); break;
      case 2: BLOCK(2); break;
      case 3: BLOCK(3); break;
      case 4: BLOCK(4); break;
      case 5: BLOCK(5); break;
      case 6: BLOCK(6); break;
      case 7: BLOCK(7); break;
      default: BLOCK(8); break;
    }
#undef BLOCK
    c += n * VL;
  }
  if (c == run) return;
  if (run >= VL) {
    // The last vector overlaps the one before; only its new lanes are kept.
    const long start = run - VL;
    float lanes[3 * VL] = {0};
    NAME(combine_block)(ns, 1, factor, source, count, source_offset + start, source_stride, lanes, VL);
    for (int s = 0; s < ns; s++)
      for (long t = c; t < run; t++) out[s * out_stride + t] += lanes[s * VL + t - start];
    return;
  }
  for (int s = 0; s < ns; s++) {
    float lanes[VL] = {0};
    for (long i = 0; i < count; i++) {
      const float *x = source[i] + source_offset + s * source_stride;
      for (long t = 0; t < run; t++) lanes[t] += factor[i] * x[t];
    }
    for (long t = 0; t < run; t++) out[s * out_stride + t] += lanes[t];
  }
}

TARGET void NAME(swl_combine_f32)(
    const float *factor, const float *const *source, long count, long segments, long run, long source_stride,
    float *out, long out_stride) {
  if (count == 0) return;
  long s = 0;
  for (; s + 3 <= segments; s += 3)
    NAME(combine_segments)(3, factor, source, count, run, s * source_stride, source_stride, out + s * out_stride, out_stride);
  for (; s < segments; s++)
    NAME(combine_segments)(1, factor, source, count, run, s * source_stride, source_stride, out + s * out_stride, out_stride);
}
