#include "binding/objects.h"

#include "engine/clock.h"

namespace pcapper {
namespace {

double ToMilliseconds(int64_t nanoseconds) {
  return static_cast<double>(nanoseconds / kNanosecondsPerMillisecond);
}

Napi::Object ToObject(Napi::Env env, const Statistics& counted) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* name, uint64_t value) { object.Set(name, static_cast<double>(value)); };
  set("packets", counted.packets);
  set("bytes", counted.bytes);
  set("files", counted.files);
  set("filesRemoved", counted.files_removed);
  set("packetsRemoved", counted.packets_removed);
  set("droppedByKernel", counted.dropped_by_kernel);
  set("droppedByInterface", counted.dropped_by_interface);
  set("droppedOnWrite", counted.dropped_on_write);
  return object;
}

const char* ToWord(CaptureState state) {
  switch (state) {
    case CaptureState::kOpening:
      return "opening";
    case CaptureState::kRunning:
      return "running";
    case CaptureState::kClosing:
      return "closing";
    case CaptureState::kEnded:
      return "ended";
  }
  return "ended";
}

}  // namespace

Napi::Error ToError(Napi::Env env, const std::string& reason, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, reason));
  return error;
}

Napi::Object ToObject(Napi::Env env, const OpenedInterface& interface) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", interface.name);
  object.Set("index", interface.index);
  object.Set("linkType", interface.link_type);
  return object;
}

Napi::Object ToObject(Napi::Env env, const NamespaceInterface& interface) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", interface.name);
  object.Set("index", interface.index);
  object.Set("up", interface.up);
  object.Set("loopback", interface.loopback);
  Napi::Array addresses = Napi::Array::New(env);
  for (const std::string& address : interface.addresses) addresses.Set(addresses.Length(), address);
  object.Set("addresses", addresses);
  return object;
}

Napi::Object ToObject(Napi::Env env, const CaptureReport& report) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("state", ToWord(report.state));
  if (report.interface) object.Set("interface", ToObject(env, *report.interface));
  Napi::Array warnings = Napi::Array::New(env);
  for (const std::string& warning : report.warnings) warnings.Set(warnings.Length(), warning);
  object.Set("warnings", warnings);
  object.Set("statistics", ToObject(env, report.statistics));
  object.Set("currentFile", report.current_file);
  object.Set("bytesOnDisk", static_cast<double>(report.bytes_on_disk));
  object.Set("startTime", ToMilliseconds(report.start_time));
  // Up: a gap must not be told to have ended before it did.
  object.Set("resumedTime", ToMilliseconds(report.resumed_time + kNanosecondsPerMillisecond - 1));
  object.Set("endTime", ToMilliseconds(report.end_time));
  if (report.end) {
    Napi::Object end = Napi::Object::New(env);
    end.Set("reason", report.end->reason);
    end.Set("message", report.end->message);
    object.Set("end", end);
  }
  return object;
}

}  // namespace pcapper
