// Plain vectors of four floats: whatever the compiler has for them on any processor.
#define TARGET
#define ISA portable
#define VL 4
#define MR 3
#define NV 4
#define PW 1
#define PNV 2
#define NPW 2
#define CV 12
#include "float_body.h"
