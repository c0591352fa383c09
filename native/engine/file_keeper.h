#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/capture_folder.h"
#include "engine/captured_file.h"
#include "engine/clock.h"
#include "engine/failure.h"
#include "engine/manifest.h"
#include "engine/open_file.h"

namespace pcapper {

// What of a capture is on disk.
struct FileTotals {
  uint64_t files = 0;
  uint64_t files_removed = 0;
  uint64_t packets_removed = 0;
  uint64_t bytes_on_disk = 0;
  std::string current_file;  // path
};

// Everything slow about files, on a thread of its own: creating the next one ahead of time, syncing,
// renaming, removing the oldest, the manifest. The capture thread only hands over and takes.
class FileKeeper {
 public:
  FileKeeper(CaptureFolder folder, const FileHeader& header, Manifest manifest, uint32_t file_count);
  ~FileKeeper();

  // Capture thread. Creates manifest and first file and starts the helper thread. Throws Failure.
  OpenFile Start();
  // Capture thread. The capture begins: its manifest gets the time by both clocks, and what an earlier life
  // left beyond the ring goes.
  void Begin(int64_t start_time, int64_t monotonic_start, std::string gaps = "[]");
  // Capture thread. It could not begin: what Start() made is removed.
  void Abandon(OpenFile first);
  // Capture thread. A full file goes, the next one comes: it waits only if the disk is behind by
  // several files. Nothing = failure() says why.
  std::optional<OpenFile> Turn(OpenFile whole, const CapturedFile& what);
  // Capture thread. Waits until the oldest file has given way to file `number`, so that the ring never
  // holds more than its files, and until the blocks of at most one removed file are still taken.
  void AwaitRoomFor(uint32_t number);
  bool HasRoomFor(uint32_t number) const { return room_for_ >= number; }
  // Capture thread. `current` is in the file; sync it and publish its length, and what was counted.
  void Publish(const CapturedFile& current, const Statistics& counted);
  // Capture thread. Completes the last file and the manifest, ends the helper thread. The end may
  // become a failure on the way.
  CaptureEnd Finish(OpenFile last, const CapturedFile& what, const Statistics& counted, CaptureEnd end);

  // Any thread.
  FileTotals totals() const;
  std::optional<Failure> failure() const;
  bool failed() const { return failed_; }

 private:
  enum class Job { kFirstRoom, kTurn, kPrepareNext, kFree, kSync, kComplete, kManifest, kEnd };
  struct WholeFile {
    OpenFile file;
    CapturedFile what;
    bool has_next = false;
  };
  struct KeptFile {
    CapturedFile what;  // under the name it has
    std::optional<FileIdentity> identity;
    bool complete = false;  // synced and renamed
  };

  // Helper thread: file_keeper_thread.cc.
  void Run();
  Job AwaitJob();
  bool ManifestIsOverdue() const;
  void Do(Job job);
  // Helper thread: file_keeper_turn.cc.
  void TakeTurn();
  bool Keep(WholeFile whole);
  void Announce(uint32_t number);
  void MakeRoomFor(uint32_t number);
  void RemoveOldest();
  void RaiseRoom();
  void FreeOne();
  // Helper thread: file_keeper_completion.cc.
  void SyncCurrent();
  bool MoreToComplete() const;
  void CompleteOne();
  KeptFile* Kept(uint32_t number);
  void MarkRenamed(const CapturedFile& whole);
  void MarkComplete(const CapturedFile& whole);
  // Helper thread: file_keeper_manifest.cc.
  void PrepareNextOrRemember();
  void PrepareNext();
  void RefreshManifest();
  void WriteManifest(const Manifest& manifest);
  // Helper thread, or the capture thread when there is none.
  void SettleNames();
  void WriteFailedEnd(const CaptureEnd& end);
  Manifest Snapshot();
  // Capture thread.
  void EndHelper();
  // Any thread, the mutex held.
  void WantManifest() {
    if (manifest_wanted_at_ == 0) manifest_wanted_at_ = MonotonicNow();
  }
  // Any thread.
  void CountAsRemoved(const KeptFile& file);
  void TakeCounts(const Statistics& counted);
  void Fail(const Failure& failure);

  const CaptureFolder folder_;
  const FileHeader header_;
  const uint32_t file_count_;
  const uint32_t reserved_ahead_;  // file numbers written into the manifest ahead of their use

  // Owned by the helper thread once it runs.
  UniqueFd current_sync_;  // a descriptor of the current file, for fdatasync
  UniqueFd next_sync_;     // the same of the next one
  uint32_t next_number_;
  int64_t manifest_due_ = 0;
  std::deque<KeptFile> kept_;     // oldest first
  uint32_t never_announced_ = 0;  // number of the file that could not get its name, 0 = none

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable wake_helper_;
  std::condition_variable wake_capture_;
  Manifest manifest_;
  uint64_t kept_files_ = 0;  // sums over kept_: a report costs the same however many there are
  uint64_t kept_bytes_ = 0;
  std::string newest_kept_;        // name
  std::deque<WholeFile> turned_;   // handed over
  std::deque<WholeFile> whole_;    // to be synced and renamed
  std::deque<UniqueFd> nameless_;  // removed, their blocks to be given back
  std::optional<OpenFile> next_;
  std::optional<Failure> failure_;
  std::optional<Failure> next_failure_;  // why there is no next file
  uint32_t room_wanted_ = 0;             // the file that gets room as soon as enough blocks are free
  bool first_room_wanted_ = false;
  bool sync_wanted_ = false;
  int64_t manifest_wanted_at_ = 0;  // since when something is new, monotonic; 0 = nothing is
  bool closing_ = false;

  std::atomic<uint32_t> room_for_{1};
  std::atomic<bool> failed_{false};
  std::thread helper_;
};

}  // namespace pcapper
