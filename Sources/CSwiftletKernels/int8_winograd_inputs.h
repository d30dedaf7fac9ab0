// What the Winograd convolutions read: tiles of the images, in blocks, and their transforms. A part of
// int8_winograd_body.h, which defines MOST_SPAN, MOST_BLOCK and ROLLED; 16 channels at a time, by AVX2.

typedef struct {
  const uint8_t *x;
  uint8_t *y;
  /// Points along each axis.
  int rows, columns;
  /// Outputs stored.
  int y_rows, y_columns;
} swl_tile;

/// The tiles of a block, ordered so that those which have a point lie side by side: first those with few rows and all
/// columns, then all and all, all and few, few and few.
typedef struct {
  swl_tile tiles[MOST_BLOCK];
  /// Where each kind starts, and the number of tiles.
  ptrdiff_t start[5];
} swl_block;

/// Where in that order a tile stands.
INLINE int kind(bool few_rows, bool few_columns) { return few_columns ? 2 + few_rows : !few_rows; }

/// The tiles first ..< first + count of the images, row by row.
INLINE void gather_block(const int size, const swl_winograd_args *a, ptrdiff_t first, ptrdiff_t count, swl_block *b) {
  ptrdiff_t next[5] = {0};
  const ptrdiff_t per_image = a->tile_rows * a->tile_columns;
  const int outputs = a->pools ? size / 2 : size;
  ROLLED for (int pass = 0; pass < 2; pass++) {
    ptrdiff_t image = first / per_image, row = first % per_image / a->tile_columns, column = first % a->tile_columns;
    ROLLED for (ptrdiff_t i = 0; i < count; i++) {
      const bool few_rows = size == 2 || (a->ends_short_rows && row + 1 == a->tile_rows);
      const bool few_columns = size == 2 || (a->ends_short_columns && column + 1 == a->tile_columns);
      const int k = kind(few_rows, few_columns);
      if (pass == 0) {
        next[k + 1]++;
      } else {
        const ptrdiff_t rows = a->rows - row * outputs, columns = a->columns - column * outputs;
        const int most_rows = few_rows ? outputs * 2 / size : outputs;
        const int most_columns = few_columns ? outputs * 2 / size : outputs;
        b->tiles[next[k]++] = (swl_tile){
            .x = a->x + image * a->x_image + size * (row * a->x_row + column * a->x_pixel),
            .y = (uint8_t *)a->y + image * a->y_image + outputs * (row * a->y_row + column * a->y_pixel),
            .rows = few_rows ? 4 : 6,
            .columns = few_columns ? 4 : 6,
            .y_rows = rows < most_rows ? (int)rows : most_rows,
            .y_columns = columns < most_columns ? (int)columns : most_columns};
      }
      if (++column == a->tile_columns) {
        column = 0;
        if (++row == a->tile_rows) row = 0, image++;
      }
    }
    if (pass == 0) {
      for (int k = 1; k < 5; k++) next[k] += next[k - 1];
      __builtin_memcpy(b->start, next, sizeof next);
    }
  }
}

/// Transformed inputs from one point to the next: odd multiples of a cache line, for lines a power of two apart would
/// push each other out of the first-level cache.
INLINE ptrdiff_t point_stride(const swl_winograd_args *a) { return ((2 * a->tile_block * a->pairs + 31) / 32 | 1) * 32; }

