// Float microkernels for training and calibration. Leaf functions over pointers: no tensors, no allocation, no state.
#ifndef SWL_FLOAT_H
#define SWL_FLOAT_H
#include <stdint.h>

// The winner byte of a pooled output that passes no gradient back.
#define SWL_NO_WINNER 255
// The floats of the longest vector.
#define SWL_FLOAT_LANES 16

// Indirect matrix product. Row i of the left matrix is the patch at rows[i]: `segments` stretches of `run` floats, the
// stretch s starting at rows[i] + segment[s]. `weights` is [segments * run][width], width a multiple of 16.
//   out[i][out_offset + c] (+)= clamp(sum_k patch_i[k] * weights[k][c] + bias[c], low, high),  c in 0..<columns <= width
// `bias` may be null; otherwise it holds `width` floats. Nothing past `columns` is written. Rows are stored in order, so
// with `accumulate` outputs may overlap.
typedef void swl_igemm_f32_t(
    const float *const *rows, long count, const int32_t *segment, long segments, long run, const float *weights,
    long width, const float *bias, float low, float high, float *const *out, long out_offset, long columns,
    int accumulate);

// The same product for the four pixels of each 2x2 window (at windows[i], + step_x, + step_y, + both), reduced by max:
//   out[i * out_stride + c] = clamp(max_p(...) + bias[c], low, high)
// winner (may be null) gets the first maximal pixel in row-major order, 0...3, or SWL_NO_WINNER where the clamp is flat.
typedef void swl_convpool_f32_t(
    const float *const *windows, long count, long step_x, long step_y, const int32_t *segment, long segments, long run,
    const float *weights, long width, const float *bias, float low, float high, float *out, uint8_t *winner,
    long out_stride, long columns);

// Winograd's F(2x2, 3x3) for the same windows under a 3x3 filter with stride 1: 16 products where the plain sum has 36.
//
// Filters [9 * channels][width], as in `convpool`, transformed to [16][channels][width].
typedef void swl_winograd_filters_f32_t(const float *weights, long channels, long width, float *transformed);
// The 4x4 pixels under each window, transformed: pixel x, y is at windows[i] + x * step_x + y * step_y. The sixteen
// points of `transformed`, each [count][channels], are count * channels + SWL_FLOAT_LANES floats apart. SWL_FLOAT_LANES
// floats after the last channel of a pixel must be readable.
typedef void swl_winograd_input_f32_t(
    const float *const *windows, long count, long step_x, long step_y, long channels, float *transformed);
// What `convpool` gives, from both transforms: `transformed` holds exactly `count` windows, `weights` the filters.
typedef void swl_winograd_convpool_f32_t(
    const float *transformed, long count, long channels, const float *weights, long width, const float *bias, float low,
    float high, float *out, uint8_t *winner, long out_stride, long columns);
//   The greatest sum over a filter's channels and points of |transformed|, filters as `winograd_filters` leaves them.
typedef float swl_winograd_reach_f32_t(const float *transformed, long channels, long width);

//   out[j * out_stride + c] += sum_i a[i][a_offset + j] * b[i][b_offset + c],  j in 0..<rows, c in 0..<columns
typedef void swl_outer_f32_t(
    const float *const *a, long a_offset, long rows, const float *const *b, long b_offset, long columns, long count,
    float *out, long out_stride);

//   out[s * out_stride + r] += sum_i factor[i] * source[i][s * source_stride + r],  s in 0..<segments, r in 0..<run
typedef void swl_combine_f32_t(
    const float *factor, const float *const *source, long count, long segments, long run, long source_stride,
    float *out, long out_stride);

// Depthwise convolution over patches at rows[i] with taps at rows[i] + tap[t], filters [taps][channels]: forward, the
// gradient added to the input patches, and the gradient added to the filters.
typedef void swl_depthwise_f32_t(
    const float *const *rows, long count, const int32_t *tap, long taps, long channels, const float *weights,
    const float *bias, float low, float high, float *out);
typedef void swl_depthwise_input_f32_t(
    float *const *rows, long count, const int32_t *tap, long taps, long channels, const float *weights,
    const float *dy);
typedef void swl_depthwise_weight_f32_t(
    const float *const *rows, long count, const int32_t *tap, long taps, long channels, const float *dy, float *dw);

// Adam (Kingma and Ba 2015) with decoupled weight decay: `rate` holds the bias correction, `decay` = rate * lambda.
typedef void swl_adam_f32_t(
    float *w, float *m, float *v, const float *g, long count, float beta1, float beta2, float rate, float epsilon,
    float decay);
// Stochastic gradient descent with momentum, Nesterov's form on request.
typedef void swl_momentum_f32_t(
    float *w, float *m, const float *g, long count, float momentum, float rate, float decay, int nesterov);
