#define _GNU_SOURCE
#include "CSwiftletPlatform.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#endif

const char *swl_getenv(const char *name) { return getenv(name); }

void swl_exit(int code) { exit(code); }

uint64_t swl_clock_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int swl_cpu_count(void) {
#ifdef __linux__
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    int count = CPU_COUNT(&allowed);
    if (count > 0) return count;
  }
#endif
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
}

void *swl_aligned_alloc(size_t alignment, size_t byte_count) {
  void *pointer = NULL;
  return posix_memalign(&pointer, alignment, byte_count ? byte_count : alignment) == 0 ? pointer : NULL;
}

void swl_aligned_free(void *pointer) { free(pointer); }

void swl_keep_freed_memory(void) {
#ifdef __GLIBC__
  // Above the threshold, an allocation is mapped and unmapped by itself; below the pad, the heap never shrinks.
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
  mallopt(M_TOP_PAD, 1 << 20);
#endif
}

void swl_expect_memory(size_t byte_count) {
#if defined(__GLIBC__) && defined(MADV_POPULATE_WRITE)
  // One call instead of a page fault for every 4 KB. Where the system cannot, the faults come one by one.
  enum { page = 4096 };
  uint8_t *room = malloc(byte_count);
  if (room == NULL) return;
  uintptr_t first = ((uintptr_t)room + page - 1) & ~(uintptr_t)(page - 1);
  uintptr_t end = ((uintptr_t)room + byte_count) & ~(uintptr_t)(page - 1);
  if (end > first) (void)madvise((void *)first, end - first, MADV_POPULATE_WRITE);
  free(room);
#else
  (void)byte_count;
#endif
}

static int argument_count;
static const char *const *argument_values;

#if defined(__GLIBC__) || defined(__APPLE__)
// glibc and dyld hand a constructor what main gets, so no main function of ours is needed.
__attribute__((constructor)) static void take_arguments(int count, char **values) {
  argument_count = count;
  argument_values = (const char *const *)values;
}
#else
// Elsewhere (musl) the kernel's copy is read once.
__attribute__((constructor)) static void take_arguments(void) {
  enum { capacity = 1 << 17, most = 4096 };
  static const char *values[most + 1];
  char *text = malloc(capacity + 1);
  int descriptor = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  if (!text || descriptor < 0) return;
  size_t length = 0;
  ssize_t got;
  while (length < capacity && (got = read(descriptor, text + length, capacity - length)) > 0) length += (size_t)got;
  close(descriptor);
  text[length] = 0;
  for (size_t start = 0; start < length && argument_count < most;) {
    values[argument_count++] = text + start;
    while (text[start]) start++;
    start++;
  }
  argument_values = values;
}
#endif

int swl_argument_count(void) { return argument_count; }

const char *swl_argument(int index) {
  return index >= 0 && index < argument_count ? argument_values[index] : NULL;
}
