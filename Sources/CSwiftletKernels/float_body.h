// The float microkernels, written once over a vector of VL floats. Each float_<isa>.c defines TARGET, ISA, VL and the
// register block, then includes this file. Clang contracts `a * b + c` to a fused multiply-add where TARGET has one.
//
// MR: rows of a block; NV: vectors of columns of a block; PW: 2x2 pool windows of a block of PNV vectors, NPW of a block
// of one; CV: vectors of `combine`.
#include <stdint.h>

#include "swl_float.h"

#define JOIN2(a, b) a##__##b
#define JOIN(a, b) JOIN2(a, b)
#define NAME(x) JOIN(x, ISA)
#define INLINE static inline __attribute__((always_inline)) TARGET
#define UNROLL _Pragma("clang loop unroll(full)")
#define ROLLED _Pragma("clang loop unroll(disable)")
// Block heights, tallest first: few instantiations keep the code small. MR is 12, 6 or 3.
#define HEIGHTS(n, F) \
  switch (n) { \
    case 1: F(1); break; case 2: F(2); break; case 3: F(3); break; case 4: F(4); break; \
    case 5: F(5); break; case 8: F(8); break; default: F(MR); break; \
  }
INLINE long height(long left) {
  // Two blocks of like height beat a tall one and a short one, whose few sums wait for each other.
  if (MR == 6 && (left == 7 || left == 8)) return 4;
  if (left >= MR) return MR;
  if (MR > 8 && left >= 8) return 8;
  return MR > 5 && left > 5 ? 5 : left;
}

typedef float vf __attribute__((ext_vector_type(VL)));
typedef int32_t vi __attribute__((ext_vector_type(VL)));
typedef uint8_t vb __attribute__((ext_vector_type(VL)));

INLINE vf load(const float *p) { vf v; __builtin_memcpy(&v, p, sizeof v); return v; }
INLINE void store(float *p, vf v) { __builtin_memcpy(p, &v, sizeof v); }
INLINE vf splat(float x) { return (vf)x; }
// Written so that NaN stays NaN: a poisoned weight must reach the loss instead of hiding behind a ReLU.
INLINE vf clamp(vf v, vf low, vf high) { v = v < low ? low : v; return v > high ? high : v; }

// Copies count < VL elements in a few pieces of fixed size: a memcpy of variable size would be a call.
INLINE void copy_lanes(void *to, const void *from, long count, const long size) {
  char *t = to;
  const char *f = from;
  UNROLL for (long piece = VL / 2; piece > 0; piece /= 2) {
    if (count & piece) {
      __builtin_memcpy(t, f, piece * size);
      t += piece * size;
      f += piece * size;
    }
  }
}

INLINE void store_columns(float *out, vf v, long columns, int accumulate) {
  if (columns >= VL) {
    store(out, accumulate ? load(out) + v : v);
  } else {
    float lanes[VL];
    store(lanes, v);
    if (accumulate) {
      for (long c = 0; c < columns; c++) out[c] += lanes[c];
    } else {
      copy_lanes(out, lanes, columns, sizeof(float));
    }
  }
}

#include "float_igemm.h"
#include "float_convpool.h"
#include "float_winograd.h"
#include "float_winners.h"
#include "float_outer.h"
#include "float_combine.h"
#include "float_depthwise.h"
#include "float_elementwise.h"
#include "float_quantize.h"
#include "float_warp.h"
#include "float_table.h"
