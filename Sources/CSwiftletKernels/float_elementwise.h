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
