#pragma once

#include <cstdint>

namespace pcapper {

// Counters of one capture; packets = in the files there are + packets_removed.
struct Statistics {
  uint64_t packets = 0;
  uint64_t bytes = 0;  // captured lengths, without headers
  uint64_t files = 0;
  uint64_t files_removed = 0;
  uint64_t packets_removed = 0;
  uint64_t dropped_by_kernel = 0;
  uint64_t dropped_by_interface = 0;
  uint64_t dropped_on_write = 0;

  uint64_t dropped() const { return dropped_by_kernel + dropped_by_interface + dropped_on_write; }
};

}  // namespace pcapper