/// B^T d of six values, or of four scaled to go with the same weights, or of four.
INLINE void transform_line(const int span, const int size, const __m256i *d, __m256i *t, const int step) {
  if (span == 4) {
    const __m256i first = _mm256_sub_epi16(d[0], d[2]), sum = _mm256_add_epi16(d[1], d[2]);
    const __m256i difference = _mm256_sub_epi16(d[2], d[1]), last = _mm256_sub_epi16(d[3], d[1]);
    if (size == 2) {
      t[0] = first, t[step] = sum, t[2 * step] = difference, t[3 * step] = last;
      return;
    }
    // 4 (d0 - d2), -3 (d1 + d2), -3 (d2 - d1), 3 (d3 - d1)
    t[0] = _mm256_slli_epi16(first, 2);
    t[step] = _mm256_sub_epi16(sum, _mm256_slli_epi16(sum, 2));
    t[2 * step] = _mm256_sub_epi16(difference, _mm256_slli_epi16(difference, 2));
    t[3 * step] = _mm256_add_epi16(last, _mm256_add_epi16(last, last));
    return;
  }
  const __m256i e = _mm256_sub_epi16(d[4], d[2]), f = _mm256_sub_epi16(d[3], d[1]), twice = _mm256_add_epi16(f, f);
  // 4 d0 - 5 d2 + d4, -4 (d1 + d2) + d3 + d4, 4 (d1 - d2) - d3 + d4
  t[0] = _mm256_add_epi16(_mm256_slli_epi16(_mm256_sub_epi16(d[0], d[2]), 2), e);
  t[step] = _mm256_sub_epi16(_mm256_add_epi16(d[3], d[4]), _mm256_slli_epi16(_mm256_add_epi16(d[1], d[2]), 2));
  t[2 * step] = _mm256_add_epi16(_mm256_sub_epi16(d[4], d[3]), _mm256_slli_epi16(_mm256_sub_epi16(d[1], d[2]), 2));
  // 4 d1 - 5 d3 + d5, +-2 (d3 - d1) + d4 - d2
  t[3 * step] = _mm256_sub_epi16(_mm256_sub_epi16(d[5], d[3]), _mm256_add_epi16(twice, twice));
  t[4 * step] = _mm256_add_epi16(e, twice);
  t[5 * step] = _mm256_sub_epi16(e, twice);
}

INLINE void transform_columns(
    const int span, const int size, const uint8_t *x, const swl_winograd_args *a, int columns, __m256i *t) {
  ROLLED for (int column = 0; column < columns; column++, x += a->x_pixel, t++) {
    __m256i d[MOST_SPAN];
    UNROLL for (int row = 0; row < span; row++)
      d[row] = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(x + row * a->x_row)));
    transform_line(span, size, d, t, MOST_SPAN);
  }
}

INLINE void transform_rows(
    const int span, const int size, const __m256i *t, int rows, int16_t *v, ptrdiff_t v_point) {
  ROLLED for (int row = 0; row < rows; row++, t += MOST_SPAN, v += (size + 2) * v_point) {
    __m256i line[MOST_SPAN];
    transform_line(span, size, t, line, 1);
    UNROLL for (int column = 0; column < span; column++)
      _mm256_storeu_si256((__m256i *)(v + column * v_point), line[column]);
  }
}

/// B^T d B of the block's tiles: [point][tile][input channel], 16 channels at a time.
INLINE void transform_block(const int size, const swl_winograd_args *a, const swl_block *b, int16_t *v) {
  const ptrdiff_t v_tile = 2 * a->pairs, v_point = point_stride(a);
  for (ptrdiff_t i = 0; i < b->start[4]; i++, v += v_tile) {
    const swl_tile *tile = b->tiles + i;
    for (ptrdiff_t c = 0; c < a->inputs; c += 16) {
      // The last 16 channels overlap the ones before rather than pass the end.
      const ptrdiff_t channel = c + 16 <= a->inputs ? c : a->inputs - 16;
      __m256i t[MOST_SPAN * MOST_SPAN];
      if (size == 4 && tile->rows == 6) transform_columns(6, size, tile->x + channel, a, tile->columns, t);
      else transform_columns(4, size, tile->x + channel, a, tile->columns, t);
      if (size == 4 && tile->columns == 6) transform_rows(6, size, t, tile->rows, v + channel, v_point);
      else transform_rows(4, size, t, tile->rows, v + channel, v_point);
    }
  }
}
