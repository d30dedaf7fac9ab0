// Random layers and the plain loop that defines their outputs; a part of check-kernels.c.
#pragma once

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
