#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_avx2.h"

// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), in integers, exact: F(2x2, 3x3).
//
// A tile of 2x2 outputs is A^T [ (G g G^T) . (B^T d B) ] A over 16 points, where every point is a product of its own
// over the input channels: 16 multiplications instead of 36. G has halves, so weights are transformed with 2G; the
// result is then 4 * acc. |U| <= 9 * 127 and |V| <= 4 * 255 fit 16 bits, and vpmaddwd's 32-bit sums may wrap: all
// sums are exact modulo 2^32, and 4 * acc is recovered whole because |acc| < 2^29 was proven when preparing.
//
// Weights, s16: [panel of 16 output channels][point][pair of input channels][channel][2]; a last panel of at most 8
// channels is 8 wide.

enum { POINTS = 16, PANEL = 16, MOST_TILES = 6 };

/// B^T d B of one tile and 16 input channels. `v` takes point p at p * v_point.
INLINE void transform_input(const uint8_t *x, const swl_winograd_args *a, int16_t *v, ptrdiff_t v_point) {
  __m256i t[4][4];
  UNROLL for (int column = 0; column < 4; column++) {
    __m256i d[4];
    UNROLL for (int row = 0; row < 4; row++) {
      const uint8_t *cell = x + row * a->x_row + column * a->x_pixel;
      d[row] = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)cell));
    }
    t[0][column] = _mm256_sub_epi16(d[0], d[2]);
    t[1][column] = _mm256_add_epi16(d[1], d[2]);
    t[2][column] = _mm256_sub_epi16(d[2], d[1]);
    t[3][column] = _mm256_sub_epi16(d[1], d[3]);
  }
  UNROLL for (int row = 0; row < 4; row++) {
    int16_t *y = v + row * 4 * v_point;
    _mm256_storeu_si256((__m256i *)y, _mm256_sub_epi16(t[row][0], t[row][2]));
    _mm256_storeu_si256((__m256i *)(y + v_point), _mm256_add_epi16(t[row][1], t[row][2]));
    _mm256_storeu_si256((__m256i *)(y + 2 * v_point), _mm256_sub_epi16(t[row][2], t[row][1]));
    _mm256_storeu_si256((__m256i *)(y + 3 * v_point), _mm256_sub_epi16(t[row][1], t[row][3]));
  }
}

/// P tiles by V vectors of 8 output channels at one point: a product of [tiles x pairs] and [pairs x channels].
INLINE void multiply(
    const int P, const int V, const int16_t *v, ptrdiff_t v_tile, const __m256i *u, ptrdiff_t pairs, __m256i *m) {
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
    UNROLL for (int i = 0; i < V; i++) m[p * POINTS * V + i] = acc[p * V + i];
  }
}

/// All tiles of a block at one point, in groups as even as they come.
INLINE void multiply_block(
    const int V, const int16_t *v, ptrdiff_t v_tile, const __m256i *u, ptrdiff_t pairs, ptrdiff_t tiles, __m256i *m) {
  for (ptrdiff_t first = 0, groups = (tiles + MOST_TILES - 1) / MOST_TILES; groups > 0; groups--) {
    const ptrdiff_t count = (tiles - first + groups - 1) / groups;
    const int16_t *x = v + first * v_tile;
    __m256i *y = m + first * POINTS * V;
    switch (count) {
      case 6: multiply(6, V, x, v_tile, u, pairs, y); break;
      case 5: multiply(5, V, x, v_tile, u, pairs, y); break;
      case 4: multiply(4, V, x, v_tile, u, pairs, y); break;
      case 3: multiply(3, V, x, v_tile, u, pairs, y); break;
      case 2: multiply(2, V, x, v_tile, u, pairs, y); break;
      default: multiply(1, V, x, v_tile, u, pairs, y); break;
    }
    first += count;
  }
}

/// A^T m A of one tile and 8 channels: acc of its four pixels, row by row, without the bias.
INLINE void transform_output(const int V, const __m256i *m, __m256i *acc) {
  __m256i t[2][4];
  UNROLL for (int column = 0; column < 4; column++) {
    const __m256i m0 = m[column * V], m1 = m[(4 + column) * V], m2 = m[(8 + column) * V], m3 = m[(12 + column) * V];
    t[0][column] = _mm256_add_epi32(_mm256_add_epi32(m0, m1), m2);
    t[1][column] = _mm256_sub_epi32(_mm256_sub_epi32(m1, m2), m3);
  }
  UNROLL for (int row = 0; row < 2; row++) {
    acc[2 * row] = _mm256_add_epi32(_mm256_add_epi32(t[row][0], t[row][1]), t[row][2]);
    acc[2 * row + 1] = _mm256_sub_epi32(_mm256_sub_epi32(t[row][1], t[row][2]), t[row][3]);
  }
}

/// The end of one panel: which channels it has and their constants.
typedef struct {
  const swl_winograd_args *args;
  ptrdiff_t first, channels;
  swl_scale8 scale[2];
  __m256i bias[2];
  bool is_wide;
} swl_panel_end;

OUTLINED void store_wide(const __m256i *acc, const swl_panel_end *e, uint8_t *y) {
  int32_t lanes[PANEL];
  __builtin_memcpy(lanes, acc, sizeof lanes);
  swl_requantization q = e->args->requantization;
  q.mantissa += e->first;
  q.shift += e->first;
  swl_store_channels(lanes, 0, e->channels, &q, e->args->stores_s32, y);
}

