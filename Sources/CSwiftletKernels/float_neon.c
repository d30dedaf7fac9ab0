#if defined(__aarch64__)
#define TARGET
#define ISA neon
#define VL 4
#define MR 6
#define NV 4
#define PW 1
#define PNV 4
#define NPW 4
#define CV 24
#include "float_body.h"
#endif
