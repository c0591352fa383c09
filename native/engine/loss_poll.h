#pragma once

#include <atomic>
#include <cstdint>

#include "engine/link_request.h"
#include "engine/periodic_thread.h"

namespace pcapper {

// Asks every ten seconds what an interface lost.
class LossPoll {
 public:
  explicit LossPoll(int index) : request_(index) {}

  // The owner's thread. Throws Failure if there is no thread to be had.
  void Begin() { thread_.Begin(); }
  // The owner's thread. Waits for a question that is under way.
  void End() { thread_.End(); }
  // Any thread: the last answer.
  uint64_t lost() const { return lost_; }

 private:
  void Ask();

  const LinkRequest request_;
  std::atomic<uint64_t> lost_{0};
  PeriodicThread thread_{"pcapper-losses", std::chrono::seconds(10), [this] { Ask(); }};
};

}  // namespace pcapper
