#include <sys/statvfs.h>

#include <cerrno>
#include <memory>
#include <optional>

#include "binding/background.h"
#include "binding/capture_options.h"
#include "binding/exports.h"
#include "binding/objects.h"
#include "engine/clock.h"
#include "engine/failure.h"
#include "engine/file_lock.h"
#include "engine/recovery.h"

namespace pcapper {

Napi::Value RecoverFileLater(const Napi::CallbackInfo& info) {
  const std::string path = info[0].ToString();
  CapturedFile known;
  if (info[1].IsObject()) known = ToCapturedFile(Options(info[1]));
  return Background<RecoveredFile>::Run(
      info.Env(), [path, known] { return RecoverFile(path, known); },
      [](Napi::Env env, const RecoveredFile& recovered) -> Napi::Value {
        Napi::Object object = Napi::Object::New(env);
        object.Set("packets", static_cast<double>(recovered.what.packets));
        object.Set("bytes", static_cast<double>(recovered.what.bytes));
        object.Set("cutBytes", static_cast<double>(recovered.cut_bytes));
        object.Set("firstTimestamp", FormatTime(recovered.what.first_timestamp));
        object.Set("lastTimestamp", FormatTime(recovered.what.last_timestamp));
        return object;
      });
}

Napi::Value TryLockFile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  try {
    std::optional<UniqueFd> taken = TryLock(info[0].ToString());
    if (!taken) return env.Null();
    const auto lock = std::make_shared<UniqueFd>(*std::move(taken));
    Napi::Object object = Napi::Object::New(env);
    object.Set("release", Napi::Function::New(env, [lock](const Napi::CallbackInfo&) { lock->Close(); }));
    return object;
  } catch (const Failure& failure) {
    throw ToError(env, failure.reason(), failure.what());
  }
}

Napi::Value FileSystemRoom(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string path = info[0].ToString();
  struct statvfs room {};
  if (statvfs(path.c_str(), &room) != 0) {
    throw ToError(env, "WriteError", "asking for the room at " + path + ": " + ErrorText(errno));
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("free", static_cast<double>(room.f_bavail) * static_cast<double>(room.f_frsize));
  object.Set("size", static_cast<double>(room.f_blocks) * static_cast<double>(room.f_frsize));
  // A file system without a fixed number of inodes (btrfs) reports none at all.
  object.Set("freeInodes", room.f_files == 0 ? 9007199254740991.0 : static_cast<double>(room.f_favail));
  return object;
}

}  // namespace pcapper
