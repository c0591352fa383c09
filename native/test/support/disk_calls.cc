#include "test/support/disk_calls.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace {

std::atomic<bool> folder_sync_broken{false};
std::atomic<uint32_t> file_sync_milliseconds{0};

bool IsFolder(int fd) {
  struct stat about {};
  return fstat(fd, &about) == 0 && S_ISDIR(about.st_mode);
}

}  // namespace

// The program's own functions of these names come before libc's.
extern "C" int fsync(int fd) {
  if (folder_sync_broken && IsFolder(fd)) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(syscall(SYS_fsync, fd));
}

extern "C" int fdatasync(int fd) {
  if (const uint32_t slow = file_sync_milliseconds; slow > 0) usleep(slow * 1000);
  return static_cast<int>(syscall(SYS_fdatasync, fd));
}

namespace pcapper::test {

BrokenFolderSync::BrokenFolderSync() { folder_sync_broken = true; }
BrokenFolderSync::~BrokenFolderSync() { folder_sync_broken = false; }

SlowFileSync::SlowFileSync(uint32_t milliseconds) { file_sync_milliseconds = milliseconds; }
SlowFileSync::~SlowFileSync() { file_sync_milliseconds = 0; }

}  // namespace pcapper::test
