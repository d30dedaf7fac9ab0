// Kernels that work on runs of channels: depthwise convolution, pools, addition. The including file defines
// ISA (a target attribute), NAME(kernel) and BYTES, the width of a vector of u8; the compiler lowers the
// vector types below to that instruction set. DEPTHWISE_WIDE, where defined, tries a depthwise layer first; with
// NO_DEPTHWISE there is none.
// LOAD_FEW(type, x, count) and STORE_FEW(y, value, count), where defined, move the first bytes of a u8v or u8q.

#define INLINE SWL_INLINE ISA
enum { LANES = BYTES / 4 };

typedef uint8_t u8v __attribute__((vector_size(BYTES)));
typedef uint8_t u8q __attribute__((vector_size(LANES)));
typedef int16_t s16q __attribute__((vector_size(2 * LANES)));
typedef int32_t s32q __attribute__((vector_size(4 * LANES)));
typedef int64_t s64q __attribute__((vector_size(8 * LANES)));
typedef uint64_t u64q __attribute__((vector_size(8 * LANES)));

#define LOAD(type, pointer)                            \
  ({                                                   \
    type loaded;                                       \
    __builtin_memcpy(&loaded, (pointer), sizeof(type)); \
    loaded;                                            \
  })
#define STORE(pointer, value)                               \
  do {                                                      \
    const __typeof__(value) stored = (value);               \
    __builtin_memcpy((pointer), &stored, sizeof(stored));   \
  } while (0)

#ifdef LOAD_FEW
enum { HAS_FEW = true };
#else
enum { HAS_FEW = false };
#define LOAD_FEW(type, x, count) LOAD(type, x)
#define STORE_FEW(y, value, count) STORE(y, value)
#endif

/// LANES bytes, or `count` and zeros where those are fewer and the instruction set can.
INLINE u8q load_lanes(const uint8_t *x, ptrdiff_t count) {
  return HAS_FEW && count < LANES ? LOAD_FEW(u8q, x, count) : LOAD(u8q, x);
}

INLINE void store_lanes(uint8_t *y, u8q value, ptrdiff_t count) {
  if (HAS_FEW && count < LANES) STORE_FEW(y, value, count);
  else STORE(y, value);
}

INLINE u8v load_vector(const uint8_t *x, ptrdiff_t count) {
  return HAS_FEW && count < BYTES ? LOAD_FEW(u8v, x, count) : LOAD(u8v, x);
}

INLINE void store_vector(uint8_t *y, u8v value, ptrdiff_t count) {
  if (HAS_FEW && count < BYTES) STORE_FEW(y, value, count);
  else STORE(y, value);
}

INLINE s32q widened(const uint8_t *x) { return __builtin_convertvector(LOAD(u8q, x), s32q); }

/// clamp(zero_point + ((acc * mantissa + 2^(shift - 1)) >> shift), lo, hi) as u8.
INLINE u8q requantized(s32q acc, s32q mantissa, s32q shift, const swl_requantization *q) {
  const s64q product = __builtin_convertvector(acc, s64q) * __builtin_convertvector(mantissa, s64q);
  s32q value;
  if (q->high_half) {
    const s32q high = __builtin_convertvector(product >> 32, s32q);
    value = (high + ((s32q){} + 1 << (shift - 33))) >> (shift - 32);
    value += q->zero_point;
    value = __builtin_elementwise_max(value, (s32q){} + q->lo);
    value = __builtin_elementwise_min(value, (s32q){} + q->hi);
  } else {
    const s64q count = __builtin_convertvector(shift, s64q);
    s64q wide = (product + ((s64q){} + 1 << (count - 1))) >> count;
    wide += q->zero_point;
    wide = __builtin_elementwise_max(wide, (s64q){} + q->lo);
    wide = __builtin_elementwise_min(wide, (s64q){} + q->hi);
    value = __builtin_convertvector(wide, s32q);
  }
  return __builtin_convertvector(value, u8q);
}

