#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

#include "engine/failure.h"

namespace pcapper {

// Page-aligned memory from the kernel, given back when it goes.
class AlignedBuffer {
 public:
  explicit AlignedBuffer(size_t bytes)
      : bytes_(bytes),
        data_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (data_ == MAP_FAILED) throw Failure("NotEnoughMemory", "no memory for the write buffer");
  }
  ~AlignedBuffer() { munmap(data_, bytes_); }
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;

  uint8_t* data() const { return static_cast<uint8_t*>(data_); }
  size_t size() const { return bytes_; }

 private:
  size_t bytes_;
  void* data_;
};

}  // namespace pcapper
