TARGET void NAME(swl_adam_f32)(
    float *restrict w, float *restrict m, float *restrict v, const float *restrict g, long count, float beta1,
    float beta2, float rate, float epsilon, float decay) {
  long i = 0;
  for (; i + VL <= count; i += VL) {
    vf d = load(g + i), p = load(w + i), mi = beta1 * load(m + i) + (1 - beta1) * d;
    vf vi = beta2 * load(v + i) + (1 - beta2) * (d * d);
    store(m + i, mi);
    store(v + i, vi);
    store(w + i, p - decay * p - rate * (mi / (__builtin_elementwise_sqrt(vi) + epsilon)));
  }
  for (; i < count; i++) {
    m[i] = beta1 * m[i] + (1 - beta1) * g[i];
    v[i] = beta2 * v[i] + (1 - beta2) * (g[i] * g[i]);
    w[i] = w[i] - decay * w[i] - rate * (m[i] / (__builtin_elementwise_sqrt(v[i]) + epsilon));
  }
}

TARGET void NAME(swl_momentum_f32)(
    float *restrict w, float *restrict m, const float *restrict g, long count, float momentum, float rate, float decay,
    int nesterov) {
  for (long i = 0; i < count; i++) {
    m[i] = momentum * m[i] + g[i];
    float step = nesterov ? g[i] + momentum * m[i] : m[i];
    w[i] = w[i] - decay * w[i] - rate * step;
  }
}

TARGET void NAME(swl_add_f32)(const float *restrict x, long count, float *restrict y) {
  for (long i = 0; i < count; i++) y[i] += x[i];
}

TARGET void NAME(swl_bytes_f32)(const uint8_t *restrict x, long count, float scale, float *restrict y) {
  for (long i = 0; i < count; i++) y[i] = (float)x[i] * scale;
}

TARGET void NAME(swl_gate_f32)(const float *restrict y, long count, float low, float high, float *restrict dy) {
  for (long i = 0; i < count; i++) dy[i] = y[i] > low && y[i] < high ? dy[i] : 0;
}

TARGET void NAME(swl_spread_winners_f32)(
    long count, long channels, const uint8_t *winner, const float *dy, long width, float *out, float *bias_gradient) {
  for (long i = 0; i < count; i++, winner += channels, dy += channels, out += 4 * width) {
    long c = 0;
    for (; c + VL <= channels; c += VL) {
      vb bytes;
      __builtin_memcpy(&bytes, winner + c, sizeof bytes);
      const vi won = __builtin_convertvector(bytes, vi);
      const vf g = load(dy + c);
      UNROLL for (int p = 0; p < 4; p++) store(out + p * width + c, (won == (vi)p) ? g : (vf)0);
      store(bias_gradient + c, load(bias_gradient + c) + ((won != (vi)SWL_NO_WINNER) ? g : (vf)0));
    }
    if (c < channels && channels >= VL) {
      // The rest as a whole vector that reaches back over channels done already; they are not added twice.
      const long at = channels - VL;
      vb bytes;
      __builtin_memcpy(&bytes, winner + at, sizeof bytes);
      const vi won = __builtin_convertvector(bytes, vi);
      const vf g = load(dy + at);
      UNROLL for (int p = 0; p < 4; p++) store(out + p * width + at, (won == (vi)p) ? g : (vf)0);
      const vf added = (won != (vi)SWL_NO_WINNER) ? g : (vf)0;
      float sum[VL];
      store(sum, added);
      for (; c < channels; c++) bias_gradient[c] += sum[c - at];
    }
    for (; c < channels; c++) {
      for (int p = 0; p < 4; p++) out[p * width + c] = winner[c] == p ? dy[c] : 0;
      bias_gradient[c] += winner[c] != SWL_NO_WINNER ? dy[c] : 0;
    }
  }
}

// 4x4 blocks: four short vectors in, four out, on any instruction set.
TARGET void NAME(swl_pack_f32)(const float *x, long rows, long columns, long stride, long width, float *out) {
  typedef float v4 __attribute__((ext_vector_type(4)));
  for (long r = 0; r < width; r += 4) {
    long c = 0;
    if (r + 4 <= rows) {
      const float *p = x + r * stride;
      for (; c + 4 <= columns; c += 4) {
        v4 a, b, d, e;
        __builtin_memcpy(&a, p + c, 16);
        __builtin_memcpy(&b, p + stride + c, 16);
        __builtin_memcpy(&d, p + 2 * stride + c, 16);
        __builtin_memcpy(&e, p + 3 * stride + c, 16);
        v4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), de = __builtin_shufflevector(d, e, 0, 4, 1, 5);
        v4 fg = __builtin_shufflevector(a, b, 2, 6, 3, 7), hi = __builtin_shufflevector(d, e, 2, 6, 3, 7);
        v4 o0 = __builtin_shufflevector(ab, de, 0, 1, 4, 5), o1 = __builtin_shufflevector(ab, de, 2, 3, 6, 7);
        v4 o2 = __builtin_shufflevector(fg, hi, 0, 1, 4, 5), o3 = __builtin_shufflevector(fg, hi, 2, 3, 6, 7);
        float *o = out + c * width + r;
        __builtin_memcpy(o, &o0, 16);
        __builtin_memcpy(o + width, &o1, 16);
        __builtin_memcpy(o + 2 * width, &o2, 16);
        __builtin_memcpy(o + 3 * width, &o3, 16);
      }
    }
    for (; c < columns; c++)
      for (long t = r; t < r + 4; t++) out[c * width + t] = t < rows ? x[t * stride + c] : 0;
  }
}
