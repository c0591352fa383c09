#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace pcapper {

// Does one job again and again on a thread of its own: a question whose answer may take long, in which
// whoever needs it must go on.
class PeriodicThread {
 public:
  PeriodicThread(const char* name, std::chrono::seconds interval, std::function<void()> job);
  ~PeriodicThread() { End(); }
  PeriodicThread(const PeriodicThread&) = delete;
  PeriodicThread& operator=(const PeriodicThread&) = delete;

  // The owner's thread. The job is done for the first time an interval later. Throws Failure if there is no
  // thread to be had.
  void Begin();
  // The owner's thread. Waits for a job that is under way.
  void End();

 private:
  void Run();

  const char* const name_;
  const std::chrono::seconds interval_;
  const std::function<void()> job_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace pcapper
