#pragma once
// Leaf microkernels: pointers, strides and counts only; no tensors, graphs or allocation.
#include "swl_float.h"
#include "swl_int8.h"
#include "swl_peak.h"
