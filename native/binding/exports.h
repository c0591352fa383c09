#pragma once

#include <napi.h>

namespace pcapper {

// What JavaScript calls, on its thread; src/capture/native.ts says what each takes and gives. Those that may
// take long answer with a promise.

// capture.cc
Napi::Value StartCapture(const Napi::CallbackInfo& info);
// filter.cc
Napi::Value CompileFilterLater(const Napi::CallbackInfo& info);
Napi::Value LibpcapVersion(const Napi::CallbackInfo& info);
// interfaces.cc
Napi::Value InterfaceIndex(const Napi::CallbackInfo& info);
Napi::Value InterfacesInLater(const Napi::CallbackInfo& info);
Napi::Value TryOpenLater(const Napi::CallbackInfo& info);
// disk.cc
Napi::Value RecoverFileLater(const Napi::CallbackInfo& info);
Napi::Value TryLockFile(const Napi::CallbackInfo& info);
Napi::Value FileSystemRoom(const Napi::CallbackInfo& info);

}  // namespace pcapper