//   y += x
typedef void swl_add_f32_t(const float *x, long count, float *y);
//   dy = 0 where y is not strictly between low and high
typedef void swl_gate_f32_t(const float *y, long count, float low, float high, float *dy);
// The gradients of `count` windows spread over their pixels: out[(i * 4 + p) * width + c] = dy[i * channels + c] where
// winner[i * channels + c] == p, else zero; bias_gradient[c] += dy of all that have a winner.
typedef void swl_spread_winners_f32_t(
    long count, long channels, const uint8_t *winner, const float *dy, long width, float *out, float *bias_gradient);
// The weight gradient of a convolution over one channel, height x width taps (width up to 7), from its pool's winners:
//   out[tap * out_stride + c] += dy[i * channels + c] * (pixel of the tap under the winner of window i in channel c)
// and out[height * width * out_stride + c] += dy of all that have a winner. Rows of windows[i] are step_y apart.
// out_stride is `channels` rounded up to whole vectors; what lies beyond `channels` is of no meaning. SWL_FLOAT_LANES
// elements after the last window's of `winner` and `dy`, and seven after each pixel read, must be readable.
typedef void swl_winner_filters_f32_t(
    const float *const *windows, long count, long step_y, long height, long width, const uint8_t *winner,
    const float *dy, long channels, float *out, long out_stride);
// out[c][r] = x[r * stride + c] for r < rows, zero for rows <= r < width; out is [columns][width], width a multiple of 4.
typedef void swl_pack_f32_t(const float *x, long rows, long columns, long stride, long width, float *out);
//   y = scale * x
typedef void swl_bytes_f32_t(const uint8_t *x, long count, float scale, float *y);

// Quantization-aware training. Integers are held as floats, below 2^24 in magnitude and so exact; every instruction set
// gives the same floats. `x` holds pixels of `channels` channels, and entry j of a table per channel, of
// channels + SWL_FLOAT_LANES entries, is that of channel j % channels.
//   x = unit * clamp((x * mantissa[c] + 2^(shift[c] - 1)) >> shift[c], low, high), saturated to 32 bits before the clamp
typedef void swl_requantize_f32_t(
    float *x, long count, long channels, const int32_t *mantissa, const int32_t *shift, float low, float high,
    float unit);
//   dy = low < u < high ? dy * factor[c] : 0
typedef void swl_requantize_gradient_f32_t(
    const float *u, float *dy, long count, long channels, const float *factor, float low, float high);
//   dx += low < y < high ? factor * dy : 0
typedef void swl_gate_add_f32_t(
    const float *y, const float *dy, long count, float factor, float low, float high, float *dx);
//   x = x * inverse rounded to an integer, half up, for x * inverse >= -255
typedef void swl_pixels_to_integers_f32_t(float *x, long count, float inverse);
//   q = clamp(w * inverse rounded to nearest even, -limit, limit); returns the sum of |q|, exact below 2^24
typedef float swl_round_weights_f32_t(const float *w, long count, float inverse, float limit, float *q);
//   dw = dw * inverse, or 0 where |w * inverse| > reach and descent would drive w further out
typedef void swl_round_gradient_f32_t(const float *w, float *dw, long count, float inverse, float reach);
//   dw = 0 where keep is 0; information = decay * information + (1 - decay) * dw^2
typedef void swl_fisher_f32_t(const uint8_t *keep, float *dw, float *information, long count, float decay);
//   w = 0 where keep is 0
typedef void swl_mask_f32_t(const uint8_t *keep, float *w, long count);

// Row v (counted from the centre) of a distorted image. Pixel u reads bilinearly at
//   (m0 u + m1 v + m2 + displacement[2u], m3 u + m4 v + m5 + displacement[2u + 1]), counted from the centre too,
// and is 0 where that is outside. `bordered` is the image as floats with a border of one pixel of zeros. No operation is
// contracted: the bytes are the same on every processor.
typedef void swl_warp_row_u8_t(
    const float *bordered, long height, long width, long channels, const float *map, float v, const float *displacement,
    uint8_t *out);
// The x and y displacements of a row's pixels: pixel i * spacing + o gets the sum over k < 4 of weights[4 o + k] times
// point i + k, in that order, not contracted. SWL_FLOAT_LANES floats after the last point must be readable.
typedef void swl_elastic_row_f32_t(
    const float *points, const float *weights, long spacing, long width, float *displacement);

