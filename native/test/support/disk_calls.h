#pragma once

#include <cstdint>

namespace pcapper::test {

// While it lives, syncing a folder fails with EIO, as on a disk that breaks.
class BrokenFolderSync {
 public:
  BrokenFolderSync();
  ~BrokenFolderSync();
  BrokenFolderSync(const BrokenFolderSync&) = delete;
  BrokenFolderSync& operator=(const BrokenFolderSync&) = delete;
};

// While it lives, syncing a file takes this long at least, as on a busy disk.
class SlowFileSync {
 public:
  explicit SlowFileSync(uint32_t milliseconds);
  ~SlowFileSync();
  SlowFileSync(const SlowFileSync&) = delete;
  SlowFileSync& operator=(const SlowFileSync&) = delete;
};

}  // namespace pcapper::test
