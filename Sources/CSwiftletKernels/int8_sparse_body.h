// The body of the block-sparse convolutions. The including file defines
//   ISA, INLINE, KERNEL       the target attribute, always_inline, the function's name
//   VECTOR, LANES             a vector of s32 accumulators
//   PIXELS                    pixels computed at a time, a multiple of 4 or less than 4
//   FEWEST_PIXELS             pixels of a turn where no more are left; PIXELS by default
//   PARTS                     chains, a power of two, that a single pixel's blocks are dealt out to, against the
//                             multiplier's latency
//   BLOCK_BYTES               bytes of one packed block
//   load(), add(), largest()  the bias, and elementwise functions of VECTOR
//   multiply(P, pixel, step, block, acc)   one block added to the accumulators of P pixels
//   store16(acc, args, group, y)           requantizes one group and stores it at y, the window's first output byte
//   STORES_TURNS              defined where the file has its own store_turn
//
// Windows are the outer loop and groups the inner one: pixel addresses are formed once, and at the densities this is
// for a layer's blocks stay in the first-level cache.

enum { VECTORS = 16 / LANES };
#ifndef FEWEST_PIXELS
#define FEWEST_PIXELS PIXELS
#endif

#ifndef STORES_TURNS
/// Stores one group of `count` windows. Out of line, for inlined everywhere it would be most of the kernel.
static __attribute__((noinline)) ISA void store_windows(
    const VECTOR *acc, const swl_conv_args *a, const swl_sparse_group *group, ptrdiff_t first, ptrdiff_t count) {
  uint8_t *y = (uint8_t *)a->y + first * a->y_stride;
  for (ptrdiff_t i = 0; i < count; i++, y += a->y_stride, acc += VECTORS) store16(acc, a, group, y);
}

/// Stores one group of `count` of W windows of Q pixels, in registers where a window's pixels took long enough.
INLINE void store_turn(
    const int W, const int Q, const VECTOR *acc, const swl_conv_args *a, const swl_sparse_group *group, ptrdiff_t first,
    ptrdiff_t count) {
  if (Q == 1) {
    // Only copies leave by address, so that the accumulators stay in registers.
    VECTOR copy[W * VECTORS];
    UNROLL for (int i = 0; i < W * VECTORS; i++) copy[i] = acc[i];
    store_windows(copy, a, group, first, count);
    return;
  }
  UNROLL for (int i = 0; i < W; i++)
    if (i < count) store16(acc + i * VECTORS, a, group, (uint8_t *)a->y + (first + i) * a->y_stride);
}
#endif

INLINE void begin(const int P, const swl_sparse_args *s, const swl_sparse_group *group, VECTOR *acc) {
  UNROLL for (int v = 0; v < VECTORS; v++) {
    const VECTOR bias = load(s->conv.requantization.bias + group->first_channel + LANES * v);
    UNROLL for (int p = 0; p < P; p++) acc[p * VECTORS + v] = bias;
  }
}

/// Accumulates P pixels by 16 channels into registers.
INLINE void accumulate(
    const int P, const swl_sparse_args *s, const swl_sparse_group *group, const uint8_t *const *pixel, VECTOR *acc) {
  const uint8_t *block = (const uint8_t *)s->conv.weights + (ptrdiff_t)group->first_block * BLOCK_BYTES;
  const int32_t *step = s->conv.steps + group->first_block;
  begin(P, s, group, acc);
  for (const int32_t *end = step + group->block_count; step != end; step++, block += BLOCK_BYTES)
    multiply(P, pixel, *step, block, acc);
}

/// Accumulates one pixel, the blocks dealt out to PARTS chains.
INLINE void accumulate_one(
    const swl_sparse_args *s, const swl_sparse_group *group, const uint8_t *pixel, VECTOR *acc) {
  const uint8_t *block = (const uint8_t *)s->conv.weights + (ptrdiff_t)group->first_block * BLOCK_BYTES;
  const int32_t *step = s->conv.steps + group->first_block;
  const int32_t *end = step + group->block_count;
  VECTOR part[PARTS * VECTORS];
  begin(1, s, group, part);
  UNROLL for (int i = VECTORS; i < PARTS * VECTORS; i++) part[i] = (VECTOR){};
  for (; end - step >= PARTS; step += PARTS, block += PARTS * BLOCK_BYTES) {
    UNROLL for (int i = 0; i < PARTS; i++) multiply(1, &pixel, step[i], block + i * BLOCK_BYTES, part + i * VECTORS);
  }
  for (; step != end; step++, block += BLOCK_BYTES) multiply(1, &pixel, *step, block, part);
  UNROLL for (int half = PARTS / 2; half > 0; half /= 2) {
    UNROLL for (int i = 0; i < half * VECTORS; i++) part[i] = add(part[i], part[i + half * VECTORS]);
  }
  UNROLL for (int v = 0; v < VECTORS; v++) acc[v] = part[v];
}