// The kernels of one instruction set.
typedef struct {
  swl_igemm_f32_t *igemm;
  swl_convpool_f32_t *convpool;
  swl_winograd_filters_f32_t *winograd_filters;
  swl_winograd_input_f32_t *winograd_input;
  swl_winograd_convpool_f32_t *winograd_convpool;
  swl_winograd_reach_f32_t *winograd_reach;
  swl_outer_f32_t *outer;
  swl_combine_f32_t *combine;
  swl_depthwise_f32_t *depthwise;
  swl_depthwise_input_f32_t *depthwise_input;
  swl_depthwise_weight_f32_t *depthwise_weight;
  swl_adam_f32_t *adam;
  swl_momentum_f32_t *momentum;
  swl_add_f32_t *add;
  swl_gate_f32_t *gate;
  swl_spread_winners_f32_t *spread_winners;
  swl_winner_filters_f32_t *winner_filters;
  swl_pack_f32_t *pack;
  swl_bytes_f32_t *bytes;
  swl_requantize_f32_t *requantize;
  swl_requantize_gradient_f32_t *requantize_gradient;
  swl_gate_add_f32_t *gate_add;
  swl_pixels_to_integers_f32_t *pixels_to_integers;
  swl_round_weights_f32_t *round_weights;
  swl_round_gradient_f32_t *round_gradient;
  swl_fisher_f32_t *fisher;
  swl_mask_f32_t *mask;
  swl_warp_row_u8_t *warp_row;
  swl_elastic_row_f32_t *elastic_row;
} swl_float_table;

#define SWL_FLOAT_KERNELS(isa) \
  swl_igemm_f32_t swl_igemm_f32__##isa; \
  swl_convpool_f32_t swl_convpool_f32__##isa; \
  swl_winograd_filters_f32_t swl_winograd_filters_f32__##isa; \
  swl_winograd_input_f32_t swl_winograd_input_f32__##isa; \
  swl_winograd_convpool_f32_t swl_winograd_convpool_f32__##isa; \
  swl_winograd_reach_f32_t swl_winograd_reach_f32__##isa; \
  swl_outer_f32_t swl_outer_f32__##isa; \
  swl_combine_f32_t swl_combine_f32__##isa; \
  swl_depthwise_f32_t swl_depthwise_f32__##isa; \
  swl_depthwise_input_f32_t swl_depthwise_input_f32__##isa; \
  swl_depthwise_weight_f32_t swl_depthwise_weight_f32__##isa; \
  swl_adam_f32_t swl_adam_f32__##isa; \
  swl_momentum_f32_t swl_momentum_f32__##isa; \
  swl_add_f32_t swl_add_f32__##isa; \
  swl_gate_f32_t swl_gate_f32__##isa; \
  swl_spread_winners_f32_t swl_spread_winners_f32__##isa; \
  swl_winner_filters_f32_t swl_winner_filters_f32__##isa; \
  swl_pack_f32_t swl_pack_f32__##isa; \
  swl_bytes_f32_t swl_bytes_f32__##isa; \
  swl_requantize_f32_t swl_requantize_f32__##isa; \
  swl_requantize_gradient_f32_t swl_requantize_gradient_f32__##isa; \
  swl_gate_add_f32_t swl_gate_add_f32__##isa; \
  swl_pixels_to_integers_f32_t swl_pixels_to_integers_f32__##isa; \
  swl_round_weights_f32_t swl_round_weights_f32__##isa; \
  swl_round_gradient_f32_t swl_round_gradient_f32__##isa; \
  swl_fisher_f32_t swl_fisher_f32__##isa; \
  swl_mask_f32_t swl_mask_f32__##isa; \
  swl_warp_row_u8_t swl_warp_row_u8__##isa; \
  swl_elastic_row_f32_t swl_elastic_row_f32__##isa;

SWL_FLOAT_KERNELS(portable)
#if defined(__x86_64__)
SWL_FLOAT_KERNELS(avx2)
SWL_FLOAT_KERNELS(avx512)
#endif
#if defined(__aarch64__)
SWL_FLOAT_KERNELS(neon)
#endif

// Each table, or null where the processor, its operating system or this build does not run it.
const swl_float_table *swl_float_portable(void);
const swl_float_table *swl_float_avx2(void);
const swl_float_table *swl_float_avx512(void);
const swl_float_table *swl_float_neon(void);

// Sorts the gradient of `count` pooled outputs by where it goes: the pixel p = winner[i * channels + c] of window i, at
// origins[i] + pixel[p]. Zero gradients and SWL_NO_WINNER are left out.
//
// Per channel c: factor[c * capacity + n] = dy, source[c * capacity + n] = that pixel's address, n counting up from
// channel_count[c], which is advanced; bias_gradient[c] += dy.
void swl_route_to_filters_f32(
    const float *const *origins, long count, const int32_t *pixel, long channels, const uint8_t *winner,
    const float *dy, long capacity, float *factor, const float **source, int32_t *channel_count, float *bias_gradient);

// For one window, per pixel p: factor[p * channels + n] = dy and source[p * channels + n] = filters + c * filter_stride;
// pixel_count[0...3] is set.
void swl_route_to_pixels_f32(
    long channels, const uint8_t *winner, const float *dy, const float *filters, long filter_stride, float *factor,
    const float **source, int32_t *pixel_count);

// The definitions of two entries of the table, which give the same bytes and floats.
swl_warp_row_u8_t swl_warp_row_u8;
swl_elastic_row_f32_t swl_elastic_row_f32;
#endif
