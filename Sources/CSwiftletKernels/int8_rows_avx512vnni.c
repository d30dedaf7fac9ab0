#include "int8_common.h"

#if defined(__x86_64__)
#define ISA __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define NAME(kernel) kernel##__avx512vnni
#define BYTES 64
#define NO_DEPTHWISE
SWL_SMALL_BEGIN
#include "int8_rows_body.h"
SWL_SMALL_END
#endif
