// The manifest in a capture's folder, and the blocks that are kept for the last one.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "engine/capture_folder.h"
#include "engine/exclusive_rename.h"
#include "engine/failure.h"
#include "engine/write_text.h"

namespace pcapper {

void CaptureFolder::ReserveManifest(size_t bytes) const {
  const std::string name = "." + prefix_ + ".json.reserve";
  UniqueFd file(
      openat(folder_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!file) throw DiskFailure(errno, "creating " + name);
  try {
    WriteText(file.get(), std::string(bytes, ' '), name);
    if (fdatasync(file.get()) != 0) throw DiskFailure(errno, "syncing " + name);
  } catch (const Failure&) {
    RemoveReserve();
    throw;
  }
}

void CaptureFolder::WriteSynced(const std::string& name, int flags, const std::string& text) const {
  UniqueFd file(openat(folder_.get(), name.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags, kFileMode));
  if (!file) throw DiskFailure(errno, "creating " + name);
  WriteText(file.get(), text, name);
  if (ftruncate(file.get(), static_cast<off_t>(text.size())) != 0 || fdatasync(file.get()) != 0) {
    throw DiskFailure(errno, "syncing " + name);
  }
}

void CaptureFolder::ReplaceManifest(const std::string& from) const {
  const std::string to = prefix_ + ".json";
  if (renameat(folder_.get(), from.c_str(), folder_.get(), to.c_str()) != 0) {
    throw DiskFailure(errno, "replacing " + to);
  }
}

void CaptureFolder::CreateManifest(const std::string& text) const {
  const std::string temporary = "." + prefix_ + ".json.tmp";
  try {
    WriteSynced(temporary, O_CREAT | O_TRUNC, text);
    ExclusiveRename(folder_.get(), temporary, prefix_ + ".json");
  } catch (const Failure&) {
    unlinkat(folder_.get(), temporary.c_str(), 0);
    throw;
  }
}

void CaptureFolder::WriteManifest(const std::string& text) const {
  const std::string temporary = "." + prefix_ + ".json.tmp";
  try {
    WriteSynced(temporary, O_CREAT | O_TRUNC, text);
    ReplaceManifest(temporary);
  } catch (const Failure&) {
    unlinkat(folder_.get(), temporary.c_str(), 0);
    throw;
  }
}

void CaptureFolder::WriteLastManifest(const std::string& text) const {
  try {
    WriteManifest(text);
  } catch (const Failure& failure) {
    if (failure.reason() != "DiskFull") throw;
    const std::string reserve = "." + prefix_ + ".json.reserve";
    WriteSynced(reserve, 0, text);
    ReplaceManifest(reserve);
  }
}

void CaptureFolder::RemoveReserve() const {
  unlinkat(folder_.get(), ("." + prefix_ + ".json.reserve").c_str(), 0);
}

void CaptureFolder::RemoveManifest() const { unlinkat(folder_.get(), (prefix_ + ".json").c_str(), 0); }

}  // namespace pcapper
