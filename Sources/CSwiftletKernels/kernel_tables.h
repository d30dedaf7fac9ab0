#pragma once
// The value of an instruction set's table, from swl_kernel_list.h.
#include "swl_int8.h"

// Names are for reports, which the build for size does without.
#ifdef SWL_SMALL
#define SWL_KERNEL_NAME(function, isa) ""
#else
#define SWL_KERNEL_NAME(function, isa) #function "__" #isa
#endif
#define SWL_TABLE_ENTRY(operator, function, isa, packing, lanes, vectors) \
  .operator = {swl_##function##__##isa, SWL_KERNEL_NAME(function, isa), {SWL_PACKING_##packing, lanes, vectors}},
#define SWL_TABLE_VALUE(isa, cpu, flips) \
  {.requires = cpu, .flips_activations = flips, SWL_KERNELS_##isa(SWL_TABLE_ENTRY)}
