// Compares the integer kernels of one instruction set with a plain loop, on random layers around every tile edge.
//
// Built by tools/check-neon for aarch64 and by tools/check-avx512 with the AVX-512 instructions written out in C, so
// that both run where the CPU has neither. KERNELS names the convolutions' instruction set, ROWS the others'.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../Sources/CSwiftletKernels/int8_common.h"

enum packing { BYTES, PAIRS, ROWS16 };

typedef struct {
  const char *name;
  enum packing packing;
  int lanes, panel_vectors;
  bool flips;
  void (*conv)(const swl_conv_args *);
  void (*sparse)(const swl_sparse_args *);
  void (*depthwise)(const swl_depthwise_args *);
  void (*max_pool)(const swl_pool_args *);
  void (*mean_pool)(const swl_pool_args *);
  void (*addition)(const swl_add_args *);
} kernels;

#define TABLE(isa, rows, depthwise, packing, lanes, vectors, flips)                    \
  {#isa, packing, lanes, vectors, flips, swl_conv_u8s8__##isa, swl_sparse_u8s8__##isa, \
   depthwise##__##rows, swl_maxpool_u8__##rows, swl_meanpool_u8__##rows, swl_add_u8__##rows}

static const kernels tables[] = {
    TABLE(portable, portable, swl_depthwise_u8s16, PAIRS, 4, 2, false),
#if defined(CHECK_AVX512)
    TABLE(avx512vnni, avx512vnni, swl_depthwise_u8s8, BYTES, 16, 4, false),
#elif defined(__aarch64__)
    TABLE(neon, neon, swl_depthwise_u8s16, ROWS16, 4, 4, false),
    TABLE(neondot, neon, swl_depthwise_u8s16, BYTES, 4, 4, true),
#endif
};

// MARK: Random layers

static uint64_t state = 1;
static uint64_t next(void) {
  uint64_t z = (state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}
static int below(int n) { return (int)(next() % (uint64_t)n); }
static int pick(const int *list, int count) { return list[below(count)]; }
#define PICK(...) pick((const int[]){__VA_ARGS__}, (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)))

static void *room(size_t bytes) {
  void *block = aligned_alloc(64, (bytes + 127) / 64 * 64);
  if (block == NULL) abort();
  memset(block, 0, (bytes + 127) / 64 * 64);
  return block;
}

typedef struct {
  int height, width, channels, filters, kernel, stride, pool;
  int windows, window_pixels, step_count;
  uint8_t *x;
  int8_t *weights;   // [filter][step][4]
  int32_t *pixels, *steps, *bias, *mantissa, *shift;
  int32_t zero_point, lo, hi;
  bool stores_s32;
} layer;

/// A convolution with channels a multiple of 4, unpadded, or a dense layer where the kernel covers the image.
static layer random_layer(bool pools, int density) {
  layer l = {.kernel = PICK(1, 1, 2, 3), .stride = PICK(1, 1, 2), .pool = pools ? PICK(1, 1, 2, 2, 3) : 1};
  l.channels = PICK(4, 8, 12, 16, 20, 32, 64);
  l.filters = PICK(1, 3, 4, 5, 8, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 80, 100);
  const int out_height = l.pool * PICK(1, 1, 2, 3), out_width = l.pool * PICK(1, 2, 3, 5, 7);
  l.height = (out_height - 1) * l.stride + l.kernel;
  l.width = (out_width - 1) * l.stride + l.kernel;
  l.windows = out_height / l.pool * (out_width / l.pool);
  l.window_pixels = l.pool * l.pool;
  l.step_count = l.kernel * l.kernel * l.channels / 4;
  l.x = room((size_t)(l.height * l.width * l.channels) + SWL_INPUT_SLACK);
  for (int i = 0; i < l.height * l.width * l.channels; i++) l.x[i] = below(9) == 0 ? 255 : (uint8_t)next();
  l.pixels = room(sizeof(int32_t) * (size_t)(l.windows * l.window_pixels));
  int count = 0;
  for (int wy = 0; wy < out_height / l.pool; wy++)
    for (int wx = 0; wx < out_width / l.pool; wx++)
      for (int p = 0; p < l.window_pixels; p++) {
        const int y = (wy * l.pool + p / l.pool) * l.stride, x = (wx * l.pool + p % l.pool) * l.stride;
        l.pixels[count++] = (y * l.width + x) * l.channels;
      }
  l.steps = room(sizeof(int32_t) * (size_t)l.step_count);
  const int per_row = l.kernel * l.channels / 4;
  for (int t = 0; t < l.step_count; t++) l.steps[t] = t / per_row * l.width * l.channels + t % per_row * 4;
  l.weights = room((size_t)(l.filters * l.step_count * 4));
  const bool is_extreme = below(8) == 0;
  for (int f = 0; f < l.filters; f += 16)
    for (int t = 0; t < l.step_count; t++) {
      if (below(100) >= density) continue;
      for (int c = f; c < l.filters && c < f + 16; c++)
        for (int b = 0; b < 4; b++) {
          const int value = is_extreme ? (below(2) ? 127 : -127) : below(255) - 127;
          l.weights[(c * l.step_count + t) * 4 + b] = (int8_t)value;
        }
    }
  // A whole group without a block.
  if (below(3) == 0) memset(l.weights, 0, (size_t)(l.step_count * 4 * (l.filters < 16 ? l.filters : 16)));
  const size_t padded = sizeof(int32_t) * (size_t)(l.filters + 128);
  l.bias = room(padded), l.mantissa = room(padded), l.shift = room(padded);
  l.stores_s32 = below(5) == 0;
  const int least = PICK(33, 33, 33, 20, 32);
  for (int c = 0; c < l.filters + 128; c++) {
    l.bias[c] = c < l.filters ? below(40001) - 20000 : 0;
    l.mantissa[c] = (int32_t)((1u << 30) + next() % (1u << 30));
    l.shift[c] = least + below(12);
  }
  l.zero_point = l.stores_s32 ? 0 : below(256);
  l.lo = l.stores_s32 ? INT32_MIN : below(2) ? 0 : l.zero_point;
  l.hi = l.stores_s32 ? INT32_MAX : 255;
  return l;
}

static void free_layer(layer *l) {
  free(l->x), free(l->weights), free(l->pixels), free(l->steps), free(l->bias), free(l->mantissa), free(l->shift);
}

static size_t output_bytes(const layer *l) { return (size_t)(l->windows * l->filters) * (l->stores_s32 ? 4 : 1); }

// MARK: The plain loop

static void plain(const layer *l, uint8_t *y) {
  for (int w = 0; w < l->windows; w++)
    for (int c = 0; c < l->filters; c++) {
      int32_t best = INT32_MIN;
      for (int p = 0; p < l->window_pixels; p++) {
        int32_t acc = l->bias[c];
        for (int t = 0; t < l->step_count; t++)
          for (int b = 0; b < 4; b++)
            acc += l->x[l->pixels[w * l->window_pixels + p] + l->steps[t] + b] *
                   l->weights[(c * l->step_count + t) * 4 + b];
        best = acc > best ? acc : best;
      }
      const int32_t value = swl_requantize(best, l->mantissa[c], l->shift[c], l->zero_point, l->lo, l->hi);
      if (l->stores_s32) ((int32_t *)y)[w * l->filters + c] = value;
      else y[w * l->filters + c] = (uint8_t)value;
    }
}

// MARK: Packing

static size_t element_bytes(enum packing packing) { return packing == BYTES ? 1 : 2; }

/// Step `t` of filters first ..< first + width as the `index`th step of a panel.
static void pack(
    const layer *l, const kernels *k, int t, int first, int width, int index, void *packed) {
  for (int c = 0; c < width && first + c < l->filters; c++)
    for (int b = 0; b < 4; b++) {
      const int8_t weight = l->weights[((first + c) * l->step_count + t) * 4 + b];
      if (k->packing == BYTES) ((int8_t *)packed)[(index * width + c) * 4 + b] = weight;
      else if (k->packing == PAIRS) ((int16_t *)packed)[((index * 2 + (b & 1)) * width + c) * 2 + b / 2] = weight;
      else ((int16_t *)packed)[(index * 4 + b) * width + c] = weight;
    }
}

static swl_conv_args arguments(const layer *l, const kernels *k, int first, uint8_t *y, int32_t *bias) {
  bool high_half = true;
  for (int c = 0; c < l->filters; c++) {
    bias[c] = l->bias[c];
    if (l->shift[c] < 33) high_half = false;
    for (int i = 0; k->flips && i < l->step_count * 4; i++) bias[c] += 128 * l->weights[c * l->step_count * 4 + i];
  }
  const ptrdiff_t element = l->stores_s32 ? 4 : 1;
  return (swl_conv_args){
      .x = l->x, .pixels = l->pixels, .window_count = l->windows, .window_pixels = l->window_pixels,
      .steps = l->steps, .step_count = l->step_count, .y = y + first * element, .y_stride = l->filters * element,
      .stores_s32 = l->stores_s32,
      .requantization = {
          .bias = bias + first, .mantissa = l->mantissa + first, .shift = l->shift + first,
          .zero_point = l->zero_point, .lo = l->lo, .hi = l->hi, .high_half = high_half}};
}

static void dense_with(const kernels *k, const layer *l, uint8_t *y) {
  int32_t *bias = room(sizeof(int32_t) * (size_t)(l->filters + 64));
  const int most = k->lanes * k->panel_vectors;
  for (int first = 0; first < l->filters; first += most) {
    const int channels = l->filters - first < most ? l->filters - first : most;
    swl_conv_args a = arguments(l, k, first, y, bias);
    a.channels = channels;
    a.vectors = (channels + k->lanes - 1) / k->lanes;
    const int width = (int)a.vectors * k->lanes;
    void *packed = room((size_t)(l->step_count * width * 4) * element_bytes(k->packing));
    for (int t = 0; t < l->step_count; t++) pack(l, k, t, first, width, t, packed);
    a.weights = packed;
    k->conv(&a);
    free(packed);
  }
  free(bias);
}

typedef struct {
  swl_sparse_args args;
  void *weights;
  int32_t *steps, *bias;
  swl_sparse_group *groups;
} sparse_layer;

static sparse_layer make_sparse(const kernels *k, const layer *l, uint8_t *y) {
  const int groups = (l->filters + 15) / 16;
  const size_t most = (size_t)(groups * l->step_count);
  sparse_layer s = {
      .weights = room(most * 64 * element_bytes(k->packing)), .steps = room(sizeof(int32_t) * most),
      .bias = room(sizeof(int32_t) * (size_t)(l->filters + 64)),
      .groups = room(sizeof(swl_sparse_group) * (size_t)groups)};
  int block = 0;
  for (int g = 0; g < groups; g++) {
    swl_sparse_group *group = s.groups + g;
    group->first_channel = 16 * g;
    group->channels = l->filters - 16 * g < 16 ? l->filters - 16 * g : 16;
    group->first_block = block;
    for (int t = 0; t < l->step_count; t++) {
      bool is_zero = true;
      for (int c = 16 * g; c < 16 * g + group->channels; c++)
        for (int b = 0; b < 4; b++) is_zero = is_zero && l->weights[(c * l->step_count + t) * 4 + b] == 0;
      if (is_zero) continue;
      s.steps[block] = l->steps[t];
      pack(l, k, t, 16 * g, 16, block++, s.weights);
    }
    group->block_count = block - group->first_block;
  }
  s.args = (swl_sparse_args){.conv = arguments(l, k, 0, y, s.bias), .groups = s.groups, .group_count = groups};
  s.args.conv.steps = s.steps;
  s.args.conv.weights = s.weights;
  return s;
}

static void free_sparse(sparse_layer *s) { free(s->weights), free(s->steps), free(s->bias), free(s->groups); }

static void sparse_with(const kernels *k, const layer *l, uint8_t *y) {
  sparse_layer s = make_sparse(k, l, y);
  k->sparse(&s.args);
  free_sparse(&s);
}

// MARK: Checks

static void expect_equal(const char *what, const kernels *k, const layer *l, const uint8_t *a, const uint8_t *b) {
  for (size_t i = 0; i < output_bytes(l); i++) {
    if (a[i] == b[i]) continue;
    printf(
        "%s %s differs at byte %zu: %d, not %d (%dx%dx%d, %d filters, kernel %d, stride %d, pool %d, %s)\n", k->name,
        what, i, b[i], a[i], l->height, l->width, l->channels, l->filters, l->kernel, l->stride, l->pool,
        l->stores_s32 ? "s32" : "u8");
    exit(1);
  }
}

static void check_convolutions(const kernels *k, int rounds) {
  for (int round = 0; round < rounds; round++) {
    layer l = random_layer(true, PICK(0, 5, 10, 30, 50, 100));
    // One guard byte: nothing may be written past the outputs.
    uint8_t *expected = room(output_bytes(&l) + 1), *actual = room(output_bytes(&l) + 1);
    actual[output_bytes(&l)] = 0xA5;
    plain(&l, expected);
    dense_with(k, &l, actual);
    expect_equal("convolution", k, &l, expected, actual);
    memset(actual, 0x5A, output_bytes(&l));
    sparse_with(k, &l, actual);
    expect_equal("block-sparse convolution", k, &l, expected, actual);
    if (actual[output_bytes(&l)] != 0xA5) printf("%s wrote past the outputs\n", k->name), exit(1);
    free(expected), free(actual);
    free_layer(&l);
  }
}

static void expect_same(const char *what, const kernels *k, const uint8_t *a, const uint8_t *b, size_t count) {
  if (memcmp(a, b, count) == 0) return;
  printf("%s %s differs from portable\n", k->name, what);
  exit(1);
}

/// Turns a 3x3 depthwise layer of `channels` into what swl_depthwise_u8s8 reads: quads of taps, blocks of 64 channels.
static void pack_quads(swl_depthwise_args *d, int channels, bool by_columns, int32_t *steps) {
  swl_conv_args *a = &d->conv;
  const int16_t *weights = a->weights;
  const int blocks = (channels + 63) / 64;
  int8_t *packed = room((size_t)(blocks * 12 * 64));
  int32_t *table[3] = {room(256 * (size_t)blocks), room(256 * (size_t)blocks), room(256 * (size_t)blocks)};
  for (int t = 0; t < 12; t++) {
    const int last = by_columns ? 2 : t / 4 * 4 + 3 < 9 ? 3 : 0, in_quad = t % 4 < last ? t % 4 : last;
    const int tap = by_columns ? in_quad * 3 + t / 4 : t / 4 * 4 + in_quad;
    steps[t] = a->steps[tap];
    for (int e = 0; e < 64 * blocks; e++) {
      const int first = channels < 64 ? 0 : e / 64 * 64 < channels - 64 ? e / 64 * 64 : channels - 64;
      const int c = (first + e % 16 / 4 * 16 + e / 16 % 4 * 4 + e % 4) % channels;
      packed[(e / 64 * 3 + t / 4) * 256 + e % 64 * 4 + t % 4] = t % 4 > last ? 0 : (int8_t)weights[tap * channels + c];
      table[0][e] = a->requantization.bias[c];
      table[1][e] = a->requantization.mantissa[c];
      table[2][e] = a->requantization.shift[c];
    }
  }
  a->weights = packed, a->steps = steps, a->step_count = 12;
  a->requantization.bias = table[0], a->requantization.mantissa = table[1], a->requantization.shift = table[2];
}

static void free_quads(swl_depthwise_args *d) {
  const swl_conv_args *a = &d->conv;
  free((void *)a->weights), free((void *)a->requantization.bias);
  free((void *)a->requantization.mantissa), free((void *)a->requantization.shift);
}

/// A depthwise layer by both tables; on `k` alone with quads where that is its packing.
static void check_depthwise(const kernels *k, swl_depthwise_args d, int channels, uint8_t *const *y, size_t count) {
  d.conv.y = y[0];
  tables[0].depthwise(&d);
  d.conv.y = y[1];
#if defined(CHECK_AVX512)
  int32_t steps[12];
  const bool has_quads = k != &tables[0];
  if (has_quads) pack_quads(&d, channels, below(2), steps);
  k->depthwise(&d);
  if (has_quads) free_quads(&d);
#else
  k->depthwise(&d);
#endif
  expect_same("depthwise convolution", k, y[0], y[1], count);
}

/// The kernels that work on runs of channels, against the portable ones (which Swift's tests hold to the definition).
static void check_rows(const kernels *k, int rounds) {
  const kernels *portable = &tables[0];
  for (int round = 0; round < rounds; round++) {
    layer l = random_layer(true, 100);
    const int channels = PICK(1, 3, 4, 7, 8, 9, 15, 16, 17, 24, 31, 33, 64, 65, 100), side = 12;
    const int count = side * side * channels;
    uint8_t *x = room((size_t)count + 64), *y[2] = {room((size_t)count + 64), room((size_t)count + 64)};
    for (int i = 0; i < count; i++) x[i] = (uint8_t)next();
    int16_t *weights = room(sizeof(int16_t) * (size_t)(9 * channels));
    for (int i = 0; i < 9 * channels; i++) weights[i] = (int16_t)(below(255) - 127);
    int32_t steps[9], pixels[40];
    for (int t = 0; t < 9; t++) steps[t] = (t / 3 * side + t % 3) * channels;
    // Four windows of four pixels, or four rows of windows.
    const int per_window = PICK(1, 1, 4), stride = PICK(1, 2), row = stride == 1 ? 10 : 5, windows = per_window == 4 ? 4 : 4 * row;
    for (int p = 0; p < 4 * row; p++)
      pixels[p] = per_window == 4 ? ((p / 8 * 2 + p % 4 / 2) * side + p / 4 % 2 * 2 + p % 2) * channels
                                  : (p / row * side + p % row * stride) * channels;
    swl_depthwise_args d = {.weight_stride = channels};
    d.conv = arguments(&l, portable, 0, NULL, room(sizeof(int32_t) * 256));
    d.conv.x = x, d.conv.pixels = pixels, d.conv.window_count = windows, d.conv.window_pixels = per_window;
    d.conv.steps = steps, d.conv.step_count = 9, d.conv.weights = weights;
    d.conv.channels = channels, d.conv.y_stride = channels;
    d.conv.requantization.high_half = true;
    for (int c = 0; c < channels; c++)
      if (l.shift[c] < 33) d.conv.requantization.high_half = false;
    d.conv.requantization.zero_point = 7, d.conv.requantization.lo = 0, d.conv.requantization.hi = 255;
    swl_pool_args pool = {.x = x, .channels = channels, .rows = 2, .columns = 2};
    const int32_t offsets[2] = {0, 2 * channels}, row_offsets[2] = {0, 2 * side * channels}, taps[2] = {3, PICK(2, 3)};
    pool.row_offset = row_offsets, pool.column_offset = offsets, pool.row_taps = taps, pool.column_taps = taps;
    pool.row_step = side * channels, pool.column_step = channels;
    const bool own_scale = below(2) == 0;
    const swl_mean mean = own_scale ? (swl_mean){-9 * 30, PICK(31, 33, 36), (int32_t)((1u << 30) + next() % (1u << 30))}
                                    : (swl_mean){9, 36, ((1ll << 36) + 17) / 18};
    pool.means = &mean, pool.has_own_scale = own_scale, pool.zero_point = 30;
    swl_add_args add = {
        .left = x, .right = x + count / 3, .count = count - count / 3, .left_mantissa = 1 << 29,
        .right_mantissa = (int32_t)(next() % (1u << 30)), .shift = PICK(12, 28, 31, 50), .zero_point = below(256), .hi = 255};
    add.offset = (1ll << (add.shift - 1)) - 100ll * add.left_mantissa;
    check_depthwise(k, d, channels, y, (size_t)count);
    for (int i = 0; i < 2; i++) pool.y = y[i], (i ? k : portable)->max_pool(&pool);
    expect_same("max pool", k, y[0], y[1], (size_t)count);
    for (int i = 0; i < 2; i++) pool.y = y[i], (i ? k : portable)->mean_pool(&pool);
    expect_same("average pool", k, y[0], y[1], (size_t)count);
    for (int i = 0; i < 2; i++) add.y = y[i], (i ? k : portable)->addition(&add);
    expect_same("addition", k, y[0], y[1], (size_t)count);
    free((void *)d.conv.requantization.bias);
    free(x), free(y[0]), free(y[1]), free(weights);
    free_layer(&l);
  }
}

#if defined(CHECK_AVX512)
#include "check-winograd.h"
#endif

int main(int argc, char **argv) {
  const int rounds = argc > 1 ? atoi(argv[1]) : 300;
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    check_convolutions(&tables[i], rounds);
    check_rows(&tables[i], rounds);
    printf("%s: %d random layers and %d random rows agree\n", tables[i].name, rounds, rounds);
  }
#if defined(CHECK_AVX512)
  check_winograd(rounds);
#endif
  return 0;
}
