#include "int8_common.h"

#if defined(__aarch64__)
#define ISA
#define NAME(kernel) kernel##__neon
#define BYTES 16
#include "int8_rows_body.h"
#endif
