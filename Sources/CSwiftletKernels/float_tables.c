#include "swl_float.h"

extern const swl_float_table *swl_float_table__portable(void);
const swl_float_table *swl_float_portable(void) { return swl_float_table__portable(); }

#if defined(__x86_64__)
extern const swl_float_table *swl_float_table__avx2(void);
extern const swl_float_table *swl_float_table__avx512(void);
const swl_float_table *swl_float_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? swl_float_table__avx2() : 0;
}
const swl_float_table *swl_float_avx512(void) {
  return swl_float_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
          && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
      ? swl_float_table__avx512()
      : 0;
}
const swl_float_table *swl_float_neon(void) { return 0; }
#else
const swl_float_table *swl_float_avx2(void) { return 0; }
const swl_float_table *swl_float_avx512(void) { return 0; }
#if defined(__aarch64__)
extern const swl_float_table *swl_float_table__neon(void);
const swl_float_table *swl_float_neon(void) { return swl_float_table__neon(); }
#else
const swl_float_table *swl_float_neon(void) { return 0; }
#endif
#endif
