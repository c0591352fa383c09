#pragma once

#include <napi.h>

#include <memory>
#include <mutex>
#include <string>

#include "engine/capture.h"

namespace pcapper {

// A capture and its way back to JavaScript: a queue of one call, and the call reads the newest report,
// so nothing grows while JavaScript is busy. The JavaScript thread, unless it says otherwise.
class RunningCapture : public std::enable_shared_from_this<RunningCapture> {
 public:
  // Throws Napi::Error where there is no thread or descriptor left.
  static std::shared_ptr<RunningCapture> Start(Napi::Env env, CaptureOptions options, bool suspend_at_exit,
                                               const Napi::Function& on_change);

  void Stop(const std::string& reason, const std::string& message);
  void Suspend();
  // The process, or the environment, goes: with it the capture ends, or it is left to the next process.
  void EndWithEnvironment();
  CaptureReport Report() const { return capture_ ? capture_->Report() : last_; }

  // From now on JavaScript hears nothing more: its loop is gone, and the queue may not be touched.
  void Silence();

  // Waits for the threads: at once after `ended`, for the time of a clean close before.
  void Close();

 private:
  // The engine's threads. Once the queue answers that it closes, it may be gone at the next call.
  void Notify();

  static void LetGo(Napi::Env, void*, RunningCapture* self) { self->until_finalized_.reset(); }
  static void OnQueue(Napi::Env env, Napi::Function on_change, RunningCapture* self, void*);

  using Queue = Napi::TypedThreadSafeFunction<RunningCapture, void, OnQueue>;

  std::mutex queue_mutex_;
  Queue queue_;
  bool queue_open_ = true;
  std::shared_ptr<RunningCapture> until_finalized_;
  std::unique_ptr<Capture> capture_;
  bool suspend_at_exit_ = false;
  CaptureReport last_;
};

}  // namespace pcapper
