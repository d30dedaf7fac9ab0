#pragma once
// The value of an instruction set's table, from swl_kernel_list.h.
#include "swl_int8.h"

#define SWL_TABLE_ENTRY(operator, function, isa, packing, lanes, vectors) \
  .operator = {swl_##function##__##isa, #function "__" #isa, {SWL_PACKING_##packing, lanes, vectors}},
#define SWL_TABLE_VALUE(isa, cpu, flips) \
  {.requires = cpu, .flips_activations = flips, SWL_KERNELS_##isa(SWL_TABLE_ENTRY)}
