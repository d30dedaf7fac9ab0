// The Winograd convolutions of one instruction set. Included with ISA, INLINE and OUTLINED defined, and:
//   VECTOR, LANES         a vector of s32 and its lanes; a panel is two of them
//   v_zero, v_add, v_sub, v_shift_left, v_shift_right, v_max, v_multiply, v_dot, v_pair
//   swl_vector_end, load_vector_end, store_rows
//
// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), in integers, exact. A tile of outputs is
// A^T [ (G g G^T) . (B^T d B) ] A over some points, where every point is a product of its own over the input channels:
// 36 multiplications instead of 144 for 4x4 outputs, 16 instead of 36 for 2x2.
//
// G has fractions; weights are transformed with its rows scaled to integers, and the result is a multiple of acc: 4
// times, or 576 times. Transformed weights and inputs fit 16 bits and the 32-bit sums of their products may wrap:
// everything is exact modulo 2^32, and the multiple of acc is undone because |acc| was proven small enough when
// preparing (Numerics.md).
//
// Points along an axis are 0, 1, -1, infinity, 2, -2. Two outputs take the first four, so that the last tile of an axis
// may be half as long and read the same weights: a tile has 6 or 4 points along each axis. Its inputs carry the factors
// that make the multiple 24 along each axis all the same.
//
// Weights, s16: [panel][point][pair of input channels][channel][2]; a last panel of at most LANES channels is one
// vector wide.

#define ROLLED _Pragma("clang loop unroll(disable)")

enum {
  PANEL = 2 * LANES,
  /// Tiles whose products stay in registers. Twice as many fit those of AVX-512 but take as long.
  MOST_TILES = 6,
  MOST_SPAN = 6,
  MOST_BLOCK = 48,
};

/// The inverse of 9 modulo 2^32.
static const int32_t inverse_of_nine = 0x38E38E39;

#include "int8_winograd_inputs.h"

// MARK: Products

/// P tiles by V vectors of output channels at one point: a product of [tiles x pairs] and [pairs x channels].
INLINE void multiply(
    const int P, const int V, const int16_t *v, ptrdiff_t v_tile, const VECTOR *u, ptrdiff_t pairs, VECTOR *m,
    ptrdiff_t m_tile) {
  VECTOR acc[MOST_TILES * 2];
  // Every third tile has a pointer, the others an index.
  const int16_t *third[MOST_TILES / 3 + 1];
  UNROLL for (int p = 0; p < P; p += 3) third[p / 3] = v + p * v_tile;
  UNROLL for (int i = 0; i < P * V; i++) acc[i] = v_zero();
  ROLLED for (ptrdiff_t k = 0; k < pairs; k++, u += V) {
    VECTOR w[2];
    UNROLL for (int i = 0; i < V; i++) w[i] = u[i];
    UNROLL for (int p = 0; p < P; p++) {
      const VECTOR x = v_pair(third[p / 3] + p % 3 * v_tile);
      UNROLL for (int i = 0; i < V; i++) acc[p * V + i] = v_dot(acc[p * V + i], x, w[i]);
    }
    UNROLL for (int p = 0; p < P; p += 3) third[p / 3] += 2;
  }
  UNROLL for (int p = 0; p < P; p++) {
    UNROLL for (int i = 0; i < V; i++) m[p * m_tile + i] = acc[p * V + i];
  }
}