#ifndef NO_DEPTHWISE
INLINE u8q depthwise_vector(const swl_depthwise_args *d, const int32_t *pixels, ptrdiff_t channel) {
  const swl_conv_args *a = &d->conv;
  s32q best = (s32q){} + INT32_MIN;
  for (ptrdiff_t p = 0; p < a->window_pixels; p++) {
    const uint8_t *x = a->x + pixels[p] + channel;
    const int16_t *w = (const int16_t *)a->weights + channel;
    s32q acc = LOAD(s32q, a->requantization.bias + channel);
    for (ptrdiff_t t = 0; t < a->step_count; t++, w += d->weight_stride)
      acc += widened(x + a->steps[t]) * __builtin_convertvector(LOAD(s16q, w), s32q);
    best = __builtin_elementwise_max(best, acc);
  }
  const swl_requantization *q = &a->requantization;
  return requantized(best, LOAD(s32q, q->mantissa + channel), LOAD(s32q, q->shift + channel), q);
}

INLINE void depthwise_scalar(const swl_depthwise_args *d, const int32_t *pixels, uint8_t *y) {
  const swl_conv_args *a = &d->conv;
  for (ptrdiff_t c = 0; c < a->channels; c++) {
    int32_t best = INT32_MIN;
    for (ptrdiff_t p = 0; p < a->window_pixels; p++) {
      const uint8_t *x = a->x + pixels[p] + c;
      const int16_t *w = (const int16_t *)a->weights + c;
      int32_t acc = a->requantization.bias[c];
      for (ptrdiff_t t = 0; t < a->step_count; t++) acc += x[a->steps[t]] * w[t * d->weight_stride];
      best = acc > best ? acc : best;
    }
    swl_store_channels(&best, c, 1, &a->requantization, false, y);
  }
}

ISA void NAME(swl_depthwise_u8s16)(const swl_depthwise_args *args) {
#ifdef DEPTHWISE_WIDE
  if (DEPTHWISE_WIDE(args)) return;
#endif
  const swl_conv_args *a = &args->conv;
  const ptrdiff_t channels = a->channels;
  for (ptrdiff_t window = 0; window < a->window_count; window++) {
    const int32_t *pixels = a->pixels + window * a->window_pixels;
    uint8_t *y = (uint8_t *)a->y + window * a->y_stride;
    if (channels < LANES) {
      depthwise_scalar(args, pixels, y);
      continue;
    }
    // The last vector overlaps the one before rather than read or write past the channels.
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
      const ptrdiff_t channel = c + LANES <= channels ? c : channels - LANES;
      STORE(y + channel, depthwise_vector(args, pixels, channel));
    }
  }
}

#endif

ISA void NAME(swl_maxpool_u8)(const swl_pool_args *args) {
  const ptrdiff_t channels = args->channels;
  uint8_t *y = args->y;
  for (ptrdiff_t r = 0; r < args->rows; r++) {
    for (ptrdiff_t c = 0; c < args->columns; c++, y += channels) {
      const uint8_t *first = args->x + args->row_offset[r] + args->column_offset[c];
      const ptrdiff_t rows = args->row_taps[r], columns = args->column_taps[c];
      const ptrdiff_t width = HAS_FEW || channels >= BYTES ? BYTES : channels >= LANES ? LANES : 1;
      for (ptrdiff_t k = 0; k < channels; k += width) {
        const ptrdiff_t channel = k + width <= channels || channels < width ? k : channels - width;
        u8v best = {};
        u8q best_quarter = {};
        uint8_t best_one = 0;
        for (ptrdiff_t i = 0; i < rows; i++) {
          const uint8_t *x = first + i * args->row_step + channel;
          for (ptrdiff_t j = 0; j < columns; j++, x += args->column_step) {
            if (width == BYTES) best = __builtin_elementwise_max(best, load_vector(x, channels));
            else if (width == LANES) best_quarter = __builtin_elementwise_max(best_quarter, LOAD(u8q, x));
            else best_one = *x > best_one ? *x : best_one;
          }
        }
        if (width == BYTES) store_vector(y + channel, best, channels);
        else if (width == LANES) STORE(y + channel, best_quarter);
        else y[channel] = best_one;
      }
    }
  }
}

/// The mean of a window's sums by its swl_mean.
INLINE u8q mean_vector(s32q sum, const swl_mean *mean, const swl_pool_args *args) {
  if (args->has_own_scale) {
    const swl_requantization q = {.zero_point = args->zero_point, .lo = 0, .hi = 255, .high_half = false};
    return requantized(
        sum + mean->offset, (s32q){} + (int32_t)mean->magic_or_mantissa, (s32q){} + mean->shift, &q);
  }
  s32q numerator = __builtin_elementwise_max(2 * sum + mean->offset, (s32q){});
  const u64q product = __builtin_convertvector(numerator, u64q) * (uint64_t)mean->magic_or_mantissa;
  const s32q value = __builtin_convertvector(product >> (uint64_t)mean->shift, s32q);
  return __builtin_convertvector(__builtin_elementwise_min(value, (s32q){} + 255), u8q);
}

