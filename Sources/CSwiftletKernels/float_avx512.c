#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define ISA avx512
#define VL 16
#define MR 12
#define NV 2
#define PW 3
#define PNV 2
#define NPW 6
#define CV 24
#include "float_body.h"
#endif
