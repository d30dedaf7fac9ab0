#define _GNU_SOURCE
#include "fuzz_driver.h"

#include <time.h>

int LLVMFuzzerRunDriver(int *count, char ***arguments, swl_fuzz_input input);

// The sanitizer's, <sanitizer/allocator_interface.h>.
int __sanitizer_install_malloc_and_free_hooks(
    void (*malloc_hook)(const volatile void *, size_t), void (*free_hook)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *p);

static _Thread_local long live, peak, start;
static _Thread_local uint64_t began;

static void on_malloc(const volatile void *block, size_t count) {
  (void)block;
  live += (long)count;
  if (live > peak) peak = live;
}

static void on_free(const volatile void *block) {
  if (block) live -= (long)__sanitizer_get_allocated_size(block);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void swl_fuzz_begin(void) {
  start = peak = live;
  began = now();
}

size_t swl_fuzz_peak_bytes(void) { return (size_t)(peak - start); }

uint64_t swl_fuzz_nanoseconds(void) { return now() - began; }

int swl_fuzz_run(int count, char **arguments, swl_fuzz_input input) {
  __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
  return LLVMFuzzerRunDriver(&count, &arguments, input);
}