INLINE uint8_t mean_scalar(int32_t sum, const swl_mean *mean, const swl_pool_args *args) {
  if (args->has_own_scale)
    return (uint8_t)swl_requantize(
        sum + mean->offset, (int32_t)mean->magic_or_mantissa, mean->shift, args->zero_point, 0, 255);
  const int32_t numerator = 2 * sum + mean->offset > 0 ? 2 * sum + mean->offset : 0;
  const uint64_t value = (uint64_t)numerator * (uint64_t)mean->magic_or_mantissa >> mean->shift;
  return value > 255 ? 255 : (uint8_t)value;
}

ISA void NAME(swl_meanpool_u8)(const swl_pool_args *args) {
  const ptrdiff_t channels = args->channels;
  uint8_t *y = args->y;
  for (ptrdiff_t r = 0; r < args->rows; r++) {
    for (ptrdiff_t c = 0; c < args->columns; c++, y += channels) {
      const uint8_t *first = args->x + args->row_offset[r] + args->column_offset[c];
      const ptrdiff_t rows = args->row_taps[r], columns = args->column_taps[c];
      const swl_mean *mean = args->means + (args->mean_index ? args->mean_index[r * args->columns + c] : 0);
      const ptrdiff_t width = HAS_FEW || channels >= LANES ? LANES : 1;
      for (ptrdiff_t k = 0; k < channels; k += width) {
        const ptrdiff_t channel = k + width <= channels || channels < width ? k : channels - width;
        s32q sum = {};
        int32_t sum_one = 0;
        for (ptrdiff_t i = 0; i < rows; i++) {
          const uint8_t *x = first + i * args->row_step + channel;
          for (ptrdiff_t j = 0; j < columns; j++, x += args->column_step) {
            if (width == LANES) sum += __builtin_convertvector(load_lanes(x, channels), s32q);
            else sum_one += *x;
          }
        }
        if (width == LANES) store_lanes(y + channel, mean_vector(sum, mean, args), channels);
        else y[channel] = mean_scalar(sum_one, mean, args);
      }
    }
  }
}

ISA void NAME(swl_add_u8)(const swl_add_args *args) {
  ptrdiff_t i = 0;
  // floor(n / 2^shift) is floor(floor(n / 2^16) / 2^(shift - 16)), and n is 2^16 * (a sum with the mantissas' upper
  // halves) + (one with their lower halves), neither of which leaves 32 bits. Other shifts are those of factors above
  // 2^15 or below 2^-15.
  if (args->shift >= 16 && args->shift <= 46) {
    const s32q left_high = (s32q){} + (args->left_mantissa >> 16), left_low = (s32q){} + (args->left_mantissa & 0xFFFF);
    const s32q right_high = (s32q){} + (args->right_mantissa >> 16);
    const s32q right_low = (s32q){} + (args->right_mantissa & 0xFFFF);
    const s32q offset_high = (s32q){} + (int32_t)(args->offset >> 16);
    const s32q offset_low = (s32q){} + (int32_t)(args->offset & 0xFFFF);
    const s32q zero = (s32q){} + args->zero_point, lo = (s32q){} + args->lo, hi = (s32q){} + args->hi;
    const s32q shift = (s32q){} + (args->shift - 16);
    const uint8_t *left = args->left, *right = args->right;
    uint8_t *y = args->y;
    for (const ptrdiff_t last = args->count - LANES; i <= last; i += LANES) {
      const s32q l = widened(left + i), r = widened(right + i);
      const s32q low = (l * left_low + r * right_low + offset_low) >> 16;
      s32q value = ((l * left_high + r * right_high + offset_high + low) >> shift) + zero;
      value = __builtin_elementwise_min(__builtin_elementwise_max(value, lo), hi);
      STORE(y + i, __builtin_convertvector(value, u8q));
    }
  }
  for (; i < args->count; i++) {
    const int64_t sum = (int64_t)args->left[i] * args->left_mantissa + (int64_t)args->right[i] * args->right_mantissa;
    const int64_t value = ((sum + args->offset) >> args->shift) + args->zero_point;
    args->y[i] = (uint8_t)(value < args->lo ? args->lo : value > args->hi ? args->hi : value);
  }
}
