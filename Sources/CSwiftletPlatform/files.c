#define _GNU_SOURCE
#include "file_result.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

swl_file_result swl_file_describe(int descriptor, size_t limit, size_t *byte_count) {
  struct stat status;
  *byte_count = 0;
  if (fstat(descriptor, &status) != 0) return failure(errno);
  if (S_ISDIR(status.st_mode)) return failure(EISDIR);
  if (!S_ISREG(status.st_mode)) return success();
  if ((uint64_t)status.st_size > limit) return (swl_file_result){SWL_FILE_TOO_LARGE, EFBIG};
  *byte_count = (size_t)status.st_size;
  return success();
}

swl_file_result swl_file_open(const char *path, size_t limit, int *descriptor, size_t *byte_count) {
  *descriptor = -1;
  *byte_count = 0;
  int opened;
  do opened = open(path, O_RDONLY | O_CLOEXEC);
  while (opened < 0 && errno == EINTR);
  if (opened < 0) return failure(errno);
  swl_file_result result = swl_file_describe(opened, limit, byte_count);
  if (result.reason != SWL_FILE_OK) {
    close(opened);
    return result;
  }
  *descriptor = opened;
  return result;
}

swl_file_result swl_file_read(int descriptor, uint8_t *buffer, size_t capacity, size_t *count) {
  ssize_t got;
  do got = read(descriptor, buffer, capacity < ((size_t)1 << 30) ? capacity : (size_t)1 << 30);
  while (got < 0 && errno == EINTR);
  *count = got > 0 ? (size_t)got : 0;
  return got < 0 ? failure(errno) : success();
}

void swl_file_close(int descriptor) { close(descriptor); }

bool swl_file_exists(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0;
}

int swl_write(int descriptor, const uint8_t *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(descriptor, bytes, count < ((size_t)1 << 30) ? count : (size_t)1 << 30);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes += written;
    count -= (size_t)written;
  }
  return 0;
}

bool swl_is_terminal(int descriptor) { return isatty(descriptor) == 1; }

/// Gives `temporary` the name `path`, failing with EEXIST if something has it.
static int rename_without_replacing(const char *temporary, const char *path) {
#if defined(__linux__) && defined(RENAME_NOREPLACE)
  if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
#endif
  if (link(temporary, path) == 0) {
    unlink(temporary);
    return 0;
  }
  if (errno == EEXIST) return EEXIST;
  // A file system without hard links: take the name exclusively, then put the file over it.
  int placeholder = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (placeholder < 0) return errno;
  close(placeholder);
  if (rename(temporary, path) == 0) return 0;
  int error = errno;
  unlink(path);
  return error;
}

/// The folder a file is in, to be freed; null where memory is out.
static char *folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/// Makes the rename itself durable. Best effort: some file systems refuse to sync a folder.
static void sync_folder(const char *path) {
  char *folder = folder_of(path);
  if (folder == NULL) return;
  int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  free(folder);
  if (descriptor < 0) return;
  (void)fsync(descriptor);
  close(descriptor);
}

