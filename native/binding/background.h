#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "binding/objects.h"
#include "engine/failure.h"

namespace pcapper {

// One slow piece of work on libuv's pool, as a promise.
template <typename Result>
class Background : public Napi::AsyncWorker {
 public:
  using Work = std::function<Result()>;
  using Present = std::function<Napi::Value(Napi::Env, const Result&)>;

  static Napi::Promise Run(Napi::Env env, Work work, Present present) {
    auto worker = std::make_unique<Background>(env, std::move(work), std::move(present));
    const Napi::Promise promise = worker->deferred_.Promise();
    worker->Queue();
    // From here libuv owns it; AsyncWorker deletes itself when it is done.
    static_cast<void>(worker.release());
    return promise;
  }

  Background(Napi::Env env, Work work, Present present)
      : Napi::AsyncWorker(env), deferred_(env), work_(std::move(work)), present_(std::move(present)) {}

 private:
  // A thread of the pool.
  void Execute() override {
    try {
      result_ = work_();
    } catch (const Failure& failure) {
      reason_ = failure.reason();
      SetError(failure.what());
    }
  }
  void OnOK() override { deferred_.Resolve(present_(Env(), *result_)); }
  void OnError(const Napi::Error& error) override {
    deferred_.Reject(ToError(Env(), reason_.empty() ? "CaptureError" : reason_, error.Message()).Value());
  }

  Napi::Promise::Deferred deferred_;
  Work work_;
  Present present_;
  std::optional<Result> result_;
  std::string reason_;
};

}  // namespace pcapper
