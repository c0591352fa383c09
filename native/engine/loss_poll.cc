#include "engine/loss_poll.h"

#include <chrono>

#include "engine/background_thread.h"

namespace pcapper {
namespace {

constexpr std::chrono::seconds kInterval{10};

}  // namespace

void LossPoll::Begin() {
  thread_ = StartBackgroundThread("pcapper-losses", [this] { Run(); });
}

void LossPoll::End() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void LossPoll::Run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kInterval, [this] { return over_; })) {
    lock.unlock();
    if (const auto state = request_.Ask(); state && state->exists) lost_ = state->lost;
    lock.lock();
  }
}

}  // namespace pcapper
