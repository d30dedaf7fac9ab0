#include "swl_float.h"

#if defined(__x86_64__)
int swl_float_runs_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
int swl_float_runs_avx512(void) {
  return swl_float_runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#else
int swl_float_runs_avx2(void) { return 0; }
int swl_float_runs_avx512(void) { return 0; }
#endif
