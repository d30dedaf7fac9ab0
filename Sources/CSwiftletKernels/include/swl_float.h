// Float microkernels for training and calibration. Leaf functions over pointers: no tensors, no allocation, no state.
#ifndef SWL_FLOAT_H
#define SWL_FLOAT_H
#include <stdint.h>

// The winner byte of a pooled output that passes no gradient back.
#define SWL_NO_WINNER 255

// Indirect matrix product. Row i of the left matrix is the patch at rows[i]: `segments` stretches of `run` floats, the
// stretch s starting at rows[i] + segment[s]. `weights` is [segments * run][width], width a multiple of 16.
//   out[i][out_offset + c] (+)= clamp(sum_k patch_i[k] * weights[k][c] + bias[c], low, high),  c in 0..<columns <= width
// `bias` may be null; otherwise it holds `width` floats. Nothing past `columns` is written.
#define SWL_IGEMM_F32(isa) \
  void swl_igemm_f32__##isa( \
      const float *const *rows, long count, const int32_t *segment, long segments, long run, const float *weights, \
      long width, const float *bias, float low, float high, float *const *out, long out_offset, long columns, \
      int accumulate);

// The same product for the four pixels of each 2x2 window (at windows[i], + step_x, + step_y, + both), reduced by max:
//   out[i * out_stride + c] = clamp(max_p(...) + bias[c], low, high)
// winner (may be null) gets the first maximal pixel in row-major order, 0...3, or SWL_NO_WINNER where the clamp is flat.
#define SWL_CONVPOOL_F32(isa) \
  void swl_convpool_f32__##isa( \
      const float *const *windows, long count, long step_x, long step_y, const int32_t *segment, long segments, \
      long run, const float *weights, long width, const float *bias, float low, float high, float *out, \
      uint8_t *winner, long out_stride, long columns);

//   out[j * out_stride + c] += sum_i a[i][j] * b[i][b_offset + c],  j in 0..<rows, c in 0..<columns
#define SWL_OUTER_F32(isa) \
  void swl_outer_f32__##isa( \
      const float *const *a, long rows, const float *const *b, long columns, long b_offset, long count, float *out, \
      long out_stride);

//   out[s * out_stride + r] += sum_i factor[i] * source[i][s * source_stride + r],  s in 0..<segments, r in 0..<run
#define SWL_COMBINE_F32(isa) \
  void swl_combine_f32__##isa( \
      const float *factor, const float *const *source, long count, long segments, long run, long source_stride, \
      float *out, long out_stride);

// Depthwise convolution over patches at rows[i] with taps at rows[i] + tap[t], filters [taps][channels]: forward, the
// gradient added to the input patches, and the gradient added to the filters.
#define SWL_DEPTHWISE_F32(isa) \
  void swl_depthwise_f32__##isa( \
      const float *const *rows, long count, const int32_t *tap, long taps, long channels, const float *weights, \
      const float *bias, float low, float high, float *out); \
  void swl_depthwise_input_f32__##isa( \
      float *const *rows, long count, const int32_t *tap, long taps, long channels, const float *weights, \
      const float *dy); \
  void swl_depthwise_weight_f32__##isa( \
      const float *const *rows, long count, const int32_t *tap, long taps, long channels, const float *dy, float *dw);

// Adam with decoupled weight decay (`decay` = rate * lambda; `rate` holds the bias correction), SGD with momentum,
// y += x, and y = scale * x for bytes.
#define SWL_ELEMENTWISE_F32(isa) \
  void swl_adam_f32__##isa( \
      float *w, float *m, float *v, const float *g, long count, float beta1, float beta2, float rate, float epsilon, \
      float decay); \
  void swl_momentum_f32__##isa( \
      float *w, float *m, const float *g, long count, float momentum, float rate, float decay, int nesterov); \
  void swl_add_f32__##isa(const float *x, long count, float *y); \
  void swl_bytes_f32__##isa(const uint8_t *x, long count, float scale, float *y);

#define SWL_FLOAT_KERNELS(isa) \
  SWL_IGEMM_F32(isa) \
  SWL_CONVPOOL_F32(isa) \
  SWL_OUTER_F32(isa) \
  SWL_COMBINE_F32(isa) \
  SWL_DEPTHWISE_F32(isa) \
  SWL_ELEMENTWISE_F32(isa)

SWL_FLOAT_KERNELS(portable)
#if defined(__x86_64__)
SWL_FLOAT_KERNELS(avx2)
SWL_FLOAT_KERNELS(avx512)
#endif
#if defined(__aarch64__)
SWL_FLOAT_KERNELS(neon)
#endif

// Whether this processor and its operating system run each set.
int swl_float_runs_avx2(void);
int swl_float_runs_avx512(void);
#endif
