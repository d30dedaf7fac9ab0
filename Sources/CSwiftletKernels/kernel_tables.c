#include "kernel_tables.h"

#define TABLE(isa, cpu, flips)                                                            \
  const swl_kernel_table *swl_kernels__##isa(void) {                                      \
    static const swl_kernel_table table = SWL_TABLE_VALUE(isa, cpu, flips);               \
    return &table;                                                                        \
  }
SWL_TABLES(TABLE)
