#include "binding/capture_options.h"
#include "binding/exports.h"
#include "binding/objects.h"
#include "binding/running_capture.h"

namespace pcapper {

Napi::Value StartCapture(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[1].IsFunction()) throw Napi::TypeError::New(env, "onChange must be a function");
  const Options options(info[0]);
  const auto running = RunningCapture::Start(env, ToCaptureOptions(options), options.Flag("suspendAtExit"),
                                             info[1].As<Napi::Function>());
  Napi::Object object = Napi::Object::New(env);
  object.Set("stop", Napi::Function::New(env, [running](const Napi::CallbackInfo& call) {
               running->Stop(call[0].ToString(), call[1].ToString());
             }));
  object.Set("suspend",
             Napi::Function::New(env, [running](const Napi::CallbackInfo&) { running->Suspend(); }));
  object.Set("report", Napi::Function::New(env, [running](const Napi::CallbackInfo& call) -> Napi::Value {
               return ToObject(call.Env(), running->Report());
             }));
  return object;
}

}  // namespace pcapper
