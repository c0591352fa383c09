#include "engine/file_keeper.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "engine/background_thread.h"
#include "engine/clock.h"

namespace pcapper {
namespace {

// File numbers written into the manifest ahead of their use.
constexpr uint32_t kReservedAhead = 64;
// Whole files that may wait for the disk before the capture thread does.
constexpr size_t kMaxBacklog = 32;
// The manifest is rewritten at most this often, and never for more than a twentieth of the time.
constexpr int64_t kManifestInterval = 500 * kNanosecondsPerMillisecond;
constexpr int64_t kManifestShare = 20;
// Removed files whose blocks may still be taken while the next one is written: giving them back takes
// long for a large file, and the capture thread must not wait for it at every turn.
constexpr size_t kMaxNameless = 1;
// A manifest that could not be written is tried again after this long.
constexpr int64_t kRetryInterval = kNanosecondsPerSecond;

// An upper bound of the last manifest's size: 220 bytes an entry beside the name.
size_t ReserveBytes(const Manifest& manifest, const std::string& prefix, uint32_t file_count) {
  const size_t entries = (prefix.size() + 240) * (static_cast<size_t>(file_count) + 1);
  return 4096 + manifest.head.size() + manifest.gaps.size() + entries;
}

}  // namespace

FileKeeper::FileKeeper(CaptureFolder folder, const FileHeader& header, Manifest manifest, uint32_t file_count,
                       std::function<void()> on_change)
    : folder_(std::move(folder)),
      header_(header),
      file_count_(file_count),
      on_change_(std::move(on_change)),
      next_number_(manifest.first_number),
      manifest_(std::move(manifest)) {
  for (CapturedFile& file : manifest_.files) {
    kept_files_++;
    kept_bytes_ += file.bytes;
    newest_kept_ = file.name;
    kept_.push_back({.what = file, .identity = folder_.IdentityOf(file.name), .complete = true});
  }
  manifest_.files.clear();
}

FileKeeper::~FileKeeper() { EndHelper(); }

void FileKeeper::EndHelper() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_helper_.notify_all();
  if (helper_.joinable()) helper_.join();
}

OpenFile FileKeeper::Start() {
  folder_.ReserveManifest(ReserveBytes(manifest_, folder_.prefix(), file_count_));
  std::optional<OpenFile> first;
  bool has_manifest = false;
  // A thread may fail to start as well: whatever it was, nothing is left.
  try {
    manifest_.reserved_through = next_number_ - 1 + kReservedAhead;
    if (manifest_.first_number > 1) {
      folder_.WriteManifest(ToJson(Snapshot()));
    } else {
      folder_.CreateManifest(ToJson(Snapshot()));
      has_manifest = true;
    }
    first = folder_.Create(next_number_++, header_);
    folder_.Announce(first->number);
    folder_.Sync();
    current_sync_ = UniqueFd(fcntl(first->buffered.get(), F_DUPFD_CLOEXEC, 0));
    manifest_.current =
        CapturedFile{.name = first->name + ".part", .number = first->number, .bytes = kFileHeaderBytes};
    // An earlier life may have left the ring full: nothing of it goes before this one has begun.
    if (kept_.size() < file_count_) room_for_ = first->number;
    helper_ = StartBackgroundThread("pcapper-files", [this] { Run(); });
  } catch (...) {
    if (first) folder_.Discard(*first);
    if (has_manifest) folder_.RemoveManifest();
    folder_.RemoveReserve();
    throw;
  }
  return *std::move(first);
}

void FileKeeper::Begin(int64_t start_time, std::string gaps) {
  {
    const std::lock_guard lock(mutex_);
    manifest_.start_time = start_time;
    manifest_.gaps = std::move(gaps);
    manifest_wanted_ = true;
    first_room_wanted_ = true;
  }
  wake_helper_.notify_one();
}

void FileKeeper::Abandon(OpenFile first) {
  EndHelper();
  folder_.Discard(first);
  // The manifest of an earlier life stays: its files do.
  if (manifest_.first_number == 1) folder_.RemoveManifest();
  folder_.RemoveReserve();
}

