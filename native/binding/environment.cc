#include "binding/environment.h"

#include <mutex>

#include "binding/running_capture.h"

namespace pcapper {
namespace {

void CloseCaptures(Environment& environment) {
  for (const auto& running : environment.captures) running->EndWithEnvironment();
  for (const auto& running : environment.captures) running->Close();
  environment.captures.clear();
}

// Environments whose clean-up hook has not run. process.exit() and an uncaught exception end a process
// without the hooks of its main thread, but by exit(3), which destroys this.
class LiveEnvironments {
 public:
  void Add(Environment* environment) {
    const std::lock_guard lock(mutex_);
    environments_.insert(environment);
  }
  void Remove(Environment* environment) {
    const std::lock_guard lock(mutex_);
    environments_.erase(environment);
  }
  ~LiveEnvironments() {
    for (Environment* environment : environments_) {
      for (const auto& running : environment->captures) running->Silence();
      CloseCaptures(*environment);
    }
  }

 private:
  std::mutex mutex_;
  std::set<Environment*> environments_;
};

LiveEnvironments& Live() {
  static LiveEnvironments live;
  return live;
}

// The environment goes, by return or worker.terminate(): whole files first.
void CloseAll(Environment* environment) {
  Live().Remove(environment);
  CloseCaptures(*environment);
}

}  // namespace

void BeginEnvironment(Napi::Env env) {
  auto environment = std::make_unique<Environment>();
  Live().Add(environment.get());
  env.AddCleanupHook(CloseAll, environment.get());
  // The environment's instance data owns it and deletes it after the hooks.
  env.SetInstanceData(environment.release());
}

}  // namespace pcapper
