#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_avx2.h"

// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), in integers, exact: F(2x2, 3x3) and
// F(4x4, 3x3). A tile of outputs is A^T [ (G g G^T) . (B^T d B) ] A over 16 or 36 points, where every point is a product
// of its own over the input channels: 16 multiplications instead of 36, or 36 instead of 144.
//
// G has fractions; weights are transformed with its rows scaled to integers, and the result is 4 or 576 times acc.
// Transformed weights and inputs fit 16 bits and vpmaddwd's 32-bit sums may wrap: everything is exact modulo 2^32, and
// the multiple of acc is undone because |acc| was proven small enough when preparing (Numerics.md).
//
// Weights, s16: [panel of 16 output channels][point][pair of input channels][channel][2]; a last panel of at most 8
// channels is 8 wide.

enum { PANEL = 16, MOST_TILES = 6, MOST_SPAN = 6 };

/// The inverse of 9 modulo 2^32.
static const int32_t inverse_of_nine = 0x38E38E39;

/// B^T d of four or six values.
INLINE void transform_line(const int span, const __m256i *d, __m256i *t) {
  if (span == 4) {
    t[0] = _mm256_sub_epi16(d[0], d[2]);
    t[1] = _mm256_add_epi16(d[1], d[2]);
    t[2] = _mm256_sub_epi16(d[2], d[1]);
    t[3] = _mm256_sub_epi16(d[1], d[3]);
    return;
  }
  const __m256i e = _mm256_sub_epi16(d[4], d[2]), f = _mm256_sub_epi16(d[3], d[1]), twice = _mm256_slli_epi16(f, 1);
  // 4 d0 - 5 d2 + d4, -4 (d1 + d2) + d3 + d4, 4 (d1 - d2) - d3 + d4
  t[0] = _mm256_add_epi16(_mm256_slli_epi16(_mm256_sub_epi16(d[0], d[2]), 2), e);
  t[1] = _mm256_sub_epi16(_mm256_add_epi16(d[3], d[4]), _mm256_slli_epi16(_mm256_add_epi16(d[1], d[2]), 2));
  t[2] = _mm256_add_epi16(_mm256_sub_epi16(d[4], d[3]), _mm256_slli_epi16(_mm256_sub_epi16(d[1], d[2]), 2));
  // +-2 (d3 - d1) + d4 - d2, 4 d1 - 5 d3 + d5
  t[3] = _mm256_add_epi16(e, twice);
  t[4] = _mm256_sub_epi16(e, twice);
  t[5] = _mm256_sub_epi16(_mm256_sub_epi16(d[5], d[3]), _mm256_slli_epi16(f, 2));
}

/// B^T d B of one tile and 16 input channels. `v` takes point p at p * v_point.
INLINE void transform_input(const int span, const uint8_t *x, const swl_winograd_args *a, int16_t *v, ptrdiff_t v_point) {
  __m256i t[MOST_SPAN][MOST_SPAN];
  UNROLL for (int column = 0; column < span; column++) {
    __m256i d[MOST_SPAN], line[MOST_SPAN];
    UNROLL for (int row = 0; row < span; row++) {
      const uint8_t *cell = x + row * a->x_row + column * a->x_pixel;
      d[row] = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)cell));
    }
    transform_line(span, d, line);
    UNROLL for (int row = 0; row < span; row++) t[row][column] = line[row];
  }
  UNROLL for (int row = 0; row < span; row++) {
    __m256i line[MOST_SPAN];
    transform_line(span, t[row], line);
    UNROLL for (int column = 0; column < span; column++, v += v_point) _mm256_storeu_si256((__m256i *)v, line[column]);
  }
}

/// Transformed inputs of the block's tiles: [point][tile][input channel].
INLINE void transform_block(const int span, const swl_winograd_args *a, ptrdiff_t first, ptrdiff_t count, int16_t *v) {
  const ptrdiff_t v_tile = 2 * a->pairs, v_point = a->tile_block * v_tile, size = span - 2;
  for (ptrdiff_t i = 0; i < count; i++, v += v_tile) {
    const ptrdiff_t row = (first + i) / a->tile_columns, column = (first + i) % a->tile_columns;
    const uint8_t *x = a->x + size * row * a->x_row + size * column * a->x_pixel;
    // The last 16 channels overlap the ones before rather than pass the end.
    for (ptrdiff_t c = 0; c < a->inputs; c += 16) {
      const ptrdiff_t channel = c + 16 <= a->inputs ? c : a->inputs - 16;
      transform_input(span, x + channel, a, v + channel, v_point);
    }
  }
}

