#include "int8_common.h"

#if defined(__x86_64__)
#define ISA __attribute__((target("avx2")))
#define NAME(kernel) kernel##__avx2
#define BYTES 32
SWL_SMALL_BEGIN
#include "int8_rows_body.h"
SWL_SMALL_END
#endif
