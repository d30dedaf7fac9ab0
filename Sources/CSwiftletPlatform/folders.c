#define _GNU_SOURCE
#include "file_result.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int32_t kind_of(mode_t mode) {
  return S_ISREG(mode) ? SWL_KIND_FILE : S_ISDIR(mode) ? SWL_KIND_FOLDER : SWL_KIND_OTHER;
}

int32_t swl_file_kind(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 ? kind_of(status.st_mode) : SWL_KIND_NONE;
}

/// The kind of an entry, asking the system only where the folder does not tell.
static int32_t entry_kind(int folder, const struct dirent *entry) {
#ifdef DT_REG
  if (entry->d_type == DT_REG) return SWL_KIND_FILE;
  if (entry->d_type == DT_DIR) return SWL_KIND_FOLDER;
#endif
  struct stat status;
  return fstatat(folder, entry->d_name, &status, 0) == 0 ? kind_of(status.st_mode) : SWL_KIND_NONE;
}

swl_file_result swl_folder_list(
    const char *path, void *context, void (*visit)(void *context, const char *name, int32_t kind)) {
  DIR *folder = opendir(path);
  if (folder == NULL) return failure(errno);
  int error = 0;
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(folder);
    if (entry == NULL) {
      error = errno;
      break;
    }
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    visit(context, entry->d_name, entry_kind(dirfd(folder), entry));
  }
  closedir(folder);
  return error == 0 ? success() : failure(error);
}

swl_file_result swl_file_remove(const char *path) { return unlink(path) == 0 ? success() : failure(errno); }
