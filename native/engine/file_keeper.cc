#include "engine/file_keeper.h"

#include <utility>

namespace pcapper {
namespace {

// Whole files that may wait for the disk before the capture thread does.
constexpr size_t kMaxBacklog = 32;

}  // namespace

FileKeeper::~FileKeeper() { EndHelper(); }

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
    // Nothing of it is in the file yet, which may not even have its name: only the counts are new.
    const bool written = current.bytes > 0;
    if (written) manifest_.current = current;
    if (written) manifest_.current->name += ".part";
    TakeCounts(counted);
    sync_wanted_ = sync_wanted_ || written;
    WantManifest();
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
    end = {.reason = failure.reason(), .message = failure.what(), .time = end.time};
    WriteFailedEnd(end);
    folder_.RemoveReserve();
  }
  return end;
}

// It may have been written and only not synced, with the end as it should have been; and what fails once need
// not fail twice.
void FileKeeper::WriteFailedEnd(const CaptureEnd& end) {
  manifest_.captured_through = 0;
  manifest_.finished = end;
  try {
    folder_.WriteLastManifest(ToJson(Snapshot()));
  } catch (const Failure&) {
    // Whoever repairs the files writes it.
  }
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

}  // namespace pcapper