static swl_file_result write_directly(const char *path, const uint8_t *bytes, size_t count) {
  int descriptor = open(path, O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return failure(errno);
  int error = swl_write(descriptor, bytes, count);
  if (close(descriptor) != 0 && error == 0) error = errno;
  return error == 0 ? success() : failure(error);
}

/// Opens a new file beside `path`; `name` (of `capacity` bytes) gets its name.
static int open_temporary(const char *path, char *name, size_t capacity, int *descriptor) {
  for (unsigned attempt = 0; attempt < 1000; attempt++) {
    snprintf(name, capacity, "%s.tmp-%ld-%u", path, (long)getpid(), attempt);
    *descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (*descriptor >= 0) return 0;
    if (errno != EEXIST && errno != EINTR) return errno;
  }
  return EEXIST;
}

/// Opens a file of no name in the folder of `path`, which vanishes with the process unless it gets one; -1 where the
/// system or the file system has no such files.
static int open_nameless(const char *path) {
#if defined(__linux__) && defined(O_TMPFILE)
  if (access("/proc/self/fd", X_OK) != 0) return -1;
  char *folder = folder_of(path);
  if (folder == NULL) return -1;
  int descriptor = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  free(folder);
  return descriptor;
#else
  (void)path;
  return -1;
#endif
}

/// Gives a nameless file the name `path`: through a name beside it, in `temporary`, where something is replaced.
static int name_file(int descriptor, const char *path, char *temporary, size_t capacity, bool replace) {
#if defined(__linux__)
  char source[40];
  snprintf(source, sizeof source, "/proc/self/fd/%d", descriptor);
  if (!replace) return linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
  for (unsigned attempt = 0; attempt < 1000; attempt++) {
    snprintf(temporary, capacity, "%s.tmp-%ld-%u", path, (long)getpid(), attempt);
    if (linkat(AT_FDCWD, source, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) == 0) {
      if (rename(temporary, path) == 0) return 0;
      int error = errno;
      unlink(temporary);
      return error;
    }
    if (errno != EEXIST) return errno;
  }
#else
  (void)descriptor, (void)path, (void)temporary, (void)capacity, (void)replace;
#endif
  return EEXIST;
}

/// Writes all bytes, takes over the mode of the file to be replaced, and syncs.
static int fill(int descriptor, const uint8_t *bytes, size_t count, const struct stat *existing) {
  int error = swl_write(descriptor, bytes, count);
  if (error == 0 && existing != NULL) (void)fchmod(descriptor, existing->st_mode & 07777);
  if (error == 0 && fsync(descriptor) != 0 && errno != EINVAL) error = errno;
  return error;
}

/// Writes to a file without a name, then names it; ENOTSUP where the system has no such files.
static int write_nameless(
    const char *path, const uint8_t *bytes, size_t count, bool replace, const struct stat *existing, char *temporary,
    size_t capacity) {
  int descriptor = open_nameless(path);
  if (descriptor < 0) return ENOTSUP;
  int error = fill(descriptor, bytes, count, existing);
  if (error == 0) error = name_file(descriptor, path, temporary, capacity, replace);
  // Synced: closing loses nothing.
  close(descriptor);
  return error;
}

/// Writes under a temporary name, then renames.
static int write_named(
    const char *path, const uint8_t *bytes, size_t count, bool replace, const struct stat *existing, char *temporary,
    size_t capacity) {
  int descriptor = -1;
  int error = open_temporary(path, temporary, capacity, &descriptor);
  if (error != 0) return error;
  error = fill(descriptor, bytes, count, existing);
  if (close(descriptor) != 0 && error == 0) error = errno;
  if (error == 0) {
    if (!replace) error = rename_without_replacing(temporary, path);
    else if (rename(temporary, path) != 0) error = errno;
  }
  if (error != 0) unlink(temporary);
  return error;
}

static swl_file_result write_beside(
    const char *path, const uint8_t *bytes, size_t count, bool replace, const struct stat *existing) {
  size_t capacity = strlen(path) + 48;
  char *temporary = malloc(capacity);
  if (temporary == NULL) return failure(ENOMEM);
  int error = write_nameless(path, bytes, count, replace, existing, temporary, capacity);
  // Some file systems have nameless files but give them no name.
  if (error != 0 && error != EEXIST && error != ENOSPC)
    error = write_named(path, bytes, count, replace, existing, temporary, capacity);
  free(temporary);
  if (error == 0) sync_folder(path);
  if (error == ENOENT) return (swl_file_result){SWL_FILE_FOLDER_MISSING, error};
  return error == 0 ? success() : failure(error);
}

swl_file_result swl_file_write(const char *path, const uint8_t *bytes, size_t count, bool replace) {
  if (path[0] == 0) return (swl_file_result){SWL_FILE_BAD_NAME, ENOENT};
  struct stat status;
  if (stat(path, &status) != 0) {
    if (errno != ENOENT) return failure(errno);
    // A dangling link has a name but no file: refuse it like a file, or replace it.
    if (!replace && lstat(path, &status) == 0) return failure(EEXIST);
    return write_beside(path, bytes, count, replace, NULL);
  }
  if (S_ISDIR(status.st_mode)) return failure(EISDIR);
  if (!S_ISREG(status.st_mode)) return write_directly(path, bytes, count);
  if (!replace) return failure(EEXIST);
  // Through a link, the file it names is replaced, not the link.
  char *target = realpath(path, NULL);
  if (target == NULL) return failure(errno);
  swl_file_result result = write_beside(target, bytes, count, true, &status);
  free(target);
  return result;
}
