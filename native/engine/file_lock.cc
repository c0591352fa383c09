#include "engine/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "engine/failure.h"

namespace pcapper {

std::optional<UniqueFd> TryLock(const std::string& path) {
  for (;;) {
    UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (!file) throw DiskFailure(errno, "opening the lock " + path);
    if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      if (errno == EINTR) continue;
      throw DiskFailure(errno, "locking " + path);
    }
    // Its last owner may have removed the file between our open and our lock: then it locks nothing.
    struct stat held {};
    struct stat named {};
    if (fstat(file.get(), &held) == 0 && stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
        held.st_dev == named.st_dev) {
      return file;
    }
  }
}

}  // namespace pcapper
