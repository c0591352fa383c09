// What is written reaches the disk for good: syncing, and the name of a whole file.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "engine/file_keeper.h"

namespace pcapper {

void FileKeeper::SyncCurrent() {
  {
    const std::lock_guard lock(mutex_);
    sync_wanted_ = false;
    WantManifest();
  }
  if (fdatasync(current_sync_.get()) != 0) throw DiskFailure(errno, "syncing the file being written");
  // What came through the page cache is on disk now: the node may have the memory back.
  posix_fadvise(current_sync_.get(), 0, 0, POSIX_FADV_DONTNEED);
}

void FileKeeper::CompleteOne() {
  WholeFile whole;
  {
    const std::lock_guard lock(mutex_);
    whole = std::move(whole_.front());
    whole_.pop_front();
  }
  // A file that could not be synced is kept all the same, and the capture says what went wrong.
  if (fdatasync(whole.file.buffered.get()) != 0) Fail(DiskFailure(errno, "syncing " + whole.file.name));
  posix_fadvise(whole.file.buffered.get(), 0, 0, POSIX_FADV_DONTNEED);
  // Its failure is known by now.
  if (whole.what.number == never_announced_) return;
  folder_.Complete(whole.file);
  // It has that name from here on, whatever becomes of the sync.
  MarkRenamed(whole.what);
  // Where more files wait, the last of them syncs the folder for all.
  if (!MoreToComplete()) folder_.Sync();
  MarkComplete(whole.what);
  wake_capture_.notify_all();
}

bool FileKeeper::MoreToComplete() const {
  const std::lock_guard lock(mutex_);
  return !whole_.empty();
}

// From the newest on: a ring may keep 99,999 files, and those that are not whole yet are the last of them.
FileKeeper::KeptFile* FileKeeper::Kept(uint32_t number) {
  for (auto file = kept_.rbegin(); file != kept_.rend() && file->what.number >= number; ++file) {
    if (file->what.number == number) return &*file;
  }
  return nullptr;
}

void FileKeeper::MarkRenamed(const CapturedFile& whole) {
  if (KeptFile* file = Kept(whole.number)) file->what.name = whole.name;
  const std::lock_guard lock(mutex_);
  newest_kept_ = kept_.back().what.name;
}

void FileKeeper::MarkComplete(const CapturedFile& whole) {
  if (KeptFile* file = Kept(whole.number)) file->complete = true;
  const std::lock_guard lock(mutex_);
  WantManifest();
}

// At the end: where a file could not be renamed, what is at its place now? One that somebody took away
// counts as removed, so that packets = in the files listed + removed.
void FileKeeper::SettleNames() {
  const std::lock_guard lock(mutex_);
  std::erase_if(kept_, [this](const KeptFile& file) {
    const bool there = file.complete || (file.identity && folder_.IsNamed(*file.identity, file.what.name));
    if (!there) CountAsRemoved(file);
    return !there;
  });
  newest_kept_ = kept_.empty() ? "" : kept_.back().what.name;
}

}  // namespace pcapper
