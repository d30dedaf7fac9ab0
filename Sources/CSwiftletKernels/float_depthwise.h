// One filter per channel, filters stored [tap][channel]. Rows are patch origins; taps are offsets from them.
TARGET void NAME(swl_depthwise_f32)(
    const float *const *rows, long count, const int32_t *tap, long taps, long channels, const float *weights,
    const float *bias, float low, float high, float *out) {
  for (long i = 0; i < count; i++, out += channels) {
    for (long c = 0; c < channels; c++) out[c] = 0;
    for (long t = 0; t < taps; t++) {
      const float *restrict x = rows[i] + tap[t], *restrict w = weights + t * channels;
      for (long c = 0; c < channels; c++) out[c] += x[c] * w[c];
    }
    for (long c = 0; c < channels; c++) {
      float v = out[c] + bias[c];
      v = v < low ? low : v;
      out[c] = v > high ? high : v;
    }
  }
}

TARGET void NAME(swl_depthwise_input_f32)(
    float *const *rows, long count, const int32_t *tap, long taps, long channels, const float *weights,
    const float *dy) {
  for (long i = 0; i < count; i++, dy += channels)
    for (long t = 0; t < taps; t++) {
      float *restrict dx = rows[i] + tap[t];
      const float *restrict w = weights + t * channels, *restrict g = dy;
      for (long c = 0; c < channels; c++) dx[c] += g[c] * w[c];
    }
}

TARGET void NAME(swl_depthwise_weight_f32)(
    const float *const *rows, long count, const int32_t *tap, long taps, long channels, const float *dy, float *dw) {
  for (long i = 0; i < count; i++, dy += channels)
    for (long t = 0; t < taps; t++) {
      const float *restrict x = rows[i] + tap[t], *restrict g = dy;
      float *restrict d = dw + t * channels;
      for (long c = 0; c < channels; c++) d[c] += g[c] * x[c];
    }
}
