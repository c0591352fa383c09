#include "binding/running_capture.h"

#include <utility>

#include "binding/environment.h"
#include "binding/objects.h"
#include "engine/failure.h"

namespace pcapper {

std::shared_ptr<RunningCapture> RunningCapture::Start(Napi::Env env, CaptureOptions options,
                                                      bool suspend_at_exit, const Napi::Function& on_change) {
  const auto running = std::make_shared<RunningCapture>();
  running->suspend_at_exit_ = suspend_at_exit;
  running->queue_ =
      Queue::New(env, on_change, "pcapper", 1, 1, running.get(), LetGo, static_cast<void*>(nullptr));
  // The queue may deliver a last call after Close(): it keeps its context until it is finalized.
  running->until_finalized_ = running;
  // A capture does not hold the process: its owner decides how long to live.
  running->queue_.Unref(env);
  try {
    running->capture_ =
        std::make_unique<Capture>(std::move(options), [self = running.get()] { self->Notify(); });
  } catch (const Failure& failure) {
    // No thread, no descriptor left. Any exception but Napi::Error would end the process.
    running->queue_.Release();
    throw ToError(env, failure.reason(), failure.what());
  }
  env.GetInstanceData<Environment>()->captures.insert(running);
  return running;
}

void RunningCapture::Stop(const std::string& reason, const std::string& message) {
  if (capture_) capture_->Stop(reason, message);
}

void RunningCapture::Suspend() {
  if (capture_) capture_->Suspend();
}

void RunningCapture::EndWithEnvironment() {
  if (suspend_at_exit_) return Suspend();
  Stop("Interrupted", "the process ended");
}

void RunningCapture::Silence() {
  const std::lock_guard lock(queue_mutex_);
  queue_open_ = false;
}

void RunningCapture::Close() {
  if (!capture_) return;
  EndWithEnvironment();
  capture_->Join();
  last_ = capture_->Report();
  capture_.reset();
  const std::lock_guard lock(queue_mutex_);
  if (queue_open_) queue_.Release();
  queue_open_ = false;
}

void RunningCapture::Notify() {
  const std::lock_guard lock(queue_mutex_);
  if (queue_open_ && queue_.NonBlockingCall() == napi_closing) queue_open_ = false;
}

void RunningCapture::OnQueue(Napi::Env env, Napi::Function on_change, RunningCapture* self, void*) {
  // No environment: the queue is being torn down, and Close() has been here.
  if (env == nullptr || self == nullptr) return;
  // The end has been told: its own call came behind one that found it already.
  if (!self->capture_) return;
  const auto keep = self->shared_from_this();
  const CaptureReport report = self->Report();
  if (report.state == CaptureState::kEnded) {
    self->Close();
    env.GetInstanceData<Environment>()->captures.erase(keep);
  }
  try {
    on_change.Call({ToObject(env, report)});
  } catch (const Napi::Error& error) {
    // Left to Node-API 9, it would become a warning.
    napi_fatal_exception(env, error.Value());
  }
}

}  // namespace pcapper
