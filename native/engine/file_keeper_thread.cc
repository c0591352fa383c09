// The helper thread: which job comes next.
#include <algorithm>
#include <chrono>

#include "engine/clock.h"
#include "engine/file_keeper.h"

namespace pcapper {
namespace {

// A disk that is behind leaves no idle moment: a manifest that waited for one so long waits no more.
constexpr int64_t kOverdue = 2 * kNanosecondsPerSecond;

}  // namespace

void FileKeeper::EndHelper() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_helper_.notify_all();
  if (helper_.joinable()) helper_.join();
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
    if (ManifestIsOverdue() && !closing_) return Job::kManifest;
    if (!nameless_.empty()) return Job::kFree;
    if (sync_wanted_ && !closing_) return Job::kSync;
    if (!whole_.empty()) return Job::kComplete;
    if (closing_) return Job::kEnd;
    if (manifest_wanted_at_ == 0) {
      wake_helper_.wait(lock);
      continue;
    }
    const int64_t wait = manifest_due_ - MonotonicNow();
    if (wait <= 0) return Job::kManifest;
    wake_helper_.wait_for(lock, std::chrono::nanoseconds(wait));
  }
}

// The mutex is held.
bool FileKeeper::ManifestIsOverdue() const {
  return manifest_wanted_at_ > 0 && MonotonicNow() - std::max(manifest_due_, manifest_wanted_at_) > kOverdue;
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

void FileKeeper::Fail(const Failure& failure) {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = failure;
    failed_ = true;
  }
  wake_capture_.notify_all();
}

}  // namespace pcapper
