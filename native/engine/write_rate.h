#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/clock.h"

namespace pcapper {

// Spreads writes over time: after n bytes the next write may start n / rate later, with up to one
// second of credit saved while idle. Pure arithmetic over a clock the caller reads.
class WriteRate {
 public:
  explicit WriteRate(uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  // Nanoseconds to wait before the next write; 0 = go on.
  int64_t Delay(int64_t now) const {
    return bytes_per_second_ == 0 ? 0 : std::max<int64_t>(0, free_at_ - now);
  }

  void Wrote(uint64_t bytes, int64_t now) {
    if (bytes_per_second_ == 0) return;
    const int64_t earliest = now - kNanosecondsPerSecond;
    const auto cost = static_cast<int64_t>(static_cast<double>(bytes) * kNanosecondsPerSecond /
                                           static_cast<double>(bytes_per_second_));
    free_at_ = std::max(free_at_, earliest) + cost;
  }

 private:
  uint64_t bytes_per_second_;
  int64_t free_at_ = 0;
};

}  // namespace pcapper
