#pragma once
// Integer microkernels: u8 activations, s8 weights, s32 accumulators, one requantization.
//
// Every kernel of one name computes the same bytes on every instruction set: those of the plain Swift
// definitions in SwiftletReference. A kernel knows pointers, offsets and counts only.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "swl_kernel_list.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes past the end of a convolution's input that its kernels may read (never use).
#define SWL_INPUT_SLACK 64

/// Requantization of `channels` accumulators, channel by channel:
/// clamp(zero_point + ((acc * mantissa + 2^(shift - 1)) >> shift), lo, hi) in 64 bits.
///
/// The arrays are 64-byte aligned and padded to whole vectors of the kernel's lane count.
typedef struct {
  const int32_t *bias;
  const int32_t *mantissa;
  const int32_t *shift;
  int32_t zero_point, lo, hi;
  /// Every shift is at least 33 and every mantissa below 2^31, so the product's upper half decides.
  bool high_half;
} swl_requantization;

/// One panel of output channels of a convolution or dense layer over one image (or, for dense
/// layers, over a batch whose images are the "pixels").
///
/// Accumulator (w, c) is bias[c] + the sum over steps t and b in 0..<4 of
/// x[pixel + steps[t] + b] * weight[t][c][b] (in swl_conv_u8s8__avx2: over two s16 inputs, the image having been
/// widened); the largest accumulator of each window's pixels is requantized and stored. A pixel may occur twice in a
/// window: windows cut by a border repeat one.
typedef struct {
  const uint8_t *x;
  /// Byte offsets from x: window_count * window_pixels.
  const int32_t *pixels;
  ptrdiff_t window_count, window_pixels;
  /// Byte offsets from a pixel, one per step of four input bytes.
  const int32_t *steps;
  ptrdiff_t step_count;
  /// Laid out as the head of the kernel's file says, 64-byte aligned, padded with zeros to whole vectors.
  const void *weights;
  /// Vectors in this panel, the last one perhaps partly used: 1...4 of 16 channels (avx512vnni), 1...4 of 4
  /// (neon, neondot), 1...2 of 8 (avx2; its dense kernel 1...4), 1...2 of 4 (portable). Not read by `narrow`.
  ptrdiff_t vectors;
  /// Read by the dense kernel of avx2 alone. In so many consecutive steps the pairwise sums of products fit 16 bits in
  /// every channel, proven by the weights: of whole activations (0 where not even one step does), and of their nibbles.
  ptrdiff_t whole_steps, split_steps;
  swl_requantization requantization;
  void *y;
  /// Bytes from one window's outputs to the next window's.
  ptrdiff_t y_stride;
  /// Output channels of this panel that are stored; at most 4 of `narrow`.
  ptrdiff_t channels;
  /// Outputs are s32 rather than u8.
  bool stores_s32;
} swl_conv_args;

/// Up to 16 neighbouring output channels of a block-sparse layer and their blocks, which lie side by side.
typedef struct {
  int32_t first_channel, channels;
  int32_t first_block, block_count;
} swl_sparse_group;

/// A convolution or dense layer of which only the nonzero blocks are stored, a block being the weights of one step
/// (four input bytes) for 16 output channels.
///
/// Accumulators are as in swl_conv_args, summed over the blocks of the channel's group. `conv.steps` and `conv.weights`
/// have an element for each block, in the groups' order; a block is laid out as the head of the kernel's file says.
/// `conv.requantization` spans the whole layer and 15 channels more. Of `conv`, `step_count`, `vectors` and `channels`
/// are not read.
typedef struct {
  swl_conv_args conv;
  const swl_sparse_group *groups;
  ptrdiff_t group_count;
} swl_sparse_args;

/// A depthwise convolution: channel c of a pixel is bias[c] + the sum over steps t of
/// x[pixel + steps[t] + c] * weight[t * weight_stride + c], then as in swl_conv_args.
///
/// `weights` are s16, `y_stride` is `channels`. Of `conv`, `vectors` and `stores_s32` are not read. The kernel of
/// avx512vnni has weights of its own, as the head of its file says, and does not read `weight_stride`.
typedef struct {
  swl_conv_args conv;
  ptrdiff_t weight_stride;
} swl_depthwise_args;

