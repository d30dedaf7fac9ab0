#include "swl_int8.h"

#if defined(__x86_64__)
#include <cpuid.h>

static uint64_t enabled_state(void) {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

uint32_t swl_cpu_features(void) {
  uint32_t a, b, c, d, features = 0;
  // OSXSAVE and AVX: the operating system saves the wide registers this CPU has.
  __cpuid(0, a, b, c, d);
  if (a < 7) return 0;
  __cpuid(1, a, b, c, d);
  if ((c >> 27 & 3) != 3) return 0;
  const uint64_t state = enabled_state();
  if ((state & 0x6) != 0x6) return 0;
  __cpuid_count(7, 0, a, b, c, d);
  if (b >> 5 & 1) features |= SWL_CPU_AVX2;
  const uint32_t f_dq_bw_vl = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
  if ((state & 0xE6) == 0xE6 && (b & f_dq_bw_vl) == f_dq_bw_vl && (c >> 11 & 1)) features |= SWL_CPU_AVX512VNNI;
  return features;
}
#elif defined(__aarch64__)
#if defined(__linux__)
unsigned long getauxval(unsigned long type);
#endif

uint32_t swl_cpu_features(void) {
#if defined(__ARM_FEATURE_DOTPROD) || defined(__APPLE__)
  return SWL_CPU_NEON | SWL_CPU_NEONDOT;
#elif defined(__linux__)
  // AT_HWCAP, HWCAP_ASIMDDP
  return SWL_CPU_NEON | (getauxval(16) >> 20 & 1 ? SWL_CPU_NEONDOT : 0);
#else
  return SWL_CPU_NEON;
#endif
}
#else
uint32_t swl_cpu_features(void) { return 0; }
#endif
