// What the file functions return.
#pragma once

#include "CSwiftletPlatform.h"

#include <errno.h>

static inline swl_file_result success(void) { return (swl_file_result){SWL_FILE_OK, 0}; }

static inline swl_file_result failure(int error) {
  int32_t reason = SWL_FILE_OTHER;
  switch (error) {
    case ENOENT: reason = SWL_FILE_MISSING; break;
    case EISDIR: reason = SWL_FILE_DIRECTORY; break;
    case EACCES: case EPERM: case EROFS: reason = SWL_FILE_PERMISSION; break;
    case EEXIST: reason = SWL_FILE_EXISTS; break;
    case ENOSPC: case EDQUOT: case EFBIG: reason = SWL_FILE_NO_SPACE; break;
    case ENOTDIR: case ENAMETOOLONG: case ELOOP: reason = SWL_FILE_BAD_NAME; break;
  }
  return (swl_file_result){reason, error};
}
