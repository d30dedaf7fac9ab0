// The kernels that work on runs of channels, against the portable ones; a part of check-kernels.c, which includes it after
// its own tables.
#pragma once

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
  portable_kernels.table.depthwise.run(&d);
  d.conv.y = y[1];
  int32_t steps[12];
  const bool reads_quads = k->table.depthwise.layout.packing == SWL_PACKING_QUADS;
  if (reads_quads) pack_quads(&d, channels, below(2), steps);
  k->table.depthwise.run(&d);
  if (reads_quads) free_quads(&d);
  expect_same("depthwise convolution", k, y[0], y[1], count);
}

/// The kernels that work on runs of channels, against the portable ones (which Swift's tests hold to the definition).
static void check_rows(const kernels *k, int rounds) {
  const kernels *portable = &portable_kernels;
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
    for (int i = 0; i < 2; i++) pool.y = y[i], (i ? k : portable)->table.max_pool.run(&pool);
    expect_same("max pool", k, y[0], y[1], (size_t)count);
    for (int i = 0; i < 2; i++) pool.y = y[i], (i ? k : portable)->table.mean_pool.run(&pool);
    expect_same("average pool", k, y[0], y[1], (size_t)count);
    for (int i = 0; i < 2; i++) add.y = y[i], (i ? k : portable)->table.add.run(&add);
    expect_same("addition", k, y[0], y[1], (size_t)count);
    free((void *)d.conv.requantization.bias);
    free(x), free(y[0]), free(y[1]), free(weights);
    free_layer(&l);
  }
}

/// Rows of an image as words of four bytes below one another.
static void check_interleave(const kernels *k, int rounds) {
  for (int round = 0; round < rounds; round++) {
    const int count = below(200), distance = 1 + below(70), bytes = count + 3 * distance;
    uint8_t *x = room((size_t)bytes), *y = room((size_t)(4 * count) + 1);
    for (int i = 0; i < bytes; i++) x[i] = (uint8_t)next();
    y[4 * count] = 0xA5;
    k->table.interleave.run(x, distance, count, y);
    for (int i = 0; i < 4 * count; i++)
      if (y[i] != x[i / 4 + i % 4 * distance]) printf("%s interleaves byte %d otherwise\n", k->name, i), exit(1);
    if (y[4 * count] != 0xA5) printf("%s interleaves past the end\n", k->name), exit(1);
    free(x), free(y);
  }
  printf("%s: %d random images interleave\n", k->name, rounds);
}
