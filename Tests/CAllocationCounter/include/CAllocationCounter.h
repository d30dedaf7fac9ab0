#pragma once
#include <stddef.h>

/// Heap allocations the calling thread has made since the process began, or -1 where they cannot be counted.
long swl_test_allocation_count(void);
