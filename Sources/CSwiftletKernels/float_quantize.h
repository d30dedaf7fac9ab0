// Quantization-aware training. Integers are held as floats, below 2^24 in magnitude and so exact. No operation is
// contracted: every instruction set gives the same floats.
#pragma clang fp contract(off)

typedef int64_t vl __attribute__((ext_vector_type(VL)));

INLINE vi load_integers(const int32_t *p) { vi v; __builtin_memcpy(&v, p, sizeof v); return v; }

// The definition of requantization: Numerics.md.
INLINE float NAME(requantized)(int64_t product, int32_t shift, float low, float high) {
  int64_t q = (product + ((int64_t)1 << (shift - 1))) >> shift;
  q = q < INT32_MIN ? INT32_MIN : q > INT32_MAX ? INT32_MAX : q;
  const float v = (float)(int32_t)q, least = v < low ? low : v;
  return least > high ? high : least;
}

TARGET void NAME(swl_requantize_f32)(
    float *x, long count, long channels, const int32_t *mantissa, const int32_t *shift, float low, float high,
    float unit) {
  // From 33 on a shift acts on the upper half of the product alone, and nothing saturates.
  int is_upper = 1;
  for (long c = 0; c < channels; c++) is_upper &= shift[c] >= 33;
  const long step = VL % channels;
  long i = 0, c = 0;
  for (; is_upper && i + VL <= count; i += VL) {
    const vl a = __builtin_convertvector(__builtin_convertvector(load(x + i), vi), vl);
    const vl m = __builtin_convertvector(load_integers(mantissa + c), vl);
    const vi upper = __builtin_convertvector((a * m) >> 32, vi), s = load_integers(shift + c) - 32;
    const vi q = (upper + ((vi)1 << (s - 1))) >> s;
    store(x + i, splat(unit) * clamp(__builtin_convertvector(q, vf), splat(low), splat(high)));
    c += step;
    c -= c >= channels ? channels : 0;
  }
  for (; i < count; i++) {
    x[i] = unit * NAME(requantized)((int64_t)(int32_t)x[i] * mantissa[c], shift[c], low, high);
    c = c + 1 < channels ? c + 1 : 0;
  }
}

TARGET void NAME(swl_requantize_gradient_f32)(
    const float *u, float *dy, long count, long channels, const float *factor, float low, float high) {
  const long step = VL % channels;
  long i = 0, c = 0;
  for (; i + VL <= count; i += VL) {
    const vf v = load(u + i);
    store(dy + i, ((v > splat(low)) & (v < splat(high))) ? load(dy + i) * load(factor + c) : (vf)0);
    c += step;
    c -= c >= channels ? channels : 0;
  }
  for (; i < count; i++) {
    dy[i] = u[i] > low && u[i] < high ? dy[i] * factor[c] : 0;
    c = c + 1 < channels ? c + 1 : 0;
  }
}

TARGET void NAME(swl_gate_add_f32)(
    const float *y, const float *dy, long count, float factor, float low, float high, float *dx) {
  for (long i = 0; i < count; i++) dx[i] += y[i] > low && y[i] < high ? factor * dy[i] : 0;
}

TARGET void NAME(swl_pixels_to_integers_f32)(float *x, long count, float inverse) {
  for (long i = 0; i < count; i++) x[i] = (float)((int32_t)(x[i] * inverse + 256.5f) - 256);
}

TARGET float NAME(swl_round_weights_f32)(const float *w, long count, float inverse, float limit, float *q) {
  // Added to a number this small, it leaves no place for fractions: the sum is rounded to nearest even.
  const float unit = 0x1.8p23f;
  vf sum = 0;
  float rest = 0;
  long i = 0;
  for (; i + VL <= count; i += VL) {
    const vf v = load(w + i) * splat(inverse);
    // In this order NaN becomes a number: integers have none.
    const vf most = v < splat(limit) ? v : splat(limit), least = most > splat(-limit) ? most : splat(-limit);
    const vf rounded = (least + splat(unit)) - splat(unit);
    store(q + i, rounded);
    sum += __builtin_elementwise_abs(rounded);
  }
  for (; i < count; i++) {
    const float v = w[i] * inverse, most = v < limit ? v : limit, least = most > -limit ? most : -limit;
    q[i] = (least + unit) - unit;
    rest += __builtin_elementwise_abs(q[i]);
  }
  UNROLL for (int l = 0; l < VL; l++) rest += sum[l];
  return rest;
}

TARGET void NAME(swl_round_gradient_f32)(const float *w, float *dw, long count, float inverse, float reach) {
  for (long i = 0; i < count; i++) {
    const float position = w[i] * inverse;
    dw[i] = __builtin_elementwise_abs(position) > reach && dw[i] * position < 0 ? 0 : dw[i] * inverse;
  }
}

TARGET void NAME(swl_fisher_f32)(
    const uint8_t *restrict keep, float *restrict dw, float *restrict information, long count, float decay) {
  for (long i = 0; i < count; i++) {
    const float g = keep[i] ? dw[i] : 0;
    dw[i] = g;
    information[i] = decay * information[i] + (1 - decay) * g * g;
  }
}

TARGET void NAME(swl_mask_f32)(const uint8_t *restrict keep, float *restrict w, long count) {
  for (long i = 0; i < count; i++) w[i] = keep[i] ? w[i] : 0;
}
#pragma clang fp contract(on)
