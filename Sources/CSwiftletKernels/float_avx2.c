#if defined(__x86_64__)
#define TARGET __attribute__((target("avx2,fma")))
#define ISA avx2
#define VL 8
#define MR 6
#define NV 2
#define PW 1
#define PNV 2
#define NPW 2
#define CV 12
#include "float_body.h"
#endif
