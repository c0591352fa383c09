#include "engine/periodic_thread.h"

#include <utility>

#include "engine/background_thread.h"

namespace pcapper {

PeriodicThread::PeriodicThread(const char* name, std::chrono::seconds interval, std::function<void()> job)
    : name_(name), interval_(interval), job_(std::move(job)) {}

void PeriodicThread::Begin() {
  thread_ = StartBackgroundThread(name_, [this] { Run(); });
}

void PeriodicThread::End() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PeriodicThread::Run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval_, [this] { return over_; })) {
    lock.unlock();
    job_();
    lock.lock();
  }
}

}  // namespace pcapper
