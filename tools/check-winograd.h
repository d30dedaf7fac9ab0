// The Winograd kernel against the plain loop; a part of check-kernels.c, which includes it after its own layers.
#pragma once

// MARK: Winograd

static const int winograd_g[6][3] = {{6, 0, 0}, {-4, -4, -4}, {-4, 4, -4}, {0, 0, 8}, {1, 2, 4}, {1, -2, 4}};

/// G g G^T of all filters, in panels of two vectors.
static int16_t *transformed(const int8_t *weights, int channels, int filters, int lanes) {
  const int pairs = (channels + 1) / 2;
  int16_t *u = room(sizeof(int16_t) * (size_t)(36 * pairs * 2 * (filters + 2 * lanes - 1)));
  for (int f = 0; f < filters; f++)
    for (int c = 0; c < channels; c++)
      for (int p = 0; p < 36; p++) {
        int sum = 0;
        for (int t = 0; t < 9; t++)
          sum += winograd_g[p / 6][t / 3] * winograd_g[p % 6][t % 3] * weights[(f * 9 + t) * channels + c];
        const int first = f / (2 * lanes) * 2 * lanes, width = filters - first > lanes ? 2 * lanes : lanes;
        u[first * 36 * pairs * 2 + (p * pairs + c / 2) * width * 2 + (f - first) * 2 + c % 2] = (int16_t)sum;
      }
  return u;
}

/// Images of all last tiles, whole, half and cut short.
static void check_winograd(const kernels *k, int rounds) {
  const int lanes = k->table.winograd4x4.layout.lanes;
  for (int round = 0; round < rounds; round++) {
    layer l = random_layer(false, 100);
    const int images = 1 + below(3), channels = 16 + below(40), filters = 1 + below(70), pools = below(2);
    const int rows = 2 + below(9), columns = 2 + below(9), scale = pools ? 2 : 1;
    const int tile_rows = (rows * scale + 3) / 4, tile_columns = (columns * scale + 3) / 4;
    const bool short_rows = tile_rows * 4 - rows * scale >= 2, short_columns = tile_columns * 4 - columns * scale >= 2;
    const int height = tile_rows * 4 + 2 - 2 * short_rows, width = tile_columns * 4 + 2 - 2 * short_columns;
    const int image = height * width * channels, pairs = (channels + 1) / 2, block = 1 + below(14);
    uint8_t *x = room((size_t)(images * image));
    int8_t *weights = room((size_t)(filters * 9 * channels));
    for (int i = 0; i < images * image; i++) x[i] = below(9) == 0 ? 255 : (uint8_t)next();
    for (int i = 0; i < filters * 9 * channels; i++) weights[i] = (int8_t)(below(255) - 127);
    const size_t padded = sizeof(int32_t) * (size_t)(filters + 64);
    int32_t *bias = room(padded), *mantissa = room(padded), *shift = room(padded);
    const int least = PICK(33, 33, 33, 20, 32);
    for (int c = 0; c < filters + 64; c++) {
      bias[c] = below(40001) - 20000;
      mantissa[c] = (int32_t)((1u << 30) + next() % (1u << 30));
      shift[c] = least + below(12);
    }
    const int element = l.stores_s32 ? 4 : 1, count = images * rows * columns * filters;
    uint8_t *y = room((size_t)(count * element) + 1);
    y[count * element] = 0xA5;
    int16_t *u = transformed(weights, channels, filters, lanes);
    swl_winograd_args a = {
        .x = x, .images = images, .x_image = image, .x_row = width * channels, .x_pixel = channels, .inputs = channels,
        .pairs = pairs, .tile_rows = tile_rows, .tile_columns = tile_columns, .ends_short_rows = short_rows,
        .ends_short_columns = short_columns, .rows = rows, .columns = columns, .pools = pools,
        // So few random weights sum to less than 2^31 / 576 / 255 of either sign.
        .keeps_order = channels < 24 && below(2), .weights = u,
        .requantization = {bias, mantissa, shift, l.zero_point, l.lo, l.hi, least >= 33}, .y = y,
        .y_image = rows * columns * filters * element, .y_row = columns * filters * element, .y_pixel = filters * element,
        .outputs = filters, .stores_s32 = l.stores_s32, .tile_block = block,
        .scratch = room((size_t)(36 * (block * 8 * lanes + ((block * 4 * pairs + 63) / 64 | 1) * 64)))};
    k->table.winograd4x4.run(&a);
    for (int i = 0; i < count; i++) {
      const int f = i % filters, column = i / filters % columns, row = i / filters / columns % rows;
      const uint8_t *from = x + i / filters / columns / rows * image;
      int32_t best = INT32_MIN;
      for (int p = 0; p < scale * scale; p++) {
        int32_t acc = bias[f];
        for (int t = 0; t < 9; t++)
          for (int c = 0; c < channels; c++)
            acc += from[((row * scale + p / scale + t / 3) * width + column * scale + p % scale + t % 3) * channels + c] *
                   weights[(f * 9 + t) * channels + c];
        best = acc > best ? acc : best;
      }
      const int32_t expected = swl_requantize(best, mantissa[f], shift[f], l.zero_point, l.lo, l.hi);
      const int32_t actual = l.stores_s32 ? ((int32_t *)y)[i] : y[i];
      if (actual == expected) continue;
      printf(
          "winograd differs at output %d: %d, not %d (%d images, %dx%d outputs, %d > %d channels, pools %d, block %d)\n",
          i, actual, expected, images, rows, columns, channels, filters, pools, block);
      exit(1);
    }
    if (y[count * element] != 0xA5) printf("winograd wrote past the outputs\n"), exit(1);
    free(x), free(weights), free(bias), free(mantissa), free(shift), free(y), free(u), free(a.scratch);
    free_layer(&l);
  }
  printf("%s: %d random Winograd layers agree\n", k->name, rounds);
}
