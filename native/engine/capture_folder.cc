#include "engine/capture_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/clock.h"
#include "engine/exclusive_rename.h"
#include "engine/failure.h"
#include "engine/write_text.h"

namespace pcapper {
namespace {

constexpr off_t kFreeStepBytes = 32 << 20;

std::string Number(uint32_t number) {
  char text[16];
  snprintf(text, sizeof text, "%05u", number);
  return text;
}

// What statx says of O_DIRECT: an alignment this engine keeps, or nothing where it is not supported.
// Kernels before 6.1 do not say; then open() and the first write decide.
bool TakesDirectWrites(int fd) {
#ifdef STATX_DIOALIGN
  struct statx about {};
  if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &about) != 0) return true;
  if ((about.stx_mask & STATX_DIOALIGN) == 0) return true;
  const uint32_t alignment = std::max(about.stx_dio_mem_align, about.stx_dio_offset_align);
  return alignment != 0 && alignment <= kBlockBytes;
#else
  return fd >= 0;
#endif
}

std::optional<FileIdentity> Identity(int folder, const char* name, int flags) {
  struct statx about {};
  if (statx(folder, name, flags, STATX_INO | STATX_BTIME, &about) != 0) return std::nullopt;
  const bool knows_birth = (about.stx_mask & STATX_BTIME) != 0;
  return FileIdentity{
      .device_major = about.stx_dev_major,
      .device_minor = about.stx_dev_minor,
      .inode = about.stx_ino,
      .born_at = knows_birth ? about.stx_btime.tv_sec * kNanosecondsPerSecond + about.stx_btime.tv_nsec : 0};
}

}  // namespace

CaptureFolder::CaptureFolder(const std::string& path, std::string prefix)
    : path_(path),
      prefix_(std::move(prefix)),
      folder_(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) {
  if (!folder_) throw DiskFailure(errno, "opening the folder " + path);
}

std::string CaptureFolder::FileName(uint32_t number) const {
  return prefix_ + "." + Number(number) + ".pcap";
}

OpenFile CaptureFolder::Create(uint32_t number, const FileHeader& header) const {
  OpenFile file{.name = FileName(number), .number = number, .direct = {}, .buffered = {}};
  const std::string hidden = "." + file.name + ".next";
  constexpr int kFlags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW;
  file.buffered = UniqueFd(openat(folder_.get(), hidden.c_str(), kFlags | O_CREAT | O_EXCL, kFileMode));
  if (!file.buffered) throw DiskFailure(errno, "creating " + file.name);
  try {
    if (TakesDirectWrites(file.buffered.get())) {
      file.direct = UniqueFd(openat(folder_.get(), hidden.c_str(), kFlags | O_DIRECT));
      if (!file.direct && errno != EINVAL) throw DiskFailure(errno, "opening " + file.name);
    }
    WriteText(file.buffered.get(), {header.begin(), header.end()}, file.name);
  } catch (const Failure&) {
    Discard(file);
    throw;
  }
  return file;
}

void CaptureFolder::Announce(uint32_t number) const {
  ExclusiveRename(folder_.get(), "." + FileName(number) + ".next", FileName(number) + ".part");
}

bool CaptureFolder::IsNamed(const OpenFile& file, const std::string& name) const {
  const std::optional<FileIdentity> held = IdentityOf(file);
  return held && IsNamed(*held, name);
}

bool CaptureFolder::IsNamed(const FileIdentity& file, const std::string& name) const {
  return Identity(folder_.get(), name.c_str(), AT_SYMLINK_NOFOLLOW) == file;
}

std::optional<FileIdentity> CaptureFolder::IdentityOf(const OpenFile& file) {
  return Identity(file.buffered.get(), "", AT_EMPTY_PATH);
}

std::optional<FileIdentity> CaptureFolder::IdentityOf(const std::string& name) const {
  return Identity(folder_.get(), name.c_str(), AT_SYMLINK_NOFOLLOW);
}

void CaptureFolder::Complete(const OpenFile& file) const {
  const std::string part = file.name + ".part";
  if (!IsNamed(file, part)) {
    throw Failure("WriteError", "renaming " + part + " to " + file.name + ": it was removed or replaced");
  }
  ExclusiveRename(folder_.get(), part, file.name);
}

void CaptureFolder::Discard(const OpenFile& file) const {
  for (const std::string& name : {"." + file.name + ".next", file.name + ".part"}) {
    if (IsNamed(file, name)) unlinkat(folder_.get(), name.c_str(), 0);
  }
}

UniqueFd CaptureFolder::Unlink(const FileIdentity& expected, const std::string& name) const {
  if (!IsNamed(expected, name)) return {};
  UniqueFd file(openat(folder_.get(), name.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (unlinkat(folder_.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
    throw DiskFailure(errno, "removing " + name);
  }
  return file;
}

void CaptureFolder::Sync() const {
  // EINVAL: a file system whose folders cannot be synced has nothing to sync.
  if (fsync(folder_.get()) != 0 && errno != EINVAL) throw DiskFailure(errno, "syncing " + path_);
}

void FreeBlocksGently(UniqueFd file) {
  struct stat about {};
  if (!file || fstat(file.get(), &about) != 0 || about.st_nlink > 0) return;
  if (about.st_size <= kFreeStepBytes) return;
  // Whoever has it open reads on to its end: a write lease is refused then (fcntl(2)), and without a name
  // nobody can open it from here on.
  if (fcntl(file.get(), F_SETLEASE, F_WRLCK) != 0) return;
  for (off_t size = about.st_size; size > 0;) {
    size = std::max<off_t>(0, size - kFreeStepBytes);
    if (ftruncate(file.get(), size) != 0) return;
  }
}

}  // namespace pcapper