/// P tiles by V vectors of 8 output channels at one point: a product of [tiles x pairs] and [pairs x channels].
INLINE void multiply(
    const int P, const int V, const int16_t *v, ptrdiff_t v_tile, const __m256i *u, ptrdiff_t pairs, __m256i *m,
    ptrdiff_t m_tile) {
  __m256i acc[MOST_TILES * 2];
  UNROLL for (int i = 0; i < P * V; i++) acc[i] = _mm256_setzero_si256();
  for (ptrdiff_t k = 0; k < pairs; k++, u += V) {
    __m256i w[2];
    UNROLL for (int i = 0; i < V; i++) w[i] = _mm256_load_si256(u + i);
    UNROLL for (int p = 0; p < P; p++) {
      int32_t pair;
      __builtin_memcpy(&pair, v + p * v_tile + 2 * k, 4);
      const __m256i x = _mm256_set1_epi32(pair);
      UNROLL for (int i = 0; i < V; i++)
        acc[p * V + i] = _mm256_add_epi32(acc[p * V + i], _mm256_madd_epi16(x, w[i]));
    }
  }
  UNROLL for (int p = 0; p < P; p++) {
    UNROLL for (int i = 0; i < V; i++) m[p * m_tile + i] = acc[p * V + i];
  }
}

/// All tiles of a block at all points, in groups as even as they come; products: [tile][point][channel].
INLINE void multiply_block(
    const int V, const swl_winograd_args *a, ptrdiff_t points, const int16_t *v, const __m256i *u, ptrdiff_t tiles,
    __m256i *m) {
  const ptrdiff_t pairs = a->pairs, v_tile = 2 * pairs, m_tile = points * V;
  for (ptrdiff_t point = 0; point < points; point++, v += a->tile_block * v_tile, u += pairs * V, m += V) {
    for (ptrdiff_t first = 0, groups = (tiles + MOST_TILES - 1) / MOST_TILES; groups > 0; groups--) {
      const ptrdiff_t count = (tiles - first + groups - 1) / groups;
      const int16_t *x = v + first * v_tile;
      __m256i *y = m + first * m_tile;
      switch (count) {
        case 6: multiply(6, V, x, v_tile, u, pairs, y, m_tile); break;
        case 5: multiply(5, V, x, v_tile, u, pairs, y, m_tile); break;
        case 4: multiply(4, V, x, v_tile, u, pairs, y, m_tile); break;
        case 3: multiply(3, V, x, v_tile, u, pairs, y, m_tile); break;
        case 2: multiply(2, V, x, v_tile, u, pairs, y, m_tile); break;
        default: multiply(1, V, x, v_tile, u, pairs, y, m_tile); break;
      }
      first += count;
    }
  }
}

OUTLINED void multiply_panel(
    const swl_winograd_args *a, ptrdiff_t vectors, ptrdiff_t points, const int16_t *v, const __m256i *u,
    ptrdiff_t tiles, __m256i *m) {
  if (vectors == 2) multiply_block(2, a, points, v, u, tiles, m);
  else multiply_block(1, a, points, v, u, tiles, m);
}

/// A^T m of four or six values, a step apart.
INLINE void restore_line(const int span, const __m256i *m, ptrdiff_t step, __m256i *y) {
  const __m256i m0 = m[0], m1 = m[step], m2 = m[2 * step], m3 = m[3 * step];
  const __m256i s = _mm256_add_epi32(m1, m2), d = _mm256_sub_epi32(m1, m2);
  if (span == 4) {
    y[0] = _mm256_add_epi32(m0, s);
    y[1] = _mm256_sub_epi32(d, m3);
    return;
  }
  const __m256i m4 = m[4 * step], m5 = m[5 * step];
  const __m256i t = _mm256_add_epi32(m3, m4), e = _mm256_sub_epi32(m3, m4);
  // m0 + s + t, d + 2 e, s + 4 t, d + 8 e + 3 m5
  y[0] = _mm256_add_epi32(_mm256_add_epi32(m0, s), t);
  y[1] = _mm256_add_epi32(d, _mm256_slli_epi32(e, 1));
  y[2] = _mm256_add_epi32(s, _mm256_slli_epi32(t, 2));
  const __m256i three = _mm256_add_epi32(m5, _mm256_slli_epi32(m5, 1));
  y[3] = _mm256_add_epi32(_mm256_add_epi32(d, three), _mm256_slli_epi32(e, 3));
}

/// A^T m A of one tile and 8 channels: 4 * acc or 64 * acc of its pixels, row by row, without the bias.
INLINE void restore_tile(const int span, const int V, const __m256i *m, __m256i *pixels) {
  const int size = span - 2;
  __m256i t[4][MOST_SPAN];
  UNROLL for (int column = 0; column < span; column++) {
    __m256i line[4];
    restore_line(span, m + column * V, span * V, line);
    UNROLL for (int row = 0; row < size; row++) t[row][column] = line[row];
  }
  UNROLL for (int row = 0; row < size; row++) {
    restore_line(span, t[row], 1, pixels + row * size);
    if (span == 6) {
      const __m256i inverse = _mm256_set1_epi32(inverse_of_nine);
      UNROLL for (int i = 0; i < 4; i++) pixels[row * 4 + i] = _mm256_mullo_epi32(pixels[row * 4 + i], inverse);
    }
  }
}

/// The end of one panel: which channels it has and their constants.
typedef struct {
  const swl_winograd_args *args;
  ptrdiff_t first, channels;
  /// The power of two by which accumulators come multiplied.
  int shift;
  bool is_wide;
  swl_scale8 scale[2];
  __m256i bias[2];
} swl_panel_end;

