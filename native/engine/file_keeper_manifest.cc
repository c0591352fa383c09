// The manifest, and the next file, which may not exist before the manifest covers its number.
#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "engine/clock.h"
#include "engine/file_keeper.h"

namespace pcapper {
namespace {

// The manifest is rewritten at most this often, and never for more than a twentieth of the time.
constexpr int64_t kManifestInterval = 500 * kNanosecondsPerMillisecond;
constexpr int64_t kManifestShare = 20;
// A manifest that could not be written is tried again after this long.
constexpr int64_t kRetryInterval = kNanosecondsPerSecond;

}  // namespace

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
    wider.reserved_through += reserved_ahead_;
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
    WantManifest();
    throw;
  }
  const int64_t now = MonotonicNow();
  manifest_due_ = now + std::max(kManifestInterval, kManifestShare * (now - started));
}

// A running capture lists whole files; a finished one lists all, so that nothing is unaccounted for.
Manifest FileKeeper::Snapshot() {
  Manifest copy;
  {
    const std::lock_guard lock(mutex_);
    manifest_wanted_at_ = 0;
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