/// One point's products of tiles first ..< end, in groups as even as they come: [tile][column of points][channel].
INLINE void multiply_point(
    const int V, const int span, const int16_t *v, ptrdiff_t first, ptrdiff_t end, const VECTOR *u, ptrdiff_t pairs,
    VECTOR *m) {
  const ptrdiff_t v_tile = 2 * pairs, m_tile = span * V;
  for (ptrdiff_t groups = (end - first + MOST_TILES - 1) / MOST_TILES; groups > 0; groups--) {
    const ptrdiff_t count = (end - first + groups - 1) / groups;
    const int16_t *x = v + first * v_tile;
    VECTOR *y = m + first * m_tile;
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

// MARK: Outputs

/// A^T m of six or four values, `step` apart, into four or two.
INLINE void restore_line(const int span, const VECTOR *m, const ptrdiff_t step, VECTOR *y) {
  const VECTOR m0 = m[0], m1 = m[step], m2 = m[2 * step], m3 = m[3 * step];
  const VECTOR s = v_add(m1, m2), d = v_sub(m1, m2);
  if (span == 4) {
    y[0] = v_add(m0, s);
    y[1] = v_add(d, m3);
    return;
  }
  const VECTOR m4 = m[4 * step], m5 = m[5 * step], t = v_add(m4, m5), e = v_sub(m4, m5), twice = v_add(e, e);
  // m0 + s + t, d + 2 e, s + 4 t, d + 8 e + 3 m3
  y[0] = v_add(v_add(m0, s), t);
  y[1] = v_add(d, twice);
  y[2] = v_add(s, v_shift_left(t, 2));
  y[3] = v_add(v_add(d, m3), v_add(v_add(m3, m3), v_shift_left(twice, 2)));
}

/// One row of a tile's points to one row of four, or two, columns of outputs.
INLINE void restore_row(const int span, const int V, const VECTOR *m, VECTOR *half) {
  UNROLL for (int i = 0; i < V; i++) {
    VECTOR line[4];
    restore_line(span, m + i, V, line);
    UNROLL for (int column = 0; column < span - 2; column++) half[column * V + i] = line[column];
  }
}

/// The products of a panel, restored along the rows: [tile][row of points][column of outputs][channel]. `m` takes the
/// products of one row of points.
INLINE void multiply_block(
    const int V, const int size, const swl_winograd_args *a, const swl_block *b, const int16_t *v, const VECTOR *u,
    VECTOR *m, VECTOR *half) {
  const int span = size + 2;
  const ptrdiff_t pairs = a->pairs, v_point = point_stride(a), tile = span * size * V;
  ROLLED for (int row = 0; row < span; row++, half += size * V) {
    const ptrdiff_t first = row < 4 ? 0 : b->start[1], end = b->start[row < 4 ? 4 : 3];
    ROLLED for (int column = 0; column < span; column++, v += v_point, u += pairs * V)
      multiply_point(V, span, v, first, column < 4 ? end : b->start[2], u, pairs, m + column * V);
    // Tiles of all columns come first.
    ptrdiff_t i = first;
    if (size == 4)
      ROLLED for (; i < b->start[2]; i++) restore_row(6, V, m + i * span * V, half + i * tile);
    ROLLED for (; i < end; i++) restore_row(4, V, m + i * span * V, half + i * tile);
  }
}

OUTLINED void multiply_panel(
    int vectors, const int size, const swl_winograd_args *a, const swl_block *b, const int16_t *v, const VECTOR *u,
    VECTOR *m, VECTOR *half) {
  if (vectors == 2) multiply_block(2, size, a, b, v, u, m, half);
  else multiply_block(1, size, a, b, v, u, m, half);
}

INLINE VECTOR undo(const int size, VECTOR x) { return size == 4 ? v_multiply(x, inverse_of_nine) : x; }

/// Restores one tile along its columns and stores its outputs, one vector of channels.
INLINE void store_tile(
    const int span, const int size, const VECTOR *half, int vectors, const swl_winograd_args *a,
    const swl_vector_end *end, const swl_tile *tile, uint8_t *y) {
  const int step = size * vectors;
  ROLLED for (int column = 0; column < tile->y_columns; column++, y += a->y_pixel) {
    VECTOR acc[4];
    restore_line(span, half, step, acc);
    half += vectors;
    int rows = span - 2;
    if (a->pools) {
      VECTOR next[4];
      restore_line(span, half, step, next);
      half += vectors;
      rows /= 2;
      if (size == 4 && !a->keeps_order) {
        UNROLL for (int i = 0; i < span - 2; i++) acc[i] = undo(size, acc[i]), next[i] = undo(size, next[i]);
      }
      UNROLL for (int i = 0; i < span / 2 - 1; i++)
        acc[i] = v_max(v_max(acc[2 * i], acc[2 * i + 1]), v_max(next[2 * i], next[2 * i + 1]));
      if (size == 4 && a->keeps_order) {
        UNROLL for (int i = 0; i < span / 2 - 1; i++) acc[i] = undo(size, acc[i]);
      }
    } else if (size == 4) {
      UNROLL for (int i = 0; i < span - 2; i++) acc[i] = undo(size, acc[i]);
    }
    if (tile->y_rows < rows) rows = tile->y_rows;
    UNROLL for (int row = 0; row < span - 2; row++)
      acc[row] = v_add(v_shift_right(acc[row], size == 4 ? 6 : 2), end->bias);
    store_rows(a->pools ? span / 2 - 1 : span - 2, acc, rows, end, y);
  }
}

OUTLINED void store_block(
    const int size, const VECTOR *half, int vectors, const swl_winograd_args *a, const swl_block *b, ptrdiff_t first) {
  const swl_vector_end end = load_vector_end(a, first);
  ROLLED for (ptrdiff_t i = 0; i < b->start[4]; i++, half += (size + 2) * size * vectors) {
    const swl_tile *tile = b->tiles + i;
    uint8_t *y = tile->y + first * (a->stores_s32 ? 4 : 1);
    if (size == 4 && tile->rows == 6) store_tile(6, size, half, vectors, a, &end, tile, y);
    else store_tile(4, size, half, vectors, a, &end, tile, y);
  }
}

INLINE void convolve(const int size, const swl_winograd_args *a) {
  const ptrdiff_t points = (size + 2) * (size + 2), tiles = a->images * a->tile_rows * a->tile_columns;
  VECTOR *m = a->scratch, *half = m + a->tile_block * (size + 2) * 2;
  int16_t *v = (int16_t *)(half + a->tile_block * (size + 2) * size * 2);
  swl_block block;
  for (ptrdiff_t first = 0; first < tiles; first += a->tile_block) {
    gather_block(size, a, first, tiles - first < a->tile_block ? tiles - first : a->tile_block, &block);
    transform_block(size, a, &block, v);
    for (ptrdiff_t channel = 0; channel < a->outputs; channel += PANEL) {
      const VECTOR *u = (const VECTOR *)a->weights + channel / LANES * points * a->pairs;
      const int vectors = a->outputs - channel > LANES ? 2 : 1;
      multiply_panel(vectors, size, a, &block, v, u, m, half);
      for (int i = 0; i < vectors; i++) store_block(size, half + i, vectors, a, &block, channel + LANES * i);
    }
  }
}
