// Counts heap allocations by standing in for the C library's functions: an executable's own definitions win.
#include "CAllocationCounter.h"

#include <errno.h>

#if defined(__has_feature)
#define IS_SANITIZED __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#else
#define IS_SANITIZED 0
#endif

#if defined(__GLIBC__) && !(IS_SANITIZED)

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Thread_local long count;

void *malloc(size_t bytes) {
  count++;
  return __libc_malloc(bytes);
}

void *calloc(size_t number, size_t bytes) {
  count++;
  return __libc_calloc(number, bytes);
}

void *realloc(void *old, size_t bytes) {
  count++;
  return __libc_realloc(old, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  count++;
  return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **result, size_t alignment, size_t bytes) {
  count++;
  *result = __libc_memalign(alignment, bytes);
  return *result ? 0 : ENOMEM;
}

long swl_test_allocation_count(void) { return count; }
#else
long swl_test_allocation_count(void) { return -1; }
#endif
