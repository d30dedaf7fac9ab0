#pragma once
// What this CPU can do at best, for shares of the peak: multiply-accumulates of one instruction set with nothing to
// load, and reads of a buffer with nothing to compute. Timed by the caller.
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Multiply-accumulates of one round.
#define SWL_PEAK_ROUND 768

/// Runs `rounds` rounds of the instruction set's exact s32 accumulation of 8- or 16-bit products, over 12 independent
/// accumulators, every product 1; returns the sum of the accumulators, rounds * SWL_PEAK_ROUND mod 2^32.
typedef uint32_t swl_peak_t(uint32_t rounds);

/// Reads `count` bytes, a multiple of 512 at a 64-byte boundary, `rounds` times with the widest loads; returns the XOR
/// of its 64-bit words and of `rounds`, so that no pass can be left out.
typedef uint64_t swl_read_t(const void *bytes, size_t count, uint32_t rounds);

swl_peak_t swl_peak__portable;
swl_read_t swl_read__portable;
#if defined(__x86_64__)
swl_peak_t swl_peak__avx2;
swl_read_t swl_read__avx2;
swl_peak_t swl_peak__avx512vnni;
swl_read_t swl_read__avx512;
#elif defined(__aarch64__)
swl_peak_t swl_peak__neon;
swl_peak_t swl_peak__neondot;
#endif

#ifdef __cplusplus
}
#endif
