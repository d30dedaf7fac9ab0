#include "int8_common.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define ISA __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define NAME(kernel) kernel##__avx512vnni
#define BYTES 64
#define NO_DEPTHWISE
// Masked: what lies outside is neither read nor written.
#define FEW(count) ((1ull << (count)) - 1)
#define LOAD_FEW(type, x, count) LOAD(type, &(__m512i){_mm512_maskz_loadu_epi8(FEW(count), (x))})
#define STORE_FEW(y, value, count)                            \
  do {                                                        \
    __m512i whole = _mm512_setzero_si512();                   \
    __builtin_memcpy(&whole, &(value), sizeof(value));        \
    _mm512_mask_storeu_epi8((y), FEW(count), whole);          \
  } while (0)
SWL_SMALL_BEGIN
#include "int8_rows_body.h"
SWL_SMALL_END
#endif
