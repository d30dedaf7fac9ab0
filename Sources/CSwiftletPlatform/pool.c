// A thread pool for parallel loops of a few microseconds.
//
// A run publishes `remaining = count`; every thread, the caller included, claims one index by
// decrementing it. The body may be read only after a claim: a claimed index keeps its run alive,
// so a thread that wakes late finds either nothing left or a valid index of a newer run.
#define _GNU_SOURCE
#include "CSwiftletPlatform.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#ifdef __linux__
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/// About what one sleep and wake-up costs (34 us measured on a virtual machine): waiting longer
/// without sleeping would only burn power.
enum { spin_ns = 30000, line = 64, most_threads = 1024 };

struct worker {
  struct swl_pool *pool;
  size_t number;
  pthread_t thread;
};

struct swl_pool {
  // Each group of fields that different threads write has its own cache line.
  _Alignas(line) atomic_uint generation;
  atomic_uint sleepers;
  atomic_bool stopping;
  void (*body)(void *context, size_t index, size_t worker);
  void *context;
  size_t count;
  unsigned run;

  _Alignas(line) atomic_size_t remaining;
  _Alignas(line) atomic_size_t pending;
  _Alignas(line) atomic_uint finished;
  atomic_bool caller_sleeps;

  _Alignas(line) int threads;
  uint64_t spin;
#ifndef __linux__
  pthread_mutex_t mutex;
  pthread_cond_t changed;
#endif
  struct worker workers[];
};

static inline void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ volatile("yield");
#endif
}

/// Sleeps while `*word == seen`; may return early.
static void wait_on(swl_pool_t *pool, atomic_uint *word, unsigned seen) {
#ifdef __linux__
  (void)pool;
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
#else
  pthread_mutex_lock(&pool->mutex);
  while (atomic_load(word) == seen) pthread_cond_wait(&pool->changed, &pool->mutex);
  pthread_mutex_unlock(&pool->mutex);
#endif
}

static void wake(swl_pool_t *pool, atomic_uint *word, int most) {
#ifdef __linux__
  (void)pool;
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, most, NULL, NULL, 0);
#else
  (void)word, (void)most;
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_broadcast(&pool->changed);
  pthread_mutex_unlock(&pool->mutex);
#endif
}

/// Waits for `*word != seen` without sleeping, for at most the pool's spin time.
static bool spin_until_changed(const swl_pool_t *pool, atomic_uint *word, unsigned seen) {
  if (pool->spin == 0) return atomic_load_explicit(word, memory_order_acquire) != seen;
  uint64_t start = swl_clock_ns();
  do {
    for (int i = 0; i < 16; i++) {
      if (atomic_load_explicit(word, memory_order_acquire) != seen) return true;
      pause_briefly();
    }
  } while (swl_clock_ns() - start < pool->spin);
  return false;
}

/// Claims and performs indexes until none is left.
static void work(swl_pool_t *pool, size_t worker) {
  size_t remaining = atomic_load_explicit(&pool->remaining, memory_order_acquire);
  while (remaining != 0) {
    if (!atomic_compare_exchange_weak_explicit(
            &pool->remaining, &remaining, remaining - 1, memory_order_acq_rel, memory_order_acquire))
      continue;
    pool->body(pool->context, pool->count - remaining, worker);
    unsigned run = pool->run;
    if (atomic_fetch_sub_explicit(&pool->pending, 1, memory_order_acq_rel) == 1) {
      atomic_store(&pool->finished, run);
      if (atomic_load(&pool->caller_sleeps)) wake(pool, &pool->finished, 1);
    }
    remaining = atomic_load_explicit(&pool->remaining, memory_order_acquire);
  }
}

static void *worker_main(void *argument) {
  struct worker *worker = argument;
  swl_pool_t *pool = worker->pool;
  unsigned seen = 0;
  while (!atomic_load(&pool->stopping)) {
    if (!spin_until_changed(pool, &pool->generation, seen)) {
      // `sleepers` is raised before the kernel compares `generation`, and a run raises
      // `generation` before it reads `sleepers`: one of the two sees the other.
      atomic_fetch_add(&pool->sleepers, 1);
      wait_on(pool, &pool->generation, seen);
      atomic_fetch_sub(&pool->sleepers, 1);
    }
    seen = atomic_load(&pool->generation);
    work(pool, worker->number);
  }
  return NULL;
}

static void announce(swl_pool_t *pool, int most) {
  atomic_fetch_add(&pool->generation, 1);
  if (atomic_load(&pool->sleepers) != 0) wake(pool, &pool->generation, most);
}

void swl_pool_run(
    swl_pool_t *pool, size_t count, void (*body)(void *, size_t, size_t), void *context) {
  if (pool->threads == 1 || count <= 1) {
    for (size_t index = 0; index < count; index++) body(context, index, 0);
    return;
  }
  pool->body = body;
  pool->context = context;
  pool->count = count;
  unsigned before = pool->run++;
  atomic_store_explicit(&pool->pending, count, memory_order_relaxed);
  atomic_store_explicit(&pool->remaining, count, memory_order_release);
  size_t useful = count - 1 < (size_t)pool->threads - 1 ? count - 1 : (size_t)pool->threads - 1;
  announce(pool, (int)useful);
  work(pool, 0);
  while (!spin_until_changed(pool, &pool->finished, before)) {
    atomic_store(&pool->caller_sleeps, true);
    wait_on(pool, &pool->finished, before);
    atomic_store(&pool->caller_sleeps, false);
  }
}

int swl_pool_threads(const swl_pool_t *pool) { return pool->threads; }

static void stop(swl_pool_t *pool, int started) {
  atomic_store(&pool->stopping, true);
  atomic_fetch_add(&pool->generation, 1);
  wake(pool, &pool->generation, most_threads);
  for (int i = 0; i < started; i++) pthread_join(pool->workers[i].thread, NULL);
#ifndef __linux__
  pthread_cond_destroy(&pool->changed);
  pthread_mutex_destroy(&pool->mutex);
#endif
  swl_aligned_free(pool);
}

swl_pool_t *swl_pool_create(int threads) {
  if (threads < 1 || threads > most_threads) return NULL;
  size_t byte_count = sizeof(swl_pool_t) + sizeof(struct worker) * (size_t)(threads - 1);
  swl_pool_t *pool = swl_aligned_alloc(line, byte_count);
  if (pool == NULL) return NULL;
  *pool = (swl_pool_t){.threads = threads};
  // Spinning on a CPU that the other side needs would only delay it.
  pool->spin = threads <= swl_cpu_count() ? spin_ns : 0;
#ifndef __linux__
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->changed, NULL);
#endif
  // Signals such as Ctrl-C belong to the caller's threads.
  sigset_t all, previous;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &previous);
  int started = 0;
  for (; started < threads - 1; started++) {
    struct worker *worker = &pool->workers[started];
    worker->pool = pool;
    worker->number = (size_t)started + 1;
    if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0) break;
  }
  pthread_sigmask(SIG_SETMASK, &previous, NULL);
  if (started < threads - 1) {
    stop(pool, started);
    return NULL;
  }
  return pool;
}

void swl_pool_destroy(swl_pool_t *pool) {
  if (pool != NULL) stop(pool, pool->threads - 1);
}
