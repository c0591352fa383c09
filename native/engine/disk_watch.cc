#include "engine/disk_watch.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <utility>

#include "engine/byte_size.h"
#include "engine/failure.h"

namespace pcapper {

DiskWatch::DiskWatch(const std::string& folder, FreeDiskLimit limit)
    : folder_(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), limit_(std::move(limit)) {
  if (!folder_) throw DiskFailure(errno, "opening " + folder);
}

void DiskWatch::Begin() {
  if (limit_.bytes > 0 || limit_.percent > 0) thread_.Begin();
}

// A disk that cannot be asked (gone, a stale mount) is for the writer to report.
void DiskWatch::Look() {
  struct statvfs room {};
  if (is_short() || fstatvfs(folder_.get(), &room) != 0) return;
  const uint64_t free = static_cast<uint64_t>(room.f_bavail) * room.f_frsize;
  const double size = static_cast<double>(room.f_blocks) * static_cast<double>(room.f_frsize);
  const auto share = static_cast<uint64_t>(std::ceil(size * limit_.percent / 100));
  floor_ = std::max(limit_.bytes, share);
  if (free < floor_) short_by_ = floor_ - free;
}

std::string DiskWatch::Shortage() const {
  return "Only " + ByteSizeText(floor_ - short_by_) + " are free and " + ByteSizeText(floor_) +
         " must stay free (MIN_FREE_DISK is " + limit_.text + ")";
}

}  // namespace pcapper
