#pragma once

#include <napi.h>

#include <string>

#include "engine/capture.h"
#include "engine/manifest.h"
#include "engine/network_namespace.h"

namespace pcapper {

// The engine's plain data as JavaScript has it: src/capture/native.ts names every field.
Napi::Object ToObject(Napi::Env env, const OpenedInterface& interface);
Napi::Object ToObject(Napi::Env env, const NamespaceInterface& interface);
Napi::Object ToObject(Napi::Env env, const CaptureReport& report);

// `reason` becomes its code.
Napi::Error ToError(Napi::Env env, const std::string& reason, const std::string& message);

}  // namespace pcapper