/// The last window, if it stands alone, of layers without a pool.
INLINE void one_window(const swl_sparse_args *s, ptrdiff_t window) {
  const swl_conv_args *a = &s->conv;
  const uint8_t *pixel = a->x + a->pixels[window];
  for (ptrdiff_t g = 0; g < s->group_count; g++) {
    VECTOR acc[VECTORS];
    accumulate_one(s, s->groups + g, pixel, acc);
    store_turn(1, 1, acc, a, s->groups + g, window, 1);
  }
}

/// P pixels, in windows of Q; the last windows are repeated rather than read past the table.
INLINE void turn(const int P, const int Q, const swl_sparse_args *s, ptrdiff_t first) {
  const swl_conv_args *a = &s->conv;
  const ptrdiff_t rest = a->window_count - first, count = rest < P / Q ? rest : P / Q;
  const uint8_t *pixel[P];
  UNROLL for (int p = 0; p < P; p++) {
    const ptrdiff_t window = p / Q < count ? first + p / Q : a->window_count - 1;
    pixel[p] = a->x + a->pixels[window * Q + p % Q];
  }
  for (ptrdiff_t g = 0; g < s->group_count; g++) {
    VECTOR acc[P * VECTORS], best[P / Q * VECTORS];
    accumulate(P, s, s->groups + g, pixel, acc);
    UNROLL for (int i = 0; i < P / Q; i++) {
      const VECTOR *window = acc + i * Q * VECTORS;
      UNROLL for (int v = 0; v < VECTORS; v++) {
        best[i * VECTORS + v] = window[v];
        UNROLL for (int p = 1; p < Q; p++)
          best[i * VECTORS + v] = largest(best[i * VECTORS + v], window[p * VECTORS + v]);
      }
    }
    store_turn(P / Q, Q, best, a, s->groups + g, first, count);
  }
}

/// All windows of Q pixels each.
INLINE void windows(const int Q, const swl_sparse_args *s) {
  for (ptrdiff_t first = 0, count = s->conv.window_count; first < count;) {
    const ptrdiff_t rest = count - first;
    if (Q == 1 && rest == 1) {
      one_window(s, first);
      return;
    }
    if (FEWEST_PIXELS < PIXELS && rest <= FEWEST_PIXELS / Q) {
      turn(FEWEST_PIXELS, Q, s, first);
      first += FEWEST_PIXELS / Q;
    } else {
      turn(PIXELS, Q, s, first);
      first += PIXELS / Q;
    }
  }
}

/// Windows of any number of pixels; a short last turn repeats the window's last pixel.
INLINE void large_windows(const swl_sparse_args *s) {
  const swl_conv_args *a = &s->conv;
  const ptrdiff_t pixels = a->window_pixels;
  for (ptrdiff_t window = 0; window < a->window_count; window++) {
    const int32_t *offsets = a->pixels + window * pixels;
    for (ptrdiff_t g = 0; g < s->group_count; g++) {
      VECTOR best[VECTORS], out[VECTORS];
      for (ptrdiff_t first = 0; first < pixels; first += PIXELS) {
        const uint8_t *pixel[PIXELS];
        VECTOR acc[PIXELS * VECTORS];
        UNROLL for (int p = 0; p < PIXELS; p++)
          pixel[p] = a->x + offsets[first + p < pixels ? first + p : pixels - 1];
        accumulate(PIXELS, s, s->groups + g, pixel, acc);
        UNROLL for (int v = 0; v < VECTORS; v++) {
          best[v] = first == 0 ? acc[v] : largest(best[v], acc[v]);
          UNROLL for (int p = 1; p < PIXELS; p++) best[v] = largest(best[v], acc[p * VECTORS + v]);
        }
      }
      UNROLL for (int v = 0; v < VECTORS; v++) out[v] = best[v];
      store_turn(1, 1, out, a, s->groups + g, window, 1);
    }
  }
}

ISA void KERNEL(const swl_sparse_args *args) {
  if (args->conv.window_pixels == 1) windows(1, args);
  else if (args->conv.window_pixels == 4 && PIXELS % 4 == 0) windows(PIXELS % 4 == 0 ? 4 : 1, args);
  else large_windows(args);
}
