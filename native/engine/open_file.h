#pragma once

#include <cstddef>
#include <string>

#include "engine/unique_fd.h"

namespace pcapper {

// A capture file just created: two descriptors of one file. `direct` takes whole aligned blocks past
// the page cache; it is empty where the file system refuses O_DIRECT. `buffered` takes the tail.
struct OpenFile {
  std::string name;  // without folder, without `.part`
  uint32_t number = 0;
  UniqueFd direct;
  UniqueFd buffered;
};

// Offsets, lengths and addresses of direct writes are multiples of this: 4 KiB satisfies disks with
// 512-byte and with 4 KiB sectors.
constexpr size_t kBlockBytes = 4096;

}  // namespace pcapper