std::optional<OpenFile> FileKeeper::Turn(OpenFile whole, const CapturedFile& what) {
  std::unique_lock lock(mutex_);
  if (next_failure_) {
    // That was when it was tried ahead of time; it counts only if there is no way now either.
    next_failure_.reset();
    wake_helper_.notify_one();
  }
  wake_capture_.wait(lock, [this] {
    return failure_ || next_failure_ ||
           (next_ && turned_.size() + whole_.size() + nameless_.size() < kMaxBacklog);
  });
  std::optional<OpenFile> next;
  if (!failure_ && !next_) {
    failure_ = next_failure_;
    failed_ = true;
  }
  if (!failure_) next = std::exchange(next_, std::nullopt);
  turned_.push_back({std::move(whole), what, next.has_value()});
  lock.unlock();
  wake_helper_.notify_one();
  return next;
}

void FileKeeper::AwaitRoomFor(uint32_t number) {
  if (HasRoomFor(number)) return;
  std::unique_lock lock(mutex_);
  wake_capture_.wait(lock, [&] { return failure_ || HasRoomFor(number); });
}

void FileKeeper::Publish(const CapturedFile& current, const Statistics& counted) {
  {
    const std::lock_guard lock(mutex_);
    manifest_.current = current;
    manifest_.current->name += ".part";
    TakeCounts(counted);
    sync_wanted_ = true;
  }
  wake_helper_.notify_one();
}

CaptureEnd FileKeeper::Finish(OpenFile last, const CapturedFile& what, const Statistics& counted,
                              CaptureEnd end) {
  {
    const std::lock_guard lock(mutex_);
    if (last.buffered) turned_.push_back({std::move(last), what, false});
    TakeCounts(counted);
    manifest_.current.reset();
  }
  EndHelper();
  SettleNames();
  if (failure_) end = {.reason = failure_->reason(), .message = failure_->what(), .time = end.time};
  if (end.suspended) {
    manifest_.captured_through = end.time;
  } else {
    manifest_.finished = end;
  }
  try {
    folder_.WriteLastManifest(ToJson(Snapshot()));
    folder_.RemoveReserve();
    folder_.Sync();
  } catch (const Failure& failure) {
    folder_.RemoveReserve();
    end = {.reason = failure.reason(), .message = failure.what(), .time = end.time};
  }
  return end;
}

// The capture thread counts packets and drops, this class counts files. The mutex is held.
void FileKeeper::TakeCounts(const Statistics& counted) {
  const Statistics before = manifest_.statistics;
  manifest_.statistics = counted;
  manifest_.statistics.files_removed = before.files_removed;
  manifest_.statistics.packets_removed = before.packets_removed;
}

FileTotals FileKeeper::totals() const {
  const std::lock_guard lock(mutex_);
  FileTotals totals{.files = kept_files_,
                    .files_removed = manifest_.statistics.files_removed,
                    .packets_removed = manifest_.statistics.packets_removed,
                    .bytes_on_disk = kept_bytes_,
                    .current_file = {}};
  if (manifest_.current) {
    totals.files++;
    totals.bytes_on_disk += manifest_.current->bytes;
    totals.current_file = folder_.path() + "/" + manifest_.current->name;
  } else if (!newest_kept_.empty()) {
    totals.current_file = folder_.path() + "/" + newest_kept_;
  }
  return totals;
}

std::optional<Failure> FileKeeper::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void FileKeeper::Fail(const Failure& failure) {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = failure;
    failed_ = true;
  }
  wake_capture_.notify_all();
  on_change_();
}

void FileKeeper::Run() {
  for (Job job = AwaitJob(); job != Job::kEnd; job = AwaitJob()) {
    try {
      Do(job);
    } catch (const Failure& failure) {
      Fail(failure);
    }
  }
  if (next_) folder_.Discard(*next_);
  next_.reset();
}

// The most urgent thing there is to do: first what the capture thread may come to wait for, then what
// the disk takes long for.
FileKeeper::Job FileKeeper::AwaitJob() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (first_room_wanted_) return Job::kFirstRoom;
    if (!turned_.empty()) return Job::kTurn;
    if (!next_ && !next_failure_ && !closing_ && !failure_) return Job::kPrepareNext;
    if (!nameless_.empty()) return Job::kFree;
    if (sync_wanted_ && !closing_) return Job::kSync;
    if (!whole_.empty()) return Job::kComplete;
    if (closing_) return Job::kEnd;
    if (!manifest_wanted_) {
      wake_helper_.wait(lock);
      continue;
    }
    const int64_t wait = manifest_due_ - MonotonicNow();
    if (wait <= 0) return Job::kManifest;
    wake_helper_.wait_for(lock, std::chrono::nanoseconds(wait));
  }
}