/// Stores V vectors of 4 * accumulators without bias as the outputs of one pixel.
INLINE void store_pixel(const int V, const __m256i *four, const swl_panel_end *e, uint8_t *y) {
  __m256i acc[2] = {};
  UNROLL for (int v = 0; v < V; v++) acc[v] = _mm256_add_epi32(_mm256_srai_epi32(four[v], 2), e->bias[v]);
  if (e->is_wide) {
    store_wide(acc, e, y);
    return;
  }
  const __m256i first = scale_high_half(acc[0], &e->scale[0]);
  const __m256i second = V > 1 ? scale_high_half(acc[1], &e->scale[1]) : first;
  store_bytes(finish_bytes(first, second, &e->args->requantization), e->channels, y);
}

INLINE void store_tile(const int V, const __m256i *m, const swl_panel_end *e, ptrdiff_t tile) {
  const swl_winograd_args *a = e->args;
  __m256i acc[4][2];
  UNROLL for (int v = 0; v < V; v++) {
    __m256i pixels[4];
    transform_output(V, m + v, pixels);
    UNROLL for (int p = 0; p < 4; p++) acc[p][v] = pixels[p];
  }
  const ptrdiff_t row = tile / a->tile_columns, column = tile % a->tile_columns;
  uint8_t *y = (uint8_t *)a->y + e->first * (a->stores_s32 ? 4 : 1);
  if (a->pools) {
    UNROLL for (int v = 0; v < V; v++) {
      const __m256i top = _mm256_max_epi32(acc[0][v], acc[1][v]);
      acc[0][v] = _mm256_max_epi32(top, _mm256_max_epi32(acc[2][v], acc[3][v]));
    }
    store_pixel(V, acc[0], e, y + row * a->y_row + column * a->y_pixel);
    return;
  }
  y += 2 * row * a->y_row + 2 * column * a->y_pixel;
  const ptrdiff_t rows = a->rows - 2 * row < 2 ? 1 : 2, columns = a->columns - 2 * column < 2 ? 1 : 2;
  for (ptrdiff_t r = 0; r < rows; r++) {
    for (ptrdiff_t c = 0; c < columns; c++) store_pixel(V, acc[2 * r + c], e, y + r * a->y_row + c * a->y_pixel);
  }
}

/// V of the block's tiles: [point][tile][input channel].
INLINE void transform_block(const swl_winograd_args *a, ptrdiff_t first, ptrdiff_t count, int16_t *v) {
  const ptrdiff_t v_tile = 2 * a->pairs, v_point = a->tile_block * v_tile;
  for (ptrdiff_t i = 0; i < count; i++, v += v_tile) {
    const ptrdiff_t row = (first + i) / a->tile_columns, column = (first + i) % a->tile_columns;
    const uint8_t *x = a->x + 2 * row * a->x_row + 2 * column * a->x_pixel;
    // The last 16 channels overlap the ones before rather than pass the end.
    for (ptrdiff_t c = 0; c < a->inputs; c += 16) {
      const ptrdiff_t channel = c + 16 <= a->inputs ? c : a->inputs - 16;
      transform_input(x + channel, a, v + channel, v_point);
    }
  }
}

INLINE void panel(
    const int V, const swl_winograd_args *a, ptrdiff_t channel, ptrdiff_t first, ptrdiff_t count, const int16_t *v,
    __m256i *m) {
  const ptrdiff_t v_tile = 2 * a->pairs;
  const __m256i *u = (const __m256i *)a->weights + channel / 8 * POINTS * a->pairs;
  for (ptrdiff_t point = 0; point < POINTS; point++) {
    multiply_block(
        V, v + point * a->tile_block * v_tile, v_tile, u + point * a->pairs * V, a->pairs, count, m + point * V);
  }
  swl_panel_end end = {.args = a, .first = channel};
  end.channels = a->outputs - channel < 8 * V ? a->outputs - channel : 8 * V;
  end.is_wide = stores_wide(&a->requantization, a->stores_s32);
  for (int i = 0; i < V; i++) {
    end.scale[i] = load_scale(&a->requantization, channel + 8 * i);
    end.bias[i] = _mm256_loadu_si256((const __m256i *)(a->requantization.bias + channel + 8 * i));
  }
  for (ptrdiff_t i = 0; i < count; i++, m += POINTS * V) store_tile(V, m, &end, first + i);
}

ISA void swl_winograd2x2_u8s8__avx2(const swl_winograd_args *a) {
  __m256i *m = a->scratch;
  int16_t *v = (int16_t *)(m + a->tile_block * POINTS * (PANEL / 8));
  const ptrdiff_t tiles = a->tile_rows * a->tile_columns;
  for (ptrdiff_t first = 0; first < tiles; first += a->tile_block) {
    const ptrdiff_t count = tiles - first < a->tile_block ? tiles - first : a->tile_block;
    transform_block(a, first, count, v);
    for (ptrdiff_t channel = 0; channel < a->outputs; channel += PANEL) {
      if (a->outputs - channel > 8) panel(2, a, channel, first, count, v, m);
      else panel(1, a, channel, first, count, v, m);
    }
  }
}
#endif
