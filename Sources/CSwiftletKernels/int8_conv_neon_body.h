// The body of both NEON convolutions. The including file defines ISA, KERNEL and accumulate().
//
// Four channels to a vector; the panel is up to four vectors wide.

INLINE void store(const int V, const int32x4_t *acc, const swl_conv_args *a, ptrdiff_t window) {
  uint8_t *y = (uint8_t *)a->y + window * a->y_stride;
  store_vectors(V, acc, &a->requantization, 0, a->channels, a->stores_s32, y);
}

/// All windows of Q pixels each, four pixels at a time; the last block repeats windows rather than read past the table.
INLINE void windows(const int Q, const int V, const swl_conv_args *a) {
  const ptrdiff_t count = a->window_count;
  for (ptrdiff_t first = 0; first < count; first += 4 / Q) {
    int32x4_t acc[16];
    if (Q == 1 && first + 1 == count) {
      const uint8_t *pixel = a->x + a->pixels[first];
      accumulate(1, V, a, &pixel, acc);
      store(V, acc, a, first);
      return;
    }
    const uint8_t *pixel[4];
    UNROLL for (int p = 0; p < 4; p++) {
      const ptrdiff_t window = first + p / Q < count ? first + p / Q : count - 1;
      pixel[p] = a->x + a->pixels[window * Q + p % Q];
    }
    accumulate(4, V, a, pixel, acc);
    UNROLL for (int i = 0; i < 4 / Q; i++) {
      int32x4_t *best = acc + i * Q * V;
      UNROLL for (int p = 1; p < Q; p++) {
        UNROLL for (int v = 0; v < V; v++) best[v] = vmaxq_s32(best[v], best[p * V + v]);
      }
      if (first + i < count) store(V, best, a, first + i);
    }
  }
}

/// Windows of any number of pixels, four at a time; a short last group repeats the window's last pixel.
INLINE void large_windows(const int V, const swl_conv_args *a) {
  const ptrdiff_t pixels = a->window_pixels;
  for (ptrdiff_t window = 0; window < a->window_count; window++) {
    const int32_t *offsets = a->pixels + window * pixels;
    int32x4_t best[4];
    UNROLL for (int v = 0; v < V; v++) best[v] = vdupq_n_s32(INT32_MIN);
    for (ptrdiff_t first = 0; first < pixels; first += 4) {
      const uint8_t *pixel[4];
      int32x4_t acc[16];
      UNROLL for (int p = 0; p < 4; p++) pixel[p] = a->x + offsets[first + p < pixels ? first + p : pixels - 1];
      accumulate(4, V, a, pixel, acc);
      UNROLL for (int p = 0; p < 4; p++) {
        UNROLL for (int v = 0; v < V; v++) best[v] = vmaxq_s32(best[v], acc[p * V + v]);
      }
    }
    store(V, best, a, window);
  }
}

INLINE void panel(const int V, const swl_conv_args *a) {
  switch (a->window_pixels) {
    case 1: windows(1, V, a); break;
    case 2: windows(2, V, a); break;
    case 4: windows(4, V, a); break;
    default: large_windows(V, a); break;
  }
}

ISA void KERNEL(const swl_conv_args *args) {
  switch (args->vectors) {
    case 1: panel(1, args); break;
    case 2: panel(2, args); break;
    case 3: panel(3, args); break;
    default: panel(4, args); break;
  }
}
