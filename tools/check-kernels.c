// Compares the integer kernels of one instruction set with a plain loop, on random layers around every tile edge.
//
// Built by tools/check-neon for aarch64 and by tools/check-avx512 with the AVX-512 instructions written out in C, so
// that both run where the CPU has neither. The kernels are those of swl_kernel_list.h: one that no check here knows is a
// failure.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../Sources/CSwiftletKernels/int8_common.h"
#include "../Sources/CSwiftletKernels/kernel_tables.h"

typedef struct {
  const char *name;
  swl_kernel_table table;
} kernels;

#if defined(CHECK_AVX512)
#define CHECKED(TABLE) TABLE(portable, 0, false) TABLE(avx512vnni, SWL_CPU_AVX512VNNI, false)
#else
#define CHECKED(TABLE) SWL_TABLES(TABLE)
#endif
#define KERNELS(isa, cpu, flips) {#isa, SWL_TABLE_VALUE(isa, cpu, flips)},
static const kernels tables[] = {CHECKED(KERNELS)};

#define PORTABLE_TABLE(isa, cpu, flips) SWL_TABLE_VALUE(isa, cpu, flips)
static const kernels portable_kernels = {"portable", SWL_TABLES_ALL(PORTABLE_TABLE)};

#include "check-layers.h"

// MARK: Packing

static size_t element_bytes(swl_layout layout) { return layout.packing == SWL_PACKING_BYTES ? 1 : 2; }

/// Step `t` of filters first ..< first + width as the `index`th step of a panel.
static void pack(const layer *l, swl_layout layout, int t, int first, int width, int index, void *packed) {
  for (int c = 0; c < width && first + c < l->filters; c++)
    for (int b = 0; b < 4; b++) {
      const int8_t weight = l->weights[((first + c) * l->step_count + t) * 4 + b];
      switch (layout.packing) {
        case SWL_PACKING_BYTES: ((int8_t *)packed)[(index * width + c) * 4 + b] = weight; break;
        case SWL_PACKING_PAIRS: ((int16_t *)packed)[((index * 2 + (b & 1)) * width + c) * 2 + b / 2] = weight; break;
        case SWL_PACKING_ROWS: ((int16_t *)packed)[(index * 4 + b) * width + c] = weight; break;
        default: printf("no check packs weights as %d\n", (int)layout.packing), exit(1);
      }
    }
}

static swl_conv_args arguments(const layer *l, const kernels *k, int first, uint8_t *y, int32_t *bias) {
  bool high_half = true;
  for (int c = 0; c < l->filters; c++) {
    bias[c] = l->bias[c];
    if (l->shift[c] < 33) high_half = false;
    for (int i = 0; k->table.flips_activations && i < l->step_count * 4; i++) bias[c] += 128 * l->weights[c * l->step_count * 4 + i];
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
  const swl_layout layout = k->table.conv.layout;
  const int most = layout.lanes * layout.vectors;
  for (int first = 0; first < l->filters; first += most) {
    const int channels = l->filters - first < most ? l->filters - first : most;
    swl_conv_args a = arguments(l, k, first, y, bias);
    a.channels = channels;
    a.vectors = (channels + layout.lanes - 1) / layout.lanes;
    const int width = (int)a.vectors * layout.lanes;
    void *packed = room((size_t)(l->step_count * width * 4) * element_bytes(layout));
    for (int t = 0; t < l->step_count; t++) pack(l, layout, t, first, width, t, packed);
    a.weights = packed;
    k->table.conv.run(&a);
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
  const swl_layout layout = k->table.sparse.layout;
  const int groups = (l->filters + 15) / 16;
  const size_t most = (size_t)(groups * l->step_count);
  sparse_layer s = {
      .weights = room(most * 64 * element_bytes(layout)), .steps = room(sizeof(int32_t) * most),
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
      pack(l, layout, t, 16 * g, 16, block++, s.weights);
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
  k->table.sparse.run(&s.args);
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

#include "check-rows.h"
#include "check-panels.h"
#include "check-winograd.h"

/// Fails on a kernel of `k` that nothing here runs.
static void refuse_unchecked(const kernels *k) {
  const swl_kernel_table *t = &k->table;
  const char *unchecked[] = {t->dense.name, t->winograd2x2.name, t->widen.name};
  for (size_t i = 0; i < sizeof unchecked / sizeof *unchecked; i++)
    if (unchecked[i] != NULL) printf("tools/check-kernels.c has no check of %s\n", unchecked[i]), exit(1);
}

int main(int argc, char **argv) {
  const int rounds = argc > 1 ? atoi(argv[1]) : 300;
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    const kernels *k = &tables[i];
    refuse_unchecked(k);
    check_convolutions(k, rounds);
    check_rows(k, rounds);
    printf("%s: %d random layers and %d random rows agree\n", k->name, rounds, rounds);
    if (k->table.narrow.run != NULL) check_panels(k, rounds, true);
    if (k->table.four_bit.run != NULL) check_panels(k, rounds, false);
    if (k->table.winograd4x4.run != NULL) check_winograd(k, rounds);
    if (k->table.interleave.run != NULL) check_interleave(k, rounds);
  }
  return 0;
}