/// A 3x3 convolution of stride 1 by a Winograd transform: the sums of swl_conv_args, computed otherwise.
typedef struct {
  /// Tiles read whole: the image, with its padding, reaches to the end of the last tile of each axis.
  const uint8_t *x;
  /// Bytes from one image, row or pixel to the next.
  ptrdiff_t images, x_image, x_row, x_pixel;
  /// Input channels, at least 16, and their number of pairs, the last perhaps half used.
  ptrdiff_t inputs, pairs;
  ptrdiff_t tile_rows, tile_columns;
  /// The last row or column of 4x4 tiles is but half as long.
  bool ends_short_rows, ends_short_columns;
  /// Outputs stored of each image; a last tile may reach past them.
  ptrdiff_t rows, columns;
  /// The largest accumulator of each 2x2 pixels is one output.
  bool pools;
  /// 576 times the accumulator fits 32 bits as well.
  bool keeps_order;
  /// Transformed, laid out as int8_winograd_body.h says, 64-byte aligned.
  const int16_t *weights;
  /// Spans the outputs and the rest of their last panel.
  swl_requantization requantization;
  void *y;
  /// Bytes from one image's outputs, output row or pixel to the next.
  ptrdiff_t y_image, y_row, y_pixel;
  ptrdiff_t outputs;
  bool stores_s32;
  /// Tiles transformed at a time, at most 48.
  ptrdiff_t tile_block;
  /// 64-byte aligned, for each point 4 * panel * tile_block bytes of products, then an odd multiple of 64 bytes that
  /// holds 4 * pairs * tile_block bytes of transformed inputs.
  void *scratch;
} swl_winograd_args;

/// How an average pool turns a window's sum of q into its output; one per distinct divisor.
typedef struct {
  /// Same scale: clamp(((2 * sum + offset) * magic) >> shift, 0, 255), the division by 2 * divisor
  /// done by a rounded-up reciprocal; exact for numerators below 2^31.
  /// Own scale: requantization of sum + offset by (mantissa, shift).
  int32_t offset, shift;
  int64_t magic_or_mantissa;
} swl_mean;

/// A pool over one image, channels last. Windows are cut to the image beforehand: output (r, c) covers
/// row_taps[r] x column_taps[c] input pixels from byte row_offset[r] + column_offset[c].
typedef struct {
  const uint8_t *x;
  uint8_t *y;
  ptrdiff_t channels, rows, columns;
  const int32_t *row_offset, *row_taps, *column_offset, *column_taps;
  /// Bytes between the taps of a window.
  ptrdiff_t row_step, column_step;
  /// Average pools only. mean_index picks a mean for each output pixel; null means the first.
  const swl_mean *means;
  const int32_t *mean_index;
  bool has_own_scale;
  int32_t zero_point;
} swl_pool_args;

/// y = clamp(zero_point + ((left * left_mantissa + right * right_mantissa + offset) >> shift), lo, hi),
/// where offset holds the rounding and the inputs' zero points.
typedef struct {
  const uint8_t *left, *right;
  uint8_t *y;
  ptrdiff_t count;
  int64_t offset;
  int32_t left_mantissa, right_mantissa, shift, zero_point, lo, hi;
} swl_add_args;

// Of the operators without a struct of their own:
// - `interleave`(x, distance, count, y): word i of `count` is the bytes x[i], x[i + distance], x[i + 2 * distance] and
//   x[i + 3 * distance].
// - `widen`: as swl_pad_u8, into an image of s16.
#define SWL_WIDEN_ARGUMENTS                                                                                         \
  (const uint8_t *x, ptrdiff_t height, ptrdiff_t row_bytes, int16_t *y, ptrdiff_t top, ptrdiff_t left_bytes,        \
   ptrdiff_t bottom, ptrdiff_t right_bytes, uint8_t fill)

/// How a kernel wants its weights, a step being four input bytes unless said. Kernels' files say more.
typedef enum __attribute__((enum_extensibility(closed))) {
  SWL_PACKING_NONE __attribute__((swift_name("none"))),
  /// [step][channel][4], s8.
  SWL_PACKING_BYTES __attribute__((swift_name("bytes"))),
  /// [step][pair][channel][2], s16; pair 0 is input bytes 0 and 2, pair 1 is 1 and 3.
  SWL_PACKING_PAIRS __attribute__((swift_name("pairs"))),
  /// [step][4][channel], s16.
  SWL_PACKING_ROWS __attribute__((swift_name("rows"))),
  /// [step][channel][2], s16, a step being two inputs of an image that `widen` wrote.
  SWL_PACKING_WIDENED __attribute__((swift_name("widened"))),
  /// [step][channel][64], s8, a step being 64 inputs side by side.
  SWL_PACKING_RUNS __attribute__((swift_name("runs"))),
  /// `bytes` of which a step and the next one share each byte, its low half the first's weight.
  SWL_PACKING_NIBBLES __attribute__((swift_name("nibbles"))),
  /// Of a depthwise convolution: [tap][channel], s16.
  SWL_PACKING_TAPS __attribute__((swift_name("taps"))),
  /// Of a depthwise convolution: [block][quad][vector][element][4], s8, four taps of 64 bytes at a time, in the order
  /// that unpacking bytes gives.
  SWL_PACKING_QUADS __attribute__((swift_name("quads"))),
  /// As int8_winograd_body.h says.
  SWL_PACKING_TRANSFORMED __attribute__((swift_name("transformed"))),
} swl_packing;

