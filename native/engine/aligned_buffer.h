#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

#include "engine/failure.h"

namespace pcapper {

// Memory from the kernel, aligned to huge pages and asking for them: a direct write pins its pages one by
// one, and 2 pages of 2 MiB are pinned sooner than 1,024 small ones. Given back when it goes.
class AlignedBuffer {
 public:
  explicit AlignedBuffer(size_t bytes)
      : mapped_bytes_(bytes + kHugePageBytes),
        mapped_(mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (mapped_ == MAP_FAILED) throw Failure("NotEnoughMemory", "no memory for the write buffer");
    const auto start = reinterpret_cast<uintptr_t>(mapped_);
    data_ = reinterpret_cast<uint8_t*>((start + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes);
    // Where the system has none to give, small ones do.
    madvise(data_, bytes, MADV_HUGEPAGE);
  }
  ~AlignedBuffer() { munmap(mapped_, mapped_bytes_); }
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;

  uint8_t* data() const { return data_; }

 private:
  static constexpr size_t kHugePageBytes = 2u << 20;

  size_t mapped_bytes_;
  void* mapped_;
  uint8_t* data_ = nullptr;
};

}  // namespace pcapper
