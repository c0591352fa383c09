// The start: manifest, first file and helper thread are all there, or nothing is left.
#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "engine/background_thread.h"
#include "engine/file_keeper.h"

namespace pcapper {
namespace {

// An upper bound of the last manifest's size: 220 bytes an entry beside the name.
size_t ReserveBytes(const Manifest& manifest, const std::string& prefix, uint32_t file_count) {
  const size_t entries = (prefix.size() + 240) * (static_cast<size_t>(file_count) + 1);
  return 4096 + manifest.head.size() + manifest.gaps.size() + entries;
}

// Each reservation writes the whole manifest, while the next file waits for it: the more files it lists, the
// more numbers it has to last for.
uint32_t ReservedAhead(uint32_t file_count) { return std::max<uint32_t>(64, file_count / 16); }

}  // namespace

FileKeeper::FileKeeper(CaptureFolder folder, const FileHeader& header, Manifest manifest, uint32_t file_count)
    : folder_(std::move(folder)),
      header_(header),
      file_count_(file_count),
      reserved_ahead_(ReservedAhead(file_count)),
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

OpenFile FileKeeper::Start() {
  folder_.ReserveManifest(ReserveBytes(manifest_, folder_.prefix(), file_count_));
  std::optional<OpenFile> first;
  bool has_manifest = false;
  // A thread may fail to start as well: whatever it was, nothing is left.
  try {
    manifest_.reserved_through = next_number_ - 1 + reserved_ahead_;
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

void FileKeeper::Begin(int64_t start_time, int64_t monotonic_start, std::string gaps) {
  {
    const std::lock_guard lock(mutex_);
    manifest_.start_time = start_time;
    manifest_.monotonic_start = monotonic_start;
    manifest_.gaps = std::move(gaps);
    WantManifest();
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

}  // namespace pcapper
