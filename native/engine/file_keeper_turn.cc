// The turn to the next file: the full one is counted in, the next gets its name, the oldest makes room.
#include <algorithm>
#include <utility>

#include "engine/file_keeper.h"

namespace pcapper {
namespace {

// Removed files whose blocks may still be taken while the next one is written: giving them back takes
// long for a large file, and the capture thread must not wait for it at every turn.
constexpr size_t kMaxNameless = 1;

}  // namespace

void FileKeeper::TakeTurn() {
  WholeFile whole;
  {
    const std::lock_guard lock(mutex_);
    whole = std::move(turned_.front());
    turned_.pop_front();
  }
  const bool hidden = whole.what.number == never_announced_;
  // Not even its header reached the disk, or nobody knows of it and nothing is in it.
  if (whole.what.bytes == 0 || (hidden && whole.what.packets == 0)) return folder_.Discard(whole.file);
  const uint32_t next_number = whole.what.number + 1;
  if (!Keep(std::move(whole))) return;
  Announce(next_number);
  MakeRoomFor(next_number);
}

// Counts a file in, to be made whole. Whether another follows it.
bool FileKeeper::Keep(WholeFile whole) {
  KeptFile kept{.what = whole.what, .identity = CaptureFolder::IdentityOf(whole.file), .complete = false};
  const bool hidden = kept.what.number == never_announced_;
  kept.what.name = hidden ? "." + whole.what.name + ".next" : whole.what.name + ".part";
  const bool has_next = whole.has_next;
  const std::lock_guard lock(mutex_);
  kept_files_++;
  kept_bytes_ += kept.what.bytes;
  newest_kept_ = kept.what.name;
  kept_.push_back(std::move(kept));
  if (manifest_.current && manifest_.current->number == whole.what.number) manifest_.current.reset();
  whole_.push_back(std::move(whole));
  WantManifest();
  return has_next;
}

// The next file, which the capture thread has already, gets the name of a file being written.
void FileKeeper::Announce(uint32_t number) {
  current_sync_ = std::move(next_sync_);
  never_announced_ = number;
  folder_.Announce(number);
  never_announced_ = 0;
  const std::lock_guard lock(mutex_);
  manifest_.current =
      CapturedFile{.name = folder_.FileName(number) + ".part", .number = number, .bytes = kFileHeaderBytes};
}

// File `number` is open and the newest there is: those that are too many go.
void FileKeeper::MakeRoomFor(uint32_t number) {
  {
    const std::lock_guard lock(mutex_);
    first_room_wanted_ = false;
  }
  while (kept_.size() + 1 > file_count_) RemoveOldest();
  {
    const std::lock_guard lock(mutex_);
    room_wanted_ = std::max(room_wanted_, number);
  }
  RaiseRoom();
}

// Names go at once, blocks a little later: a file is written only when they can be those of one file.
void FileKeeper::RaiseRoom() {
  {
    const std::lock_guard lock(mutex_);
    if (nameless_.size() <= kMaxNameless) room_for_ = std::max<uint32_t>(room_for_, room_wanted_);
  }
  wake_capture_.notify_all();
}

// The next file is open by now. The oldest loses its name at once, its blocks a little later. If somebody
// removed it, or put a file of his own in its place, there is nothing left to do.
void FileKeeper::RemoveOldest() {
  const KeptFile& oldest = kept_.front();
  UniqueFd blocks = oldest.identity ? folder_.Unlink(*oldest.identity, oldest.what.name) : UniqueFd();
  const std::lock_guard lock(mutex_);
  nameless_.push_back(std::move(blocks));
  std::erase_if(whole_, [&](const WholeFile& whole) { return whole.what.number == oldest.what.number; });
  CountAsRemoved(oldest);
  kept_.pop_front();
}

// The mutex is held.
void FileKeeper::CountAsRemoved(const KeptFile& file) {
  kept_files_--;
  kept_bytes_ -= file.what.bytes;
  manifest_.statistics.files_removed++;
  manifest_.statistics.packets_removed += file.what.packets;
  manifest_.removed_through = std::max(manifest_.removed_through, file.what.last_timestamp);
}

void FileKeeper::FreeOne() {
  UniqueFd blocks;
  {
    const std::lock_guard lock(mutex_);
    blocks = std::move(nameless_.front());
    nameless_.pop_front();
  }
  FreeBlocksGently(std::move(blocks));
  RaiseRoom();
}

}  // namespace pcapper
