#include "engine/exclusive_rename.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>

#include "engine/failure.h"

namespace pcapper {

void ExclusiveRename(int folder, const std::string& from, const std::string& to) {
  if (renameat2(folder, from.c_str(), folder, to.c_str(), RENAME_NOREPLACE) == 0) return;
  // EINVAL: a file system without that flag (NFS); a link refuses an existing name as well.
  if (errno == EINVAL && linkat(folder, from.c_str(), folder, to.c_str(), 0) == 0 &&
      unlinkat(folder, from.c_str(), 0) == 0) {
    return;
  }
  throw DiskFailure(errno, "renaming " + from + " to " + to);
}

}  // namespace pcapper