/// How a kernel's weights lie: the output channels in one of its vectors, and the most vectors of one call.
typedef struct {
  swl_packing packing;
  uint8_t lanes, vectors;
} swl_layout;

/// A kernel with its name, as `inspect` prints it.
#define SWL_OPERATOR_TYPES(operator, arguments, text) \
  typedef void swl_##operator##_t arguments;          \
  typedef struct {                                    \
    swl_##operator##_t *run;                          \
    const char *name;                                 \
    swl_layout layout;                                \
  } swl_##operator##_kernel;
SWL_OPERATORS(SWL_OPERATOR_TYPES)
#undef SWL_OPERATOR_TYPES

/// The kernels of one instruction set; `run` is null where an operator has none.
typedef struct {
  /// What the CPU must have, of `swl_cpu_features`.
  uint32_t requires;
  /// Convolutions flip the activations' top bit; their bias then holds 128 * sum(weights) more.
  bool flips_activations;
#define SWL_OPERATOR_FIELD(operator, arguments, text) swl_##operator##_kernel operator;
  SWL_OPERATORS(SWL_OPERATOR_FIELD)
#undef SWL_OPERATOR_FIELD
} swl_kernel_table;

#define SWL_DECLARE_KERNEL(operator, function, isa, packing, lanes, vectors) swl_##operator##_t swl_##function##__##isa;
#define SWL_DECLARE_TABLE(isa, cpu, flips) \
  SWL_KERNELS_##isa(SWL_DECLARE_KERNEL)    \
  const swl_kernel_table *swl_kernels__##isa(void);
SWL_TABLES(SWL_DECLARE_TABLE)
#undef SWL_DECLARE_KERNEL
#undef SWL_DECLARE_TABLE

/// Rows of `width` bytes through a 256-entry table, each row of y and of x a stride after the last.
void swl_table_u8__portable(
    const uint8_t *x, ptrdiff_t x_stride, const uint8_t *table, uint8_t *y, ptrdiff_t y_stride, ptrdiff_t width,
    ptrdiff_t rows);

/// Rows of `width` bytes copied, each row of y and of x a stride after the last.
void swl_copy_rows_u8(
    const uint8_t *x, ptrdiff_t x_stride, uint8_t *y, ptrdiff_t y_stride, ptrdiff_t width, ptrdiff_t rows);

/// An image of `height` rows of `row_bytes` copied into the middle of a larger one whose border is `fill`.
void swl_pad_u8(
    const uint8_t *x, ptrdiff_t height, ptrdiff_t row_bytes, uint8_t *y, ptrdiff_t top, ptrdiff_t left_bytes,
    ptrdiff_t bottom, ptrdiff_t right_bytes, uint8_t fill);

/// As swl_pad_u8, each byte of the image standing `repeats` times side by side. `left_bytes` and `right_bytes` count
/// bytes of y.
void swl_pad_repeat_u8(
    const uint8_t *x, ptrdiff_t height, ptrdiff_t row_bytes, ptrdiff_t repeats, uint8_t *y, ptrdiff_t top,
    ptrdiff_t left_bytes, ptrdiff_t bottom, ptrdiff_t right_bytes, uint8_t fill);

/// Instruction sets this CPU and operating system offer, a set of the bits below.
uint32_t swl_cpu_features(void);
enum {
  SWL_CPU_AVX2 = 1,
  /// AVX-512 F, BW, VL, DQ and VNNI.
  SWL_CPU_AVX512VNNI = 2,
  SWL_CPU_NEON = 4,
  SWL_CPU_NEONDOT = 8,
};

#ifdef __cplusplus
}
#endif
