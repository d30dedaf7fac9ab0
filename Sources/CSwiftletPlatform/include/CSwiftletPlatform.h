// What Embedded Swift lacks and the lean modules need: environment, arguments, aligned memory,
// file bytes, a clock and threads. Nothing here knows tensors or models.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Process

/// The value of an environment variable, or NULL when it is not set.
const char *swl_getenv(const char *name);

/// The number of program arguments, the program's own name included.
int swl_argument_count(void);

/// Argument `index` (0 is the program's name), or NULL past the end. Valid until exit.
const char *swl_argument(int index);

/// Ends the process at once, running exit handlers.
void swl_exit(int code) __attribute__((noreturn));

/// Nanoseconds on a clock that never steps back; only differences mean anything.
uint64_t swl_clock_ns(void);

/// The number of CPUs this process may run on, at least 1.
int swl_cpu_count(void);

// MARK: Memory

/// Uninitialised memory aligned to `alignment` (a power of two, at least sizeof(void *)).
/// NULL when there is none left. Zero bytes give a valid pointer.
void *swl_aligned_alloc(size_t alignment, size_t byte_count);

/// Frees what `swl_aligned_alloc` gave; NULL is ignored.
void swl_aligned_free(void *pointer);

/// Lets the allocator keep up to a few megabytes of freed memory rather than hand it back to the system page by page:
/// for a short-lived process, whose start-up time is page faults. Does nothing where the allocator has no such setting.
void swl_keep_freed_memory(void);

/// Lets the system provide `byte_count` bytes of the allocator's memory at once, which will soon be needed, rather than
/// page by page as they are touched. Follows `swl_keep_freed_memory`; changes nothing but time.
void swl_expect_memory(size_t byte_count);

// MARK: Files

/// Why a file operation failed. The values are stable.
enum {
  SWL_FILE_OK = 0,
  SWL_FILE_MISSING = 1,         ///< no file of that name
  SWL_FILE_DIRECTORY = 2,       ///< the name is a directory's
  SWL_FILE_PERMISSION = 3,      ///< not allowed, or a read-only file system
  SWL_FILE_TOO_LARGE = 4,       ///< more bytes than the stated limit
  SWL_FILE_EXISTS = 5,          ///< the output exists and is not to be replaced
  SWL_FILE_NO_SPACE = 6,        ///< disk full, quota or file-size limit reached
  SWL_FILE_FOLDER_MISSING = 7,  ///< the folder to write into does not exist
  SWL_FILE_BAD_NAME = 8,        ///< empty, too long, or a component is not a directory
  SWL_FILE_OTHER = 9,           ///< see error_number
};

/// The outcome of a file operation: one of the values above, and the system's errno.
typedef struct {
  int32_t reason;
  int32_t error_number;
} swl_file_result;

/// Opens a file for reading.
///
/// `*byte_count` gets a regular file's length, or 0 for a pipe or device, whose length is unknown.
/// A directory, and a regular file above `limit` bytes, are refused.
swl_file_result swl_file_open(const char *path, size_t limit, int *descriptor, size_t *byte_count);

/// As `swl_file_open`, for an already open descriptor such as standard input (0).
swl_file_result swl_file_describe(int descriptor, size_t limit, size_t *byte_count);

/// Reads up to `capacity` bytes; `*count` is 0 only at the end of the file.
swl_file_result swl_file_read(int descriptor, uint8_t *buffer, size_t capacity, size_t *count);

void swl_file_close(int descriptor);

/// Whether anything (a dangling link included) has this name.
bool swl_file_exists(const char *path);

/// What a name stands for, links followed.
enum {
  SWL_KIND_NONE = 0,    ///< nothing, a dangling link, or not to be looked at
  SWL_KIND_FILE = 1,    ///< a regular file
  SWL_KIND_FOLDER = 2,  ///< a directory
  SWL_KIND_OTHER = 3,   ///< a pipe, device or socket
};

/// One of the values above.
int32_t swl_file_kind(const char *path);

/// Calls `visit` with each name in a folder but "." and "..", in no order, and its kind.
swl_file_result swl_folder_list(
    const char *path, void *context, void (*visit)(void *context, const char *name, int32_t kind));

/// Removes a file.
swl_file_result swl_file_remove(const char *path);

/// Writes a whole file or nothing: to a file without a name where the system has those, else to a
/// temporary name in the same folder; synced, then named.
///
/// A temporary is removed on any failure. Unless `replace`, an existing file is refused, also
/// when it appears while the bytes are written. A replaced file keeps its permission bits, and
/// a link keeps pointing to the file that is replaced. A device or pipe is written directly.
swl_file_result swl_file_write(const char *path, const uint8_t *bytes, size_t count, bool replace);

/// Writes all bytes to an open descriptor (1 or 2); returns 0 or errno.
int swl_write(int descriptor, const uint8_t *bytes, size_t count);

/// Whether the descriptor is a terminal.
bool swl_is_terminal(int descriptor);

// MARK: Threads

/// A fixed set of threads that sleep between runs.
typedef struct swl_pool swl_pool_t;

/// Starts `threads - 1` threads (the caller of `swl_pool_run` is the other one); 1...1024.
/// NULL when the threads or their memory cannot be had.
swl_pool_t *swl_pool_create(int threads);

/// The number of workers, the calling thread included.
int swl_pool_threads(const swl_pool_t *pool);

/// Calls `body(context, index, worker)` once for each index in 0..<count and returns when all
/// have. `worker` is in 0..<threads, the calling thread being 0; no two calls at one time share it.
/// Allocates nothing. Not reentrant: one run at a time, and none from inside `body`.
void swl_pool_run(
    swl_pool_t *pool, size_t count, void (*body)(void *context, size_t index, size_t worker),
    void *context);

/// Stops the threads and frees the pool; NULL is ignored.
void swl_pool_destroy(swl_pool_t *pool);

#ifdef __cplusplus
}
#endif