OUTLINED void store_wide(const __m256i *acc, const swl_panel_end *e, uint8_t *y) {
  int32_t lanes[PANEL];
  __builtin_memcpy(lanes, acc, sizeof lanes);
  swl_requantization q = e->args->requantization;
  q.mantissa += e->first;
  q.shift += e->first;
  swl_store_channels(lanes, 0, e->channels, &q, e->args->stores_s32, y);
}

/// Stores V vectors of multiplied accumulators without bias as the outputs of one pixel.
INLINE void store_pixel(const int V, __m256i first, __m256i second, const swl_panel_end *e, uint8_t *y) {
  const __m128i shift = _mm_cvtsi32_si128(e->shift);
  __m256i acc[2] = {_mm256_add_epi32(_mm256_sra_epi32(first, shift), e->bias[0])};
  acc[1] = V > 1 ? _mm256_add_epi32(_mm256_sra_epi32(second, shift), e->bias[1]) : acc[0];
  if (e->is_wide) {
    store_wide(acc, e, y);
    return;
  }
  const __m256i scaled = scale_high_half(acc[0], &e->scale[0]);
  const __m256i next = V > 1 ? scale_high_half(acc[1], &e->scale[1]) : scaled;
  store_bytes(finish_bytes(scaled, next, &e->args->requantization), e->channels, y);
}

INLINE void store_tile(const int span, const int V, const __m256i *m, const swl_panel_end *e, ptrdiff_t tile) {
  const swl_winograd_args *a = e->args;
  const int size = span - 2;
  __m256i pixels[2][16];
  UNROLL for (int v = 0; v < V; v++) restore_tile(span, V, m + v, pixels[v]);
  int outputs = size;
  if (a->pools) {
    outputs = size / 2;
    UNROLL for (int v = 0; v < V; v++) {
      UNROLL for (int i = 0; i < size * size / 4; i++) {
        const __m256i *p = pixels[v] + i / (size / 2) * 2 * size + i % (size / 2) * 2;
        const __m256i top = _mm256_max_epi32(p[0], p[1]);
        pixels[v][i] = _mm256_max_epi32(top, _mm256_max_epi32(p[size], p[size + 1]));
      }
    }
  }
  const ptrdiff_t row = tile / a->tile_columns * outputs, column = tile % a->tile_columns * outputs;
  uint8_t *y = (uint8_t *)a->y + e->first * (a->stores_s32 ? 4 : 1) + row * a->y_row + column * a->y_pixel;
  const ptrdiff_t rows = a->rows - row < outputs ? a->rows - row : outputs;
  const ptrdiff_t columns = a->columns - column < outputs ? a->columns - column : outputs;
  for (ptrdiff_t r = 0; r < rows; r++) {
    for (ptrdiff_t c = 0; c < columns; c++) {
      const ptrdiff_t i = r * outputs + c;
      store_pixel(V, pixels[0][i], pixels[V - 1][i], e, y + r * a->y_row + c * a->y_pixel);
    }
  }
}

INLINE void panel(
    const int span, const int V, const swl_winograd_args *a, ptrdiff_t channel, ptrdiff_t first, ptrdiff_t count,
    const int16_t *v, __m256i *m) {
  const ptrdiff_t points = span * span;
  multiply_panel(a, V, points, v, (const __m256i *)a->weights + channel / 8 * points * a->pairs, count, m);
  swl_panel_end end = {.args = a, .first = channel, .shift = span == 4 ? 2 : 6};
  end.channels = a->outputs - channel < 8 * V ? a->outputs - channel : 8 * V;
  end.is_wide = stores_wide(&a->requantization, a->stores_s32);
  for (int i = 0; i < V; i++) {
    end.scale[i] = load_scale(&a->requantization, channel + 8 * i);
    end.bias[i] = _mm256_loadu_si256((const __m256i *)(a->requantization.bias + channel + 8 * i));
  }
  for (ptrdiff_t i = 0; i < count; i++, m += points * V) store_tile(span, V, m, &end, first + i);
}

INLINE void convolve(const int span, const swl_winograd_args *a) {
  __m256i *m = a->scratch;
  int16_t *v = (int16_t *)(m + a->tile_block * span * span * (PANEL / 8));
  const ptrdiff_t tiles = a->tile_rows * a->tile_columns;
  for (ptrdiff_t first = 0; first < tiles; first += a->tile_block) {
    const ptrdiff_t count = tiles - first < a->tile_block ? tiles - first : a->tile_block;
    transform_block(span, a, first, count, v);
    for (ptrdiff_t channel = 0; channel < a->outputs; channel += PANEL) {
      if (a->outputs - channel > 8) panel(span, 2, a, channel, first, count, v, m);
      else panel(span, 1, a, channel, first, count, v, m);
    }
  }
}

ISA void swl_winograd2x2_u8s8__avx2(const swl_winograd_args *args) { convolve(4, args); }

ISA void swl_winograd4x4_u8s8__avx2(const swl_winograd_args *args) { convolve(6, args); }
#endif
