// The addon's way in. Only the files of this folder include napi.h: they turn JavaScript values into the
// engine's plain data and back. Everything here runs on the JavaScript thread unless it says otherwise.
#include <napi.h>

#include "binding/environment.h"
#include "binding/exports.h"

namespace pcapper {
namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  BeginEnvironment(env);
  exports.Set("startCapture", Napi::Function::New(env, StartCapture));
  exports.Set("tryOpen", Napi::Function::New(env, TryOpenLater));
  exports.Set("compileFilter", Napi::Function::New(env, CompileFilterLater));
  exports.Set("recoverFile", Napi::Function::New(env, RecoverFileLater));
  exports.Set("tryLock", Napi::Function::New(env, TryLockFile));
  exports.Set("fileSystemRoom", Napi::Function::New(env, FileSystemRoom));
  exports.Set("interfaceIndex", Napi::Function::New(env, InterfaceIndex));
  exports.Set("interfacesIn", Napi::Function::New(env, InterfacesInLater));
  exports.Set("libpcapVersion", Napi::Function::New(env, LibpcapVersion));
  return exports;
}

NODE_API_MODULE(pcapper, Init)

}  // namespace
}  // namespace pcapper
