#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "engine/link_request.h"

namespace pcapper {

// Asks every ten seconds what an interface lost, on a thread of its own: the answer may take seconds,
// in which the ring and the files must go on.
class LossPoll {
 public:
  explicit LossPoll(int index) : request_(index) {}
  ~LossPoll() { End(); }
  LossPoll(const LossPoll&) = delete;
  LossPoll& operator=(const LossPoll&) = delete;

  // The owner's thread. Throws Failure if there is no thread to be had.
  void Begin();
  // The owner's thread. Waits for a question that is under way.
  void End();
  // Any thread: the last answer.
  uint64_t lost() const { return lost_; }

 private:
  void Run();

  const LinkRequest request_;
  std::atomic<uint64_t> lost_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace pcapper
