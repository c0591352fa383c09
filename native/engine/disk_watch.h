#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "engine/periodic_thread.h"
#include "engine/unique_fd.h"

namespace pcapper {

// What must stay free on a disk: so much, or such a part of it; 0 = nothing.
struct FreeDiskLimit {
  uint64_t bytes = 0;
  double percent = 0;
  std::string text;  // the limit as people set it: `20 GB`, `10 %`
};

// Looks every second at what the disk of a folder leaves to ordinary users, as `df` shows it. Not on the
// capture thread: some file systems take their time to answer (NFS; XFS of some kernels, while files are
// removed). And not in JavaScript, which may be busy.
class DiskWatch {
 public:
  // Throws Failure.
  DiskWatch(const std::string& folder, FreeDiskLimit limit);

  // The owner's thread. Throws Failure if there is no thread to be had.
  void Begin();
  // Any thread. Whether less is free than must be, by the last look that was answered.
  bool is_short() const { return short_by_ > 0; }
  // Any thread. For people: what is free, and what must be.
  std::string Shortage() const;

 private:
  void Look();

  const UniqueFd folder_;
  const FreeDiskLimit limit_;
  std::atomic<uint64_t> floor_{0};     // bytes that must stay free
  std::atomic<uint64_t> short_by_{0};  // bytes; it stays at the first shortage
  PeriodicThread thread_{"pcapper-disk", std::chrono::seconds(1), [this] { Look(); }};
};

}  // namespace pcapper
