#include "int8_common.h"

SWL_PORTABLE_BEGIN
#define ISA
#define NAME(kernel) kernel##__portable
#define BYTES 16
#include "int8_rows_body.h"

void swl_table_u8__portable(
    const uint8_t *x, ptrdiff_t x_stride, const uint8_t *table, uint8_t *y, ptrdiff_t y_stride, ptrdiff_t width,
    ptrdiff_t rows) {
  for (ptrdiff_t r = 0; r < rows; r++, x += x_stride, y += y_stride) {
    for (ptrdiff_t i = 0; i < width; i++) y[i] = table[x[i]];
  }
}

void swl_copy_rows_u8(
    const uint8_t *x, ptrdiff_t x_stride, uint8_t *y, ptrdiff_t y_stride, ptrdiff_t width, ptrdiff_t rows) {
  for (ptrdiff_t r = 0; r < rows; r++, x += x_stride, y += y_stride) __builtin_memcpy(y, x, (size_t)width);
}

/// Each of `count` bytes `repeats` times; a constant count is vectorized.
SWL_INLINE void repeat_bytes(const uint8_t *x, ptrdiff_t count, ptrdiff_t repeats, uint8_t *restrict y) {
  for (ptrdiff_t i = 0; i < count; i++) {
    for (ptrdiff_t r = 0; r < repeats; r++) y[i * repeats + r] = x[i];
  }
}

void swl_pad_repeat_u8(
    const uint8_t *x, ptrdiff_t height, ptrdiff_t row_bytes, ptrdiff_t repeats, uint8_t *y, ptrdiff_t top,
    ptrdiff_t left_bytes, ptrdiff_t bottom, ptrdiff_t right_bytes, uint8_t fill) {
  const ptrdiff_t full = left_bytes + row_bytes * repeats + right_bytes;
  __builtin_memset(y, fill, (size_t)(top * full));
  y += top * full;
  for (ptrdiff_t r = 0; r < height; r++, x += row_bytes, y += full) {
    __builtin_memset(y, fill, (size_t)left_bytes);
    if (repeats == 2) repeat_bytes(x, row_bytes, 2, y + left_bytes);
    else if (repeats == 4) repeat_bytes(x, row_bytes, 4, y + left_bytes);
    else repeat_bytes(x, row_bytes, repeats, y + left_bytes);
    __builtin_memset(y + full - right_bytes, fill, (size_t)right_bytes);
  }
  __builtin_memset(y, fill, (size_t)(bottom * full));
}

void swl_pad_u8(
    const uint8_t *x, ptrdiff_t height, ptrdiff_t row_bytes, uint8_t *y, ptrdiff_t top, ptrdiff_t left_bytes,
    ptrdiff_t bottom, ptrdiff_t right_bytes, uint8_t fill) {
  const size_t full = (size_t)(left_bytes + row_bytes + right_bytes);
  __builtin_memset(y, fill, (size_t)top * full);
  y += (size_t)top * full;
  for (ptrdiff_t r = 0; r < height; r++, x += row_bytes, y += full) {
    __builtin_memset(y, fill, (size_t)left_bytes);
    __builtin_memcpy(y + left_bytes, x, (size_t)row_bytes);
    __builtin_memset(y + left_bytes + row_bytes, fill, (size_t)right_bytes);
  }
  __builtin_memset(y, fill, (size_t)bottom * full);
}
SWL_PORTABLE_END