void FileKeeper::Do(Job job) {
  switch (job) {
    case Job::kTurn:
      return TakeTurn();
    case Job::kPrepareNext:
      return PrepareNextOrRemember();
    case Job::kFirstRoom:
      return MakeRoomFor(manifest_.first_number);
    case Job::kFree:
      return FreeOne();
    case Job::kSync:
      return SyncCurrent();
    case Job::kComplete:
      return CompleteOne();
    case Job::kManifest:
      return RefreshManifest();
    case Job::kEnd:
      return;
  }
}

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
  on_change_();
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
  manifest_wanted_ = true;
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

// A file that cannot be created is no failure before it is needed.
void FileKeeper::PrepareNextOrRemember() {
  try {
    PrepareNext();
  } catch (const Failure& failure) {
    {
      const std::lock_guard lock(mutex_);
      next_failure_ = failure;
    }
    wake_capture_.notify_all();
  }
}

void FileKeeper::PrepareNext() {
  if (next_number_ > manifest_.reserved_through) {
    // Raised only when it is on disk: no file may exist that the manifest does not cover.
    Manifest wider = Snapshot();
    wider.reserved_through += kReservedAhead;
    WriteManifest(wider);
    const std::lock_guard lock(mutex_);
    manifest_.reserved_through = wider.reserved_through;
  }
  OpenFile next = folder_.Create(next_number_, header_);
  next_number_++;
  next_sync_ = UniqueFd(fcntl(next.buffered.get(), F_DUPFD_CLOEXEC, 0));
  {
    const std::lock_guard lock(mutex_);
    next_ = std::move(next);
  }
  wake_capture_.notify_all();
}

void FileKeeper::SyncCurrent() {
  {
    const std::lock_guard lock(mutex_);
    sync_wanted_ = false;
    manifest_wanted_ = true;
  }
  if (fdatasync(current_sync_.get()) != 0) throw DiskFailure(errno, "syncing the file being written");
  // What came through the page cache is on disk now: the node may have the memory back.
  posix_fadvise(current_sync_.get(), 0, 0, POSIX_FADV_DONTNEED);
}

bool FileKeeper::MoreToComplete() const {
  const std::lock_guard lock(mutex_);
  return !whole_.empty();
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

void FileKeeper::MarkRenamed(const CapturedFile& whole) {
  for (KeptFile& file : kept_) {
    if (file.what.number == whole.number) file.what.name = whole.name;
  }
  const std::lock_guard lock(mutex_);
  newest_kept_ = kept_.back().what.name;
}

void FileKeeper::MarkComplete(const CapturedFile& whole) {
  for (KeptFile& file : kept_) {
    if (file.what.number == whole.number) file.complete = true;
  }
  const std::lock_guard lock(mutex_);
  manifest_wanted_ = true;
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

// A refreshed manifest that finds no room is left out: the last one has its room reserved.
void FileKeeper::RefreshManifest() {
  try {
    WriteManifest(Snapshot());
  } catch (const Failure& failure) {
    if (failure.reason() != "DiskFull") throw;
  }
}

// `manifest` is the newest Snapshot().
void FileKeeper::WriteManifest(const Manifest& manifest) {
  const int64_t started = MonotonicNow();
  manifest_due_ = started + kRetryInterval;
  try {
    folder_.WriteManifest(ToJson(manifest));
  } catch (const Failure&) {
    const std::lock_guard lock(mutex_);
    manifest_wanted_ = true;
    throw;
  }
  const int64_t now = MonotonicNow();
  manifest_due_ = now + std::max(kManifestInterval, kManifestShare * (now - started));
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

// A running capture lists whole files; a finished one lists all, so that nothing is unaccounted for.
Manifest FileKeeper::Snapshot() {
  Manifest copy;
  {
    const std::lock_guard lock(mutex_);
    manifest_wanted_ = false;
    copy = manifest_;
    copy.statistics.files = kept_files_ + (manifest_.current ? 1 : 0);
  }
  for (const KeptFile& file : kept_) {
    if (file.complete || copy.finished) copy.files.push_back(file.what);
  }
  copy.updated_time = RealtimeNow();
  return copy;
}

}  // namespace pcapper
